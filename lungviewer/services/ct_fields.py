"""CT slices as the model sees them: Hounsfield units through the window of the pack, whatever anybody looks
through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import CT, HU, CtSource, as_rgb, window_table, windowed
from lungviewer.core.ct_frames import slice_shown
from lungviewer.core.errors import ImageError, ImageTooLarge
from lungviewer.core.geometry import MAX_FIELDS, FieldPlan, plan_slice
from lungviewer.core.image import RGB, ImageSource
from lungviewer.core.model import ModelSpec
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import check_field
from lungviewer.core.types import ImageRecord
from lungviewer.core.window import LUNG
from lungviewer.readers.array_source import ArraySource, shrink

FRAME_PICTURE_SIDE = 256
"""Pictures of one slice among many are kept this small, because all are kept until the model has spoken."""

UNREADABLE = "slice_unreadable"
WRONG_MODALITY = "ct_slice"


@dataclass(frozen=True, slots=True)
class CtFields:
    """Slices ready for the model, in the order of their frames: `fields`, (frames × len(plan.fields))×S×S×3,
    and the check that each failed; `pictures`: every slice in the pack's window, none unless asked for."""

    plan: FieldPlan
    fields: npt.NDArray[np.uint8]
    failed_checks: tuple[str | None, ...]
    pictures: tuple[RGB, ...]


class SliceCutter:
    """Cuts slices for one model; of any number of files. May be used from several threads."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._table = window_table(spec.input.window or LUNG)

    def picture(self, values: HU) -> RGB:
        """A slice in the pack's window (the lung window, for a pack that states none), H×W×3."""
        return as_rgb(windowed(values, self._table))

    def cut(self, picture: RGB, plan: FieldPlan) -> tuple[npt.NDArray[np.uint8], tuple[str | None, ...]]:
        """The fields of one slice at the model's size, and the check that each failed."""
        spec = self.spec
        fields = np.stack([resize_field(picture, spec.input.size, rect) for rect in plan.fields])
        if spec.modality != "ct":
            return fields, (WRONG_MODALITY,) * len(fields)
        return fields, tuple(check_field(field, spec.trust.checks, spec.modality) for field in fields)


def as_model_sees(source: ImageSource, spec: ModelSpec, record: ImageRecord) -> ImageSource:
    """An open image, or of a CT file the slice that `record` is the answer of, through the pack's window.

    Raises:
        ImageError: the slice cannot be read.
    """
    if source.info.kind != CT:
        return source
    shown = (slice_shown(code) for code in record.reason.split("; "))
    number = next((found[0] for found in shown if found), 1)
    values = cast("CtSource", source).values(number - 1)
    return ArraySource(SliceCutter(spec).picture(values), source.info)


def cut_slices(
    source: CtSource,
    spec: ModelSpec,
    *,
    keep_pictures: int,
    reserve: Callable[[int], None],
    check: Callable[[], None],
) -> CtFields:
    """Every slice of an open file.

    One that cannot be read among others is black, and fails its check (`slice_unreadable`).

    Args:
        keep_pictures: longest side of the pictures, 0 for none.
        reserve: called with the bytes of the fields before they are made; may wait, or raise `Cancelled`.
        check: called before every slice; may raise `Cancelled`.

    Raises:
        ImageError: no slice can be read, or there are too many, or they are too small.
    """
    info, size = source.info, spec.input.size
    plan = plan_slice(info.width, info.height, spec.input)
    each, cutter = len(plan.fields), SliceCutter(spec)
    if info.frames * each > MAX_FIELDS:
        raise ImageTooLarge(
            f"The file has {info.frames:,} slices; {MAX_FIELDS // each:,} are judged at most.",
            hint="Split it.",
        )
    reserve(info.frames * each * size * size * 3)
    fields = np.zeros((info.frames * each, size, size, 3), np.uint8)
    failed: list[str | None] = []
    pictures: list[RGB] = []
    unreadable: list[ImageError] = []
    for frame in range(info.frames):
        check()
        try:
            picture = cutter.picture(source.values(frame))
        except ImageError as error:
            unreadable.append(error)
            if len(unreadable) == info.frames:
                raise unreadable[0] from None
            picture = np.zeros((info.height, info.width, 3), np.uint8)
            failed += [UNREADABLE] * each
        else:
            fields[frame * each : (frame + 1) * each], said = cutter.cut(picture, plan)
            failed += said
        if keep_pictures:
            pictures.append(shrink(picture, keep_pictures))
    return CtFields(plan, fields, tuple(failed), tuple(pictures))
