"""One image file into fields at the model's size, each checked: any thread, no model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import CT, CtSource
from lungviewer.core.geometry import FieldPlan, Rect, plan_fields, plan_slice
from lungviewer.core.image import RGB, ImageInfo, ImageSource
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.preprocess import resize_field
from lungviewer.core.tissue import tissue_mask
from lungviewer.core.trust import check_field
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.services.ct_fields import FRAME_PICTURE_SIDE, cut_slices

THUMBNAIL_SIDE = 1024
TISSUE_SIDE = 512

Reserve = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """Everything the model needs of one image: `fields` N×S×S×3 and, for each, the check it failed.
    `tissue_mm2` is None when the scale is not known. A CT file of several frames has the fields of `plan` for
    each of them, one frame after the other, and `frame_pictures` instead of a thumbnail."""

    info: ImageInfo
    plan: FieldPlan
    fields: npt.NDArray[np.uint8]
    failed_checks: tuple[str | None, ...]
    thumbnail: RGB | None
    tissue_mm2: float | None
    seconds: float
    frame_pictures: tuple[RGB, ...] = ()


def prepare_file(
    path: Path,
    spec: ModelSpec,
    *,
    um_per_px: float | None = None,
    keep_thumbnail: bool = False,
    isolated: IsolatedDecoder | None = None,
    force_isolation: bool = False,
    reserve: Reserve = lambda _: None,
    ctx: JobContext | None = None,
) -> PreparedImage:
    """Open an image, cut it into fields at the model's size and check each.

    A slice of CT is one field, its Hounsfield units seen through the window of the pack. A picture given to a
    CT model is taken as it is, as one field, and what scale it may state is left aside.

    Args:
        um_per_px: the person's own scale, which wins over the file's; CT slices have their own.
        isolated, force_isolation: see `open_image`.
        reserve: called with the bytes of the fields before they are made; may wait, or raise `Cancelled`.

    Raises:
        ImageError: unreadable, too small or too large, with a sentence.
        Cancelled: `ctx` asked to stop.
    """
    started = time.perf_counter()
    waited: list[float] = []

    def reserve_timed(amount: int) -> None:
        began = time.perf_counter()
        reserve(amount)
        waited.append(time.perf_counter() - began)

    context = ctx or NullContext()
    source = open_image(path, um_per_px, isolated=isolated, force_isolation=force_isolation)
    try:
        if source.info.kind == CT:
            prepared = _slices(cast("CtSource", source), spec, keep_thumbnail, reserve_timed, context)
        else:
            prepared = _picture(source, spec, um_per_px, keep_thumbnail, reserve_timed, context)
    finally:
        source.close()
    return replace(prepared, seconds=time.perf_counter() - started - sum(waited))


def cut_field(source: ImageSource, rect: Rect, size: int) -> RGB:
    """One field (level-0 pixels) at size×size, read with as little around it as its fractions need."""
    left, top = math.floor(rect.x), math.floor(rect.y)
    right, bottom = math.ceil(rect.x + rect.width), math.ceil(rect.y + rect.height)
    pixels = source.read((left, top), 0, (right - left, bottom - top))
    return resize_field(pixels, size, Rect(rect.x - left, rect.y - top, rect.width, rect.height))


def _picture(
    source: ImageSource,
    spec: ModelSpec,
    um_per_px: float | None,
    keep_thumbnail: bool,
    reserve: Reserve,
    context: JobContext,
) -> PreparedImage:
    info, size = source.info, spec.input.size
    if spec.modality == CT:
        info = replace(info, um_per_px=um_per_px, notes=(*info.notes, "no_hu"))
        plan = plan_slice(info.width, info.height, spec.input)
    else:
        plan = plan_fields(info.width, info.height, info.um_per_px, spec.input)
    reserve(len(plan.fields) * size * size * 3)
    thumbnail = source.thumbnail(THUMBNAIL_SIDE) if keep_thumbnail else None
    tissue_mm2 = _tissue_mm2(source, spec.modality)
    fields = np.empty((len(plan.fields), size, size, 3), np.uint8)
    failed: list[str | None] = []
    for i, rect in enumerate(plan.fields):
        context.check()
        fields[i] = cut_field(source, rect, size)
        failed.append(check_field(fields[i], spec.trust.checks, spec.modality))
    return PreparedImage(info, plan, fields, tuple(failed), thumbnail, tissue_mm2, 0.0)


def _slices(
    source: CtSource, spec: ModelSpec, keep_thumbnail: bool, reserve: Reserve, context: JobContext
) -> PreparedImage:
    side = THUMBNAIL_SIDE if source.info.frames == 1 else FRAME_PICTURE_SIDE
    cut = cut_slices(source, spec, keep_pictures=side * keep_thumbnail, reserve=reserve, check=context.check)
    first, many = (cut.pictures[0], ()) if len(cut.pictures) == 1 else (None, cut.pictures)
    return PreparedImage(source.info, cut.plan, cut.fields, cut.failed_checks, first, None, 0.0, many)


def _tissue_mm2(source: ImageSource, modality: str) -> float | None:
    """Area that is stained tissue, measured on a small version; None without a scale, or for CT."""
    info = source.info
    if info.um_per_px is None or modality != "histology":
        return None
    share = float(tissue_mask(source.thumbnail(TISSUE_SIDE)).mean())
    return share * info.width * info.height * info.um_per_px**2 / 1e6
