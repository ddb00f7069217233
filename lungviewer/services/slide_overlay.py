"""The picture that shows where on a slide the answer comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import ImageColor

from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.model import ModelSpec
from lungviewer.core.tissue_map import Outline
from lungviewer.exporters.calls_png import write_calls_png
from lungviewer.exporters.overlay_frame import Sample, Samples
from lungviewer.exporters.overlay_png import OverlayText
from lungviewer.services.slide_result import SlideMap
from lungviewer.services.slide_words import mm2, slide_lines


def write_slide_overlay(target: Path, slide: SlideMap, spec: ModelSpec, picture: RGB, title: str) -> None:
    """Write one PNG: the slide with what each tile was called in the colour of its class, tissue outlined,
    tiles that were refused hatched (glass is not), and the answer in words. What tiles were called is shown
    whether or not the slide has a call.

    Args:
        picture: of the whole slide, any size.

    Raises:
        OutputUnwritable: the picture cannot be written.
    """
    grid, place = slide.grid, slide.grid.cells_rect
    ratio = picture.shape[1] / slide.info.width
    colour_of = {c.id: (*ImageColor.getrgb(c.colour)[:3], 255) for c in spec.classes}
    colours = np.zeros((grid.rows, grid.columns, 4), np.uint8)
    hatched = np.zeros((grid.rows, grid.columns), bool)
    for tile in slide.tiles.values():
        cell = divmod(tile.number, grid.columns)
        if tile.predicted is None:
            hatched[cell] = True
        else:
            colours[cell] = colour_of[tile.predicted]
    pack = f"{slide.provenance.model} {slide.provenance.model_version}"
    scale = f"{grid.um_per_px:g} µm/px, stated by: {slide.info.um_per_px_source}"
    write_calls_png(
        target,
        picture,
        colours,
        Rect(place.x * ratio, place.y * ratio, place.width * ratio, place.height * ratio),
        text=OverlayText(title, (*slide_lines(slide.summary, spec), f"Model: {pack}. Scale: {scale}.")),
        legend=calls_legend(slide, spec),
        um_per_px=grid.um_per_px / ratio,
        hatched=hatched,
        outlines=outlines_on(slide, picture),
    )


def calls_legend(slide: SlideMap, spec: ModelSpec) -> Samples:
    """What the picture shows: every class with its area, and of the rest what there is."""
    areas = slide.summary.class_mm2
    samples = [Sample(f"{c.label}: {mm2(areas.get(c.id, 0.0))}", c.colour) for c in spec.classes]
    if any(not tile.is_call for tile in slide.tiles.values()):
        samples.append(Sample("Refused or unreadable", kind="hatched"))
    samples.append(Sample("Outline of the tissue", kind="outline"))
    if not slide.complete:
        samples.append(Sample("No colour inside the outline: not looked at yet", kind="clear"))
    return Samples("What each tile was called", tuple(samples))


def shown_class(slide: SlideMap, spec: ModelSpec) -> str:
    """The class that pictures of the map show: the call, else the most probable one."""
    chances = slide.summary.probabilities
    return slide.summary.predicted or max(spec.class_ids, key=lambda c: chances.get(c, 0.0))


def outlines_on(slide: SlideMap, picture: RGB) -> list[Outline]:
    """Outlines of the tissue and of the holes in it, in pixels of a picture of the whole slide."""
    ratio = picture.shape[1] / slide.info.width
    return [ring * ratio for outline, holes in slide.tissue.outlines() for ring in (outline, *holes)]
