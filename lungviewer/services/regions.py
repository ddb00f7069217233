"""The places of an image or a slide that speak most for a class.

On a slide the strongest tiles lie side by side in the middle of the largest tumour. What a person wants to
see is spread: no place beside another one, and no group of touching tiles has more than half of the places
while there are others. A tile is strong when it is a call without doubts, then by its probability, then by
its evidence.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lungviewer.core.ct import CT
from lungviewer.core.geometry import Rect, plan_fields, plan_slice
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import RGB, ImageLevel
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.slide_tally import touching_groups
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import ImageRecord, Status
from lungviewer.readers import opening
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import ImageResult
from lungviewer.services.prepare import cut_field
from lungviewer.services.slide_result import SlideMap

LARGEST_OVERLAP = 0.25
"""Share of a field's side by which two regions may overlap: neighbours of one plan nearly always do."""

TILES_APART = 3
"""Sides of a tile between the centres of two places of a slide, at least, across or down."""

CONTEXT = 2.0
"""How much wider than its tile the picture of a place on a slide is: 130 µm alone tell a person little."""


@dataclass(frozen=True, slots=True)
class Region:
    """`rect` in level-0 pixels; `share`: its evidence, as a share of the strongest region's; `pixels`
    side×side×3, or None when it was only ranked; `called`: the class whose strongest field it is shown as;
    `around`: on a slide, the larger square that `pixels` show, with `rect` in its middle."""

    rect: Rect
    share: float
    pixels: RGB | None = None
    called: str = ""
    around: Rect | None = None


def analysed_fields(record: ImageRecord, spec: ModelSpec) -> tuple[Rect, ...]:
    """The fields that were looked at, from what the record says of the image. Errors of `plan_fields`."""
    if record.width_px is None or record.height_px is None:
        return ()
    if CT in (record.kind, spec.modality):
        return plan_slice(record.width_px, record.height_px, spec.input).fields
    return plan_fields(record.width_px, record.height_px, record.um_per_px, spec.input).fields


def rank_fields(heatmap: Heatmap, fields: Sequence[Rect]) -> list[tuple[float, Rect]]:
    """Mean evidence and field, most evidence first; fields of which nothing was analysed are left out."""
    found = zip(_evidence(heatmap, fields), fields, strict=True)
    return sorted(((known, rect) for known, rect in found if known is not None), key=lambda item: -item[0])


def _evidence(heatmap: Heatmap, fields: Iterable[Rect]) -> list[float | None]:
    """Mean evidence of each field; None where nothing was analysed."""
    rows, columns = heatmap.grid.shape
    cell_h, cell_w = heatmap.rect.height / rows, heatmap.rect.width / columns
    centre_y = heatmap.rect.y + (np.arange(rows) + 0.5) * cell_h
    centre_x = heatmap.rect.x + (np.arange(columns) + 0.5) * cell_w
    means: list[float | None] = []
    for rect in fields:
        y0, y1 = np.searchsorted(centre_y, (rect.y, rect.y + rect.height))
        x0, x1 = np.searchsorted(centre_x, (rect.x, rect.x + rect.width))
        inside = heatmap.grid[y0:y1, x0:x1]
        known = inside[~np.isnan(inside)]
        means.append(float(known.mean()) if known.size else None)
    return means


def top_regions(heatmap: Heatmap, fields: Sequence[Rect], count: int) -> list[Region]:
    """The `count` fields with most evidence that lie apart (`LARGEST_OVERLAP`); fewer when there are none."""
    chosen: list[tuple[float, Rect]] = []
    for evidence, rect in rank_fields(heatmap, fields):
        if len(chosen) == count:
            break
        if evidence > 0 and all(_apart(rect, other) for _, other in chosen):
            chosen.append((evidence, rect))
    return [Region(rect, evidence / chosen[0][0]) for evidence, rect in chosen]


def telling_regions(result: ImageResult, class_id: str, spec: ModelSpec, count: int) -> list[Region]:
    """Up to `count` places: the strongest field of each tumour class that fields were called, most fields
    first, whatever the image was called; then those with most evidence for `class_id`; on slides spread, and
    by the order that is said above."""
    if result.slide is not None:
        return slide_regions(result.slide, class_id, spec, count)
    fields = analysed_fields(result.record, spec)
    first = []
    for called in result.calls_by_class():
        if spec.class_by_id(called).role is Role.TUMOUR:
            own = [rect for rect, call in zip(fields, result.field_calls, strict=True) if call == called]
            ranked = rank_fields(result.heatmaps[called], own)
            first += [Region(rect, 1.0, called=called) for _, rect in ranked[:1]]
    taken = {region.rect for region in first}
    rest = [r for r in top_regions(result.heatmaps[class_id], fields, count) if r.rect not in taken]
    return (first + rest)[:count]


def cut_regions(
    path: Path,
    regions: Sequence[Region],
    side: int,
    *,
    um_per_px: float | None,
    isolated: IsolatedDecoder,
    ctx: JobContext,
) -> tuple[Region, ...]:
    """The same regions with their pictures, side×side pixels; those of slides in true colours, with what lies
    around them. A place of a slide that cannot be read any more keeps None.

    Raises:
        ImageError: the image cannot be read any more.
        Cancelled: `ctx` asked to stop.
    """
    if any(region.around is not None for region in regions):
        return _cut_slide(path, regions, side, um_per_px, isolated, ctx)
    with contextlib.closing(opening.open_image(path, um_per_px, isolated=isolated)) as source:
        pictures = []
        for region in regions:
            ctx.check()
            pictures.append(replace(region, pixels=cut_field(source, region.rect, side)))
    return tuple(pictures)


