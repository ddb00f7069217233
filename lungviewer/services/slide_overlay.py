"""The picture that shows where on a slide the answer comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.model import ModelSpec
from lungviewer.core.tissue_map import Outline
from lungviewer.exporters.overlay_png import OverlayText, write_overlay_png
from lungviewer.services.slide_result import SlideMap
from lungviewer.services.slide_words import slide_lines


def write_slide_overlay(target: Path, slide: SlideMap, spec: ModelSpec, picture: RGB, title: str) -> None:
    """Write one PNG: the slide with the probability of its class by tile, tissue outlined, tiles that were
    refused hatched (glass is not), and the answer in words.

    Args:
        picture: of the whole slide, any size.

    Raises:
        OutputUnwritable: the picture cannot be written.
    """
    shown = shown_class(slide, spec)
    heat = slide.probability[shown]
    ratio = picture.shape[1] / slide.info.width
    place = heat.rect
    hatched = np.zeros(heat.grid.shape, bool)
    for tile in slide.tiles.values():
        if not tile.is_call:
            hatched[divmod(tile.number, slide.grid.columns)] = True
    pack = f"{slide.provenance.model} {slide.provenance.model_version}"
    scale = f"{slide.grid.um_per_px:g} µm/px, stated by: {slide.info.um_per_px_source}"
    text = OverlayText(
        title=title,
        lines=(*slide_lines(slide.summary, spec), f"Model: {pack}. Scale: {scale}."),
        legend=f"Probability of {spec.class_by_id(shown).label}, by tile",
    )
    write_overlay_png(
        target,
        picture,
        heat.grid,
        heat_rect=Rect(place.x * ratio, place.y * ratio, place.width * ratio, place.height * ratio),
        text=text,
        um_per_px=slide.grid.um_per_px / ratio,
        hatched=hatched,
        outlines=outlines_on(slide, picture),
    )


def shown_class(slide: SlideMap, spec: ModelSpec) -> str:
    """The class that pictures of the map show: the call, else the most probable one."""
    chances = slide.summary.probabilities
    return slide.summary.predicted or max(spec.class_ids, key=lambda c: chances.get(c, 0.0))


def outlines_on(slide: SlideMap, picture: RGB) -> list[Outline]:
    """Outlines of the tissue and of the holes in it, in pixels of a picture of the whole slide."""
    ratio = picture.shape[1] / slide.info.width
    return [ring * ratio for outline, holes in slide.tissue.outlines() for ring in (outline, *holes)]
