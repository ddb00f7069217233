"""From the map of a slide to files that other programs read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from lungviewer.core.image import RGB, Overview
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_summary import rule_sentence
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Provenance
from lungviewer.exporters.geojson import MapRegion, is_geojson, write_geojson
from lungviewer.exporters.map_origin import MapOrigin
from lungviewer.exporters.ome_tiff import is_probability_tiff, write_probability_tiff
from lungviewer.exporters.overlay_png import is_overlay_png
from lungviewer.exporters.run_metadata import Option, RunMetadata, SlideEntry
from lungviewer.exporters.tile_csv import is_tile_csv, write_tile_csv
from lungviewer.exporters.tissue_jpg import is_tissue_jpg, write_tissue_jpg
from lungviewer.readers import opening
from lungviewer.services.classify import display_name
from lungviewer.services.export_kinds import ExportKind
from lungviewer.services.regions import slide_regions
from lungviewer.services.result_names import ready_for
from lungviewer.services.results_folder import ResultsFolder, check_results_folder, started_now
from lungviewer.services.slide_overlay import outlines_on, shown_class, write_slide_overlay
from lungviewer.services.slide_result import MapOptions, SlideMap

PICTURE_SIDE = 2000
"""Longest side in pixels of the slide on pictures."""

MOST_REGIONS = 8
_TILES_BETWEEN_CHECKS = 1000

_IS_OURS: dict[ExportKind, Callable[[Path], bool]] = {
    ExportKind.CSV: is_tile_csv,
    ExportKind.GEOJSON: is_geojson,
    ExportKind.GEOJSON_GZ: is_geojson,
    ExportKind.PROBABILITY: is_probability_tiff,
    ExportKind.MASK: is_tissue_jpg,
    ExportKind.OVERLAY: is_overlay_png,
}


def export_map(
    slide: SlideMap,
    spec: ModelSpec,
    folder: Path,
    kinds: Collection[ExportKind],
    ctx: JobContext,
    *,
    overview: Overview | None = None,
) -> tuple[str, ...]:
    """Write a map, finished or not, into a folder of results (services/results_folder.py): the kinds that are
    asked for, the slide's row in the table of slides, and what ran. `ctx.progress` gets kinds done and asked
    for.

    Args:
        spec: of the pack that made the map.
        overview: a picture of the whole slide, if one is at hand; else kinds that need one read the slide.

    Returns:
        The files of this slide, relative to `folder`.

    Raises:
        UsageError: the folder is that of the slide, or holds a table that no map wrote.
        OutputError: something cannot be written, or would replace a file that is no export.
        ImageError: the slide cannot be read any more; other kinds are written before.
        Cancelled: `ctx` asked to stop; files that were written stay.
    """
    check_results_folder(folder, [slide.info.path])
    run = run_metadata(spec, slide.provenance, slide.options, kinds)
    return export_into(ResultsFolder(folder, run), slide, spec, kinds, ctx, overview=overview)


def run_metadata(
    spec: ModelSpec, made_by: Provenance, options: MapOptions, kinds: Collection[ExportKind], **more: Option
) -> RunMetadata:
    """What is said of a run that begins now; `more`: further options of it."""
    said: Mapping[str, Option] = {
        "um_per_px": options.um_per_px,
        "overlap": options.overlap,
        "tissue_threshold": options.tissue_threshold,
        "exports": ",".join(_sorted(kinds)),
        **more,
    }
    return RunMetadata(started_now(), spec, made_by, rule_sentence(spec), said)


def export_into(
    results: ResultsFolder,
    slide: SlideMap,
    spec: ModelSpec,
    kinds: Collection[ExportKind],
    ctx: JobContext,
    *,
    overview: Overview | None = None,
) -> tuple[str, ...]:
    """As `export_map`, into a folder that a run has open already."""
    stem = results.claim(slide.info.path, _identity(slide), slide.record.path)
    written: list[str] = []
    export = _Export(slide, spec, ctx, overview)
    try:
        for done, kind in enumerate(_sorted(kinds)):
            ctx.check()
            ctx.progress(done, len(kinds))
            target = results.target(kind, stem)
            ready_for(target, _IS_OURS[kind])
            export.write(kind, target)
            written.append(target.relative_to(results.folder).as_posix())
    finally:
        results.record(slide.record, spec.class_ids, _entry(slide, stem, written))
    ctx.progress(len(kinds), len(kinds))
    return tuple(written)


class _Export:
    """Writes the files of one map; the slide is read at most once."""

    def __init__(self, slide: SlideMap, spec: ModelSpec, ctx: JobContext, overview: Overview | None) -> None:
        self._slide, self._spec, self._ctx = slide, spec, ctx
        self._picture = None if overview is None else overview.pixels

    def write(self, kind: ExportKind, target: Path) -> None:
        slide, spec = self._slide, self._spec
        if kind is ExportKind.CSV:
            write_tile_csv(target, slide.grid, self._tiles(), spec.class_ids, slide.info.offset)
        elif kind in (ExportKind.GEOJSON, ExportKind.GEOJSON_GZ):
            write_geojson(
                target,
                slide.grid,
                self._tiles(),
                spec.classes,
                _origin(slide),
                tissue=slide.tissue.outlines(),
                regions=_regions(slide, spec),
            )
        elif kind is ExportKind.PROBABILITY:
            write_probability_tiff(target, slide.probability, slide.grid, spec.classes, _origin(slide))
        elif kind is ExportKind.MASK:
            picture = self._shown()
            write_tissue_jpg(target, picture, outlines_on(slide, picture))
        else:
            write_slide_overlay(target, slide, spec, self._shown(), _origin(slide).name)

    def _tiles(self) -> Iterator[SlideTile]:
        for count, number in enumerate(sorted(self._slide.tiles)):
            if count % _TILES_BETWEEN_CHECKS == 0:
                self._ctx.check()
            yield self._slide.tiles[number]

    def _shown(self) -> RGB:
        if self._picture is None:
            info, own_scale = self._slide.info, self._slide.options.um_per_px
            source = opening.open_slide(info.path, own_scale, colour_managed=True)
            with contextlib.closing(source):
                self._picture = source.overview(PICTURE_SIDE).pixels
        return self._picture


def _sorted(kinds: Collection[ExportKind]) -> list[ExportKind]:
    """In one order, pictures last: they need the slide."""
    return [kind for kind in ExportKind if kind in kinds]


def _origin(slide: SlideMap) -> MapOrigin:
    return MapOrigin(
        name=_printable(display_name(Path(slide.info.path.name))),
        identity=_identity(slide),
        um_per_px=slide.grid.um_per_px,
        um_per_px_source=slide.info.um_per_px_source,
        offset=slide.info.offset,
        provenance=slide.provenance,
    )


def _identity(slide: SlideMap) -> str:
    """Not every slide can be recognised by its content: then by its row and its size."""
    return slide.info.identity or f"{slide.record.path} {slide.info.width}x{slide.info.height}"


def _printable(name: str) -> str:
    """With escapes for characters that cannot stand in XML or on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _regions(slide: SlideMap, spec: ModelSpec) -> list[MapRegion]:
    shown = shown_class(slide, spec)
    found = []
    for rank, region in enumerate(slide_regions(slide, shown, spec, MOST_REGIONS), start=1):
        class_id = region.called or shown
        name = f"Region {rank}: {spec.class_by_id(class_id).label}"
        found.append(MapRegion(region.rect, name, class_id, region.share))
    return found


def _entry(slide: SlideMap, stem: str, files: list[str]) -> SlideEntry:
    return SlideEntry(
        name=slide.record.path,
        results=stem,
        identity=_identity(slide),
        status=slide.summary.status.value,
        reason="; ".join(slide.summary.reasons),
        predicted_class=slide.summary.predicted or "",
        width_px=slide.info.width,
        height_px=slide.info.height,
        um_per_px=slide.grid.um_per_px,
        um_per_px_source=slide.info.um_per_px_source,
        offset=slide.info.offset,
        tile_px=slide.grid.side,
        step_px=slide.grid.step,
        tissue_threshold=slide.tissue.threshold,
        complete=slide.complete,
        files=tuple(files),
    )
