"""From the map of a slide to files that other programs read."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lungviewer.core.errors import ImageError, OutputError, OutputUnwritable
from lungviewer.core.image import RGB, Overview
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_summary import rule_sentence
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Provenance
from lungviewer.exporters.geojson import MapRegion, write_geojson
from lungviewer.exporters.map_origin import MapOrigin
from lungviewer.exporters.ome_tiff import write_probability_tiff
from lungviewer.exporters.run_metadata import Option, RunMetadata, SlideEntry
from lungviewer.exporters.tile_csv import write_tile_csv
from lungviewer.exporters.tissue_jpg import write_tissue_jpg
from lungviewer.readers import opening
from lungviewer.services.classify import display_name
from lungviewer.services.export_kinds import ExportKind
from lungviewer.services.regions import slide_regions
from lungviewer.services.result_marks import is_result
from lungviewer.services.result_names import nothing_can_be_written, ready_for
from lungviewer.services.results_folder import ResultsFolder, check_results_folder, started_now
from lungviewer.services.slide_overlay import outlines_on, shown_class, write_slide_overlay
from lungviewer.services.slide_result import MapOptions, SlideMap

PICTURE_SIDE = 2000
"""Longest side in pixels of the slide on pictures."""

MOST_REGIONS = 8
_TILES_BETWEEN_CHECKS = 1000


@dataclass(frozen=True, slots=True)
class Exported:
    """The `files` of a slide that were written, relative to the folder, and why others were not."""

    files: tuple[str, ...]
    failure: ImageError | OutputError | None = None


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
        ImageError: the slide cannot be read any more. After either, what could be written is.
        Cancelled: `ctx` asked to stop; files that were written stay.
    """
    check_results_folder(folder, [slide.info.path])
    run = run_metadata(spec, slide.provenance, slide.options, kinds)
    exported = export_into(ResultsFolder(folder, run), slide, spec, kinds, ctx, overview=overview)
    if exported.failure is not None:
        raise exported.failure
    return exported.files


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
) -> Exported:
    """As `export_map`, into a folder that a run has open already. One kind that cannot be written does not
    keep the others from it. Files of another map of the slide (`ResultsFolder.contradicted`) do not stay
    beside new ones.

    Raises:
        OutputError: nothing at all can be written there, or what was cannot be recorded.
        Cancelled: see `export_map`.
    """
    stem = results.claim(slide.info.path, slide.info.identity, slide.record.path)
    written: list[str] = []
    failures: dict[ExportKind, ImageError | OutputError] = {}
    export = _Export(slide, spec, ctx, overview, stem)
    try:
        for done, kind in enumerate(_sorted(kinds)):
            ctx.check()
            ctx.progress(done, len(kinds))
            target = results.target(kind, stem)
            try:
                ready_for(target, partial(is_result, kind))
                export.write(kind, target)
            except (ImageError, OutputError) as error:
                if nothing_can_be_written(error):
                    raise
                failures[kind] = error
            else:
                written.append(results.name_of(target))
    finally:
        entry = _entry(slide, stem, written)
        results.record(slide.record, spec.class_ids, entry)
        if written:
            failures |= _remove_contradicted(results, entry)
    ctx.progress(len(kinds), len(kinds))
    return Exported(tuple(written), _together(failures, f"{len(written)} of {len(kinds)}"))


def _remove_contradicted(results: ResultsFolder, entry: SlideEntry) -> dict[ExportKind, OutputUnwritable]:
    """Take away what contradicts the files that were written; returns what could not be."""
    left: dict[ExportKind, OutputUnwritable] = {}
    for kind, path in results.contradicted(entry):
        if results.name_of(path) in entry.files:
            continue
        try:
            path.unlink()
        except OSError as error:
            left[kind] = OutputUnwritable(
                f"A file of an earlier map could not be removed ({error.strerror}).", hint="Remove it."
            )
    return left


def _together(
    failures: Mapping[ExportKind, ImageError | OutputError], written: str
) -> ImageError | OutputError | None:
    """What went wrong with several kinds, as one error of the class and with the hint of the first."""
    if not failures:
        return None
    first = next(iter(failures.values()))
    kinds: dict[str, list[str]] = {}
    for kind, error in failures.items():
        kinds.setdefault(error.message, []).append(kind)
    reasons = " ".join(f"{', '.join(names)}: {message}" for message, names in kinds.items())
    return type(first)(f"{written} files were written. {reasons}", hint=first.hint)


class _Export:
    """Writes the files of one map; the slide is read at most once, whether that works or not."""

    def __init__(
        self, slide: SlideMap, spec: ModelSpec, ctx: JobContext, overview: Overview | None, stem: str
    ) -> None:
        self._slide, self._spec, self._ctx, self._stem = slide, spec, ctx, stem
        self._picture = None if overview is None else overview.pixels
        self._unread: ImageError | None = None

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
                self._origin(),
                tissue=slide.tissue.outlines(),
                regions=_regions(slide, spec),
            )
        elif kind is ExportKind.PROBABILITY:
            write_probability_tiff(target, slide.probability, slide.grid, spec.classes, self._origin())
        elif kind is ExportKind.MASK:
            picture = self._shown()
            write_tissue_jpg(target, picture, outlines_on(slide, picture))
        else:
            write_slide_overlay(target, slide, spec, self._shown(), self._origin().name)

    def _tiles(self) -> Iterator[SlideTile]:
        for count, number in enumerate(sorted(self._slide.tiles)):
            if count % _TILES_BETWEEN_CHECKS == 0:
                self._ctx.check()
            yield self._slide.tiles[number]

    def _shown(self) -> RGB:
        if self._unread is not None:
            raise self._unread
        if self._picture is None:
            info, own_scale = self._slide.info, self._slide.options.um_per_px
            try:
                with contextlib.closing(
                    opening.open_slide(info.path, own_scale, colour_managed=True)
                ) as source:
                    self._picture = source.overview(PICTURE_SIDE).pixels
            except ImageError as error:
                self._unread = error
                raise
        return self._picture

    def _origin(self) -> MapOrigin:
        slide = self._slide
        return MapOrigin(
            name=_printable(display_name(Path(slide.info.path.name))),
            # Not every slide can be recognised by its content: then by its row and what its files are called.
            identity=slide.info.identity or f"{slide.record.path} {self._stem}",
            um_per_px=slide.grid.um_per_px,
            um_per_px_source=slide.info.um_per_px_source,
            offset=slide.info.offset,
            provenance=slide.provenance,
        )


def _sorted(kinds: Collection[ExportKind]) -> list[ExportKind]:
    """In one order, pictures last: they need the slide."""
    return [kind for kind in ExportKind if kind in kinds]


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
        identity=slide.info.identity,
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
        tiles=len(slide.tiles),
        model_sha256=slide.provenance.model_sha256,
        backend=slide.provenance.backend,
        files=tuple(files),
    )
