"""What there is to say about the current image, in one record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from lungviewer.core.errors import LungviewerError
from lungviewer.core.model import ModelSpec
from lungviewer.core.types import ImageRecord
from lungviewer.services.classify import ImageResult
from lungviewer.services.ct_result import SeriesResult
from lungviewer.services.elsewhere import Standing
from lungviewer.ui.ct.slice_answer import slice_answer
from lungviewer.ui.explaining import Explaining
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import told


class Phase(StrEnum):
    """How far the answer is."""

    NO_IMAGE = "no_image"
    LOOKING = "looking"
    NO_MODEL = "no_model"
    NO_ANSWER = "no_answer"  # neither there nor on its way: a mistake of the program met on the way
    HIDDEN = "hidden"  # there, and not told to a blinded reviewer
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Shown:
    """The current image and what is known about it; `record` exactly when it is answered. `result` may come
    later than a record that a scan wrote. `standing` is that of the model that answers. `mapping`: it is a
    slide that is being mapped now.

    Of a CT series, `record` and `result` are those of the slice that is looked at, number `slice_index` of
    `slices` (from 0; 0 slices: no series), and `series` is all that is known of it."""

    phase: Phase
    path: Path | None = None
    record: ImageRecord | None = None
    result: ImageResult | None = None
    spec: ModelSpec | None = None
    error: LungviewerError | None = None
    standing: Standing | None = None
    mapping: bool = False
    series: SeriesResult | None = None
    slice_index: int = 0
    slices: int = 0


def shown(session: ViewerSession) -> Shown:
    """What the panel has to show now."""
    path, spec, info = session.current, session.spec, session.engine_info
    standing = None if info is None else info.standing
    if path is None:
        return Shown(Phase.NO_IMAGE, spec=spec, standing=standing)
    record, result = session.record(path), session.result(path)
    slices = 0 if session.series(path) is None else session.slice.count
    index = session.slice.index
    phase = Phase.LOOKING if session.is_pending(path) else Phase.NO_ANSWER
    if result is not None and result.series is not None and spec is not None:
        part = slice_answer(result.series, index, spec.class_ids)
        record, answer = (None, None) if part is None else (part.record, part)
        return Shown(
            *(phase if part is None else Phase.ANSWERED, path, record, answer, spec),
            standing=standing,
            series=result.series,
            slice_index=index,
            slices=slices,
        )
    if record is not None:
        running = session.mapping.running
        return Shown(
            *(Phase.ANSWERED, path, record, result, spec), standing=standing, mapping=running, slices=slices
        )
    if session.engine_error is not None:
        return Shown(Phase.NO_MODEL, path, error=session.engine_error)
    return Shown(phase, path, spec=spec, standing=standing, slice_index=index, slices=slices)


def without_call(state: Shown) -> Shown:
    """The same, but silent about a call, and about what a refused image would have been called."""
    if state.series is not None:
        state = replace(state, series=None)
    if state.record is None:
        return state
    record = told(state.record, hidden=True)
    if record is None:
        return replace(state, phase=Phase.HIDDEN, record=None, result=None)
    return replace(state, record=record, result=None)


def shown_class(state: Shown, explaining: Explaining) -> str | None:
    """The class whose map is shown: the chosen one, or the call; of a slide without a call the leading one;
    None when there is none of these."""
    if state.spec is not None and explaining.class_id in state.spec.class_ids:
        return explaining.class_id
    if state.result is not None and state.result.slide is not None:
        return state.result.slide.summary.leading
    return state.record.predicted_class or None if state.record is not None else None