# --- slides ------------------------------------------------------------------------------------------


def slide_regions(slide: SlideMap, class_id: str, spec: ModelSpec, count: int) -> list[Region]:
    """As `telling_regions`, of a slide: the strongest tile of each tumour class that tiles were called, the
    largest first; then places for `class_id` that lie apart from each other and from those."""
    areas = slide.summary.class_mm2
    tumours = [c.id for c in spec.classes if c.role is Role.TUMOUR and areas.get(c.id)]
    first: list[Region] = []
    taken: list[int] = []
    for tumour in sorted(tumours, key=lambda c: -areas[c]):
        for number, _ in _ranked(slide, tumour, spec, called=True)[:1]:
            taken.append(number)
            first.append(_slide_region(slide, number, 1.0, tumour))
    ranked = _ranked(slide, class_id, spec)
    evidence, strength = dict(ranked), max((found for _, found in ranked), default=0.0)
    rest = _spread(slide, class_id, list(evidence), taken, max(0, count - len(first)))
    return (first + [_slide_region(slide, n, evidence[n] / strength) for n in rest])[:count]


def _slide_region(slide: SlideMap, number: int, share: float, called: str = "") -> Region:
    rect = slide.grid.rect(number)
    margin = rect.width * (CONTEXT - 1) / 2
    around = Rect(rect.x - margin, rect.y - margin, rect.width * CONTEXT, rect.height * CONTEXT)
    return Region(rect, share, called=called, around=around)


def _ranked(
    slide: SlideMap, class_id: str, spec: ModelSpec, *, called: bool = False
) -> list[tuple[int, float]]:
    """Number and evidence of the tiles that speak for a class, strongest first: tiles that were called it
    before others (`called`: and no others), calls without doubts before those with."""
    place = spec.class_ids.index(class_id)
    calls = [t for t in slide.tiles.values() if t.is_call and (t.predicted == class_id or not called)]
    evidence = _evidence(slide.activation[class_id], (slide.grid.cell(tile.number) for tile in calls))
    telling = [(t, e or 0.0) for t, e in zip(calls, evidence, strict=True) if called or (e or 0.0) > 0]

    def rank(item: tuple[SlideTile, float]) -> tuple[bool, bool, float, float, int]:
        tile, found = item
        doubted = tile.status is not Status.OK
        return tile.predicted != class_id, doubted, -tile.probabilities[place], -found, tile.number

    return [(tile.number, found) for tile, found in sorted(telling, key=rank)]


def _spread(
    slide: SlideMap, class_id: str, ranked: Sequence[int], taken: Sequence[int], count: int
) -> list[int]:
    """Up to `count` tiles, strongest first, that lie apart: of tiles that were called the class at most half
    from one group, then whatever is left."""
    own = [tile.number for tile in slide.tiles.values() if tile.predicted == class_id]
    groups = dict(zip(own, touching_groups(np.array(own, np.int64), slide.grid).tolist(), strict=True))
    chosen: list[int] = []
    places = Counter(groups[number] for number in taken if number in groups)
    for capped in (True, False):
        for number in ranked:
            if len(chosen) >= count:
                break
            group = groups.get(number)
            if capped and (group is None or places[group] >= (count + 1) // 2):
                continue
            if _lies_apart(slide, number, (*taken, *chosen)):
                chosen.append(number)
                places.update(() if group is None else (group,))
    return sorted(chosen, key=ranked.index)


def _lies_apart(slide: SlideMap, number: int, others: Iterable[int]) -> bool:
    least, (x, y) = TILES_APART * slide.grid.side, slide.grid.place(number)
    places = (slide.grid.place(other) for other in others)
    return all(abs(x - other_x) >= least or abs(y - other_y) >= least for other_x, other_y in places)


def _cut_slide(
    path: Path,
    regions: Sequence[Region],
    side: int,
    um_per_px: float | None,
    decoder: IsolatedDecoder,
    ctx: JobContext,
) -> tuple[Region, ...]:
    slide = opening.open_slide(path, um_per_px, colour_managed=True, decoder=decoder)
    with contextlib.closing(slide) as source:
        pictures = []
        for region in regions:
            ctx.check()
            # What lies around a tile may be damaged where the tile is not.
            for rect in (region.around or region.rect, region.rect):
                fields, read = source.read_fields([rect], _level(source.info.levels, rect, side), side)
                if read[0]:
                    around = region.around if rect is region.around else None
                    region = replace(region, pixels=fields[0], around=around)
                    break
            pictures.append(region)
    return tuple(pictures)


def _level(levels: Sequence[ImageLevel], rect: Rect, side: int) -> int:
    """The coarsest level that still has `side` pixels across a square."""
    enough = [i for i, level in enumerate(levels) if rect.width / level.downsample >= side]
    return max(enough, default=0)


def _apart(one: Rect, other: Rect) -> bool:
    least = (1 - LARGEST_OVERLAP) * one.width
    return abs(one.x - other.x) >= least or abs(one.y - other.y) >= least
