"""The places of an image that speak most for a class."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lungviewer.core.geometry import Rect, plan_fields
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.types import ImageRecord
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.services.classify import ImageResult, cut_field

LARGEST_OVERLAP = 0.25
"""Share of a field's side by which two regions may overlap: neighbours of one plan nearly always do."""


@dataclass(frozen=True, slots=True)
class Region:
    """`rect` in level-0 pixels; `share`: its evidence, as a share of the strongest region's; `pixels`
    side×side×3, or None when it was only ranked; `called`: the class whose strongest field it is shown as."""

    rect: Rect
    share: float
    pixels: RGB | None = None
    called: str = ""


def analysed_fields(record: ImageRecord, spec: ModelSpec) -> tuple[Rect, ...]:
    """The fields that were looked at, from what the record says of the image. Errors of `plan_fields`."""
    if record.width_px is None or record.height_px is None:
        return ()
    return plan_fields(record.width_px, record.height_px, record.um_per_px, spec.input).fields


def rank_fields(heatmap: Heatmap, fields: Sequence[Rect]) -> list[tuple[float, Rect]]:
    """Mean evidence and field, most evidence first; fields of which nothing was analysed are left out."""
    rows, columns = heatmap.grid.shape
    cell_h, cell_w = heatmap.rect.height / rows, heatmap.rect.width / columns
    centre_y = heatmap.rect.y + (np.arange(rows) + 0.5) * cell_h
    centre_x = heatmap.rect.x + (np.arange(columns) + 0.5) * cell_w
    ranked = []
    for rect in fields:
        y0, y1 = np.searchsorted(centre_y, (rect.y, rect.y + rect.height))
        x0, x1 = np.searchsorted(centre_x, (rect.x, rect.x + rect.width))
        inside = heatmap.grid[y0:y1, x0:x1]
        known = inside[~np.isnan(inside)]
        if known.size:
            ranked.append((float(known.mean()), rect))
    return sorted(ranked, key=lambda item: -item[0])


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
    first, whatever the image was called; then those with most evidence for `class_id`."""
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
    """The same regions with their pictures, side×side pixels.

    Raises:
        ImageError: the image cannot be read any more.
        Cancelled: `ctx` asked to stop.
    """
    with contextlib.closing(open_image(path, um_per_px, isolated=isolated)) as source:
        pictures = []
        for region in regions:
            ctx.check()
            pictures.append(replace(region, pixels=cut_field(source, region.rect, side)))
    return tuple(pictures)


def _apart(one: Rect, other: Rect) -> bool:
    least = (1 - LARGEST_OVERLAP) * one.width
    return abs(one.x - other.x) >= least or abs(one.y - other.y) >= least
