"""A CT series, slice by slice.

    threads: read (in processes), window, resize, check ──► this thread: model, judge, snapshot

What a slice is called does not depend on its neighbours, on batches, or on how many read side by side.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lungviewer.core.ct import CT, CtSeries, CtSource
from lungviewer.core.ct_summary import summarise
from lungviewer.core.errors import ImageError
from lungviewer.core.geometry import plan_slice
from lungviewer.core.job import JobContext
from lungviewer.core.trust import combine_fields
from lungviewer.core.types import ImageRecord, Status
from lungviewer.readers.opening import open_ct
from lungviewer.services.classify import (
    FIELDS_AT_ONCE,
    display_name,
    error_record,
    stitched,
    tumour_share,
    with_provenance,
)
from lungviewer.services.ct_fields import SliceCutter
from lungviewer.services.ct_result import SeriesResult, SliceCall
from lungviewer.services.engine import FieldResult, InferenceEngine
from lungviewer.services.pipeline import outcome_of
from lungviewer.services.snapshots import Snapshots

_POLL_S = 0.1

_Cut = tuple[npt.NDArray[np.uint8], tuple[str | None, ...]]


def classify_series(
    series: CtSeries,
    engine: InferenceEngine,
    ctx: JobContext,
    *,
    source: CtSource | None = None,
    batch: int = FIELDS_AT_ONCE,
    readers: int = 2,
    name: str | None = None,
    first: int = 0,
    known: SeriesResult | None = None,
) -> SeriesResult:
    """Judge every slice of a series. One that cannot be read is one failed slice.

    `ctx.partial` gets a snapshot, a `SeriesResult`, at most ten times a second; `ctx.progress` slices done
    and in all.

    Args:
        source: the open series, which stays open; without it, one is opened and closed.
        batch: fields per run of the model.
        readers: slices that are read side by side.
        name: what the record's `path` says; default the display name of the first slice's file.
        first: the slice that is looked at first; those next to it follow.
        known: an earlier, unfinished answer by the same engine's pack: its slices are not looked at again,
            but those that failed.

    Raises:
        ImageError: the series as a whole cannot be used.
        Cancelled: `ctx` asked to stop. The last snapshot holds what was done.
    """
    with contextlib.ExitStack() as leaving:
        if source is None:
            source = open_ct(series, readers=readers, polite=True)
            leaving.callback(source.close)
        growing = _Growing(source, engine, display_name(series.slices[0].path) if name is None else name)
        if known is not None:
            growing.calls.update(known.calls)
        missing = (i for i in range(len(source.series.slices)) if i not in growing.calls)
        waiting = deque(sorted(missing, key=lambda i: (abs(i - first), i)))
        snapshots = Snapshots(ctx)
        for group in _cut(source, engine, waiting, batch, readers, ctx):
            growing.add(group, batch)
            ctx.progress(growing.looked_at, growing.slices)
            if growing.looked_at < growing.slices:
                snapshots.offer(growing.snapshot)
        return growing.snapshot()


def _cut(
    source: CtSource,
    engine: InferenceEngine,
    waiting: deque[int],
    batch: int,
    readers: int,
    ctx: JobContext,
) -> Iterator[dict[int, _Cut | ImageError]]:
    """Slices as the model sees them, or why they cannot be read, in groups of what is ready: about as many
    fields as a batch."""
    info = source.info
    plan = plan_slice(info.width, info.height, engine.spec.input)
    cutter = SliceCutter(engine.spec)
    at_once = max(1, batch // len(plan.fields))
    pool = ThreadPoolExecutor(readers, "lungviewer-slices")
    reading: dict[Future[_Cut | ImageError], int] = {}
    try:
        while waiting or reading:
            while waiting and len(reading) < at_once + readers:
                index = waiting.popleft()
                work = partial(lambda i: cutter.cut(cutter.picture(source.values(i)), plan), index)
                reading[pool.submit(outcome_of, work)] = index
            done = wait(reading, _POLL_S, FIRST_COMPLETED).done
            ctx.check()
            ready = [each for each in reading if each in done][:at_once]  # in the order they were asked for
            if ready:
                yield {reading.pop(future): future.result() for future in ready}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Growing:
    """What is known of a series; `calls` and `failed` by index of the slice."""

    def __init__(self, source: CtSource, engine: InferenceEngine, name: str) -> None:
        self._series, self._engine, self._name = source.series, engine, name
        self._info = source.info
        self._plan = plan_slice(self._info.width, self._info.height, engine.spec.input)
        self._started = time.perf_counter()
        self._errors: dict[int, ImageError] = {}
        self.calls: dict[int, SliceCall] = {}
        self.failed: dict[int, str] = {}

    @property
    def looked_at(self) -> int:
        return len(self.calls) + len(self.failed)

    @property
    def slices(self) -> int:
        return len(self._series.slices)

    def add(self, group: Mapping[int, _Cut | ImageError], batch: int) -> None:
        """Judge slices that were cut; those that could not be read have failed."""
        cut: dict[int, _Cut] = {}
        for index, outcome in group.items():
            if isinstance(outcome, ImageError):
                self._errors[index] = outcome
                self.failed[index] = outcome.sentence
            else:
                cut[index] = outcome
        if not cut:
            return
        fields = np.concatenate([fields for fields, _ in cut.values()])
        checks = [check for _, failed in cut.values() for check in failed]
        results: list[FieldResult] = []
        for start in range(0, len(fields), batch):
            results += self._engine.analyse(fields[start : start + batch], checks[start : start + batch])
        each = len(self._plan.fields)
        for number, index in enumerate(cut):
            self.calls[index] = self._call(results[number * each : (number + 1) * each])

    def snapshot(self) -> SeriesResult:
        predictions = {index: call.prediction for index, call in self.calls.items()}
        return SeriesResult(
            series=self._series,
            calls=MappingProxyType(dict(self.calls)),
            failed=MappingProxyType(dict(self.failed)),
            summary=summarise(predictions, self.failed, self.slices, self._engine.spec.class_ids),
            record=self._record(),
            complete=self.looked_at >= self.slices,
            codes=MappingProxyType({index: error.code for index, error in self._errors.items()}),
        )

    def _call(self, results: Sequence[FieldResult]) -> SliceCall:
        spec = self._engine.spec
        prediction = combine_fields([r.prediction for r in results], spec, self._plan.doubts)
        maps = stitched(self._plan, self._info.width, self._info.height, results, spec)
        return SliceCall(prediction, np.stack([heat.grid for heat in maps.values()]))

    def _record(self) -> ImageRecord:
        engine, info = self._engine, self._info
        if self.failed and not self.calls and self.looked_at >= self.slices:
            return error_record(self._name, next(iter(self._errors.values())), engine.provenance, kind=CT)
        predictions = [self.calls[index].prediction for index in sorted(self.calls)]
        refused = [p.reasons for p in predictions if p.predicted is None]
        status, reasons = Status.REVIEW, self._doubts()
        if refused and len(refused) == len(predictions) and self.looked_at >= self.slices:
            status, reasons = Status.REFUSED, Counter(refused).most_common(1)[0][0]
        record = ImageRecord(
            path=self._name,
            kind=CT,
            status=status,
            width_px=info.width,
            height_px=info.height,
            um_per_px=info.um_per_px,
            reason="; ".join((*reasons, *info.notes)),
            tumour_share=tumour_share(predictions, engine.spec),
            tiles=len(predictions),
            tiles_refused=len(refused),
            seconds=time.perf_counter() - self._started,
            analysed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return with_provenance(record, engine.provenance)

    def _doubts(self) -> tuple[str, ...]:
        """Why an answer for a series asks for review, which it always does."""
        unfinished = ("series_not_finished",) if self.looked_at < self.slices else ()
        unreadable = ("series_unreadable",) if self.failed else ()
        return (*unfinished, *unreadable, *self._engine.spec.standing_doubts, "series_not_validated")
