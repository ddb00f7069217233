"""A CT series, slice by slice, with a tiny pack that sees greys."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled, ImageTooSmall
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.core.types import Status
from lungviewer.readers.ct_series import series_in
from lungviewer.services import ct_classify
from lungviewer.services.ct_classify import classify_series
from lungviewer.services.ct_result import SeriesResult, as_series_image_result, slice_heatmaps
from tests.fixtures.ct_packs import HeldCt, ct_engine, empty_slice, slice_of
from tests.fixtures.dicoms import write_slice
from tests.fixtures.scans import fake_engine

CHEST = ("normal", "normal", "benign", "malignant", "malignant", "malignant", "normal", "malignant")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return ct_engine(tmp_path_factory.mktemp("packs"))


def chest(folder, classes=CHEST, **options):
    folder.mkdir(exist_ok=True)
    for z, name in enumerate(classes):
        values = empty_slice() if name == "empty" else slice_of(name, seed=z)
        write_slice(folder / f"{z}.dcm", values, position=(0.0, 0.0, -2.0 * z), **options)
    (series,) = series_in(folder.iterdir())
    return series


def held(classes=CHEST, **options):
    """The same chest in memory; None is a slice that cannot be read."""
    return HeldCt(
        [
            empty_slice() if name == "empty" else None if name is None else slice_of(name, seed=z)
            for z, name in enumerate(classes)
        ],
        **options,
    )


def judged(source, engine, ctx=None, **options):
    return classify_series(source.series, engine, ctx or NullContext(), source=source, **options)


def test_every_slice_is_called_and_the_series_only_summed_up(tmp_path, engine):
    result = classify_series(chest(tmp_path / "in"), engine, NullContext())
    assert result.complete
    assert [result.calls[i].prediction.predicted for i in range(8)] == list(CHEST)
    malignant = result.summary.classes["malignant"]
    assert (malignant.slices, malignant.longest_run) == ((3, 4, 5, 7), (3, 4, 5))
    assert malignant.probability == max(
        call.prediction.probabilities["malignant"] for call in result.calls.values()
    )
    record = result.record
    assert (record.kind, record.status, record.predicted_class, record.confidence) == (
        "ct",
        Status.REVIEW,
        "",
        None,
    )
    assert record.reason == "series_not_validated"
    assert (record.tiles, record.tiles_refused, record.tumour_share) == (8, 0, 0.5)
    assert (record.width_px, record.um_per_px, record.path) == (64, 700.0, str(tmp_path / "in" / "0.dcm"))
    assert record.model == "tiny-ct"


def test_of_a_model_that_did_not_reach_its_aim_every_slice_and_the_series_ask_for_review(tmp_path):
    result = judged(held(), ct_engine(tmp_path, review_below=1.0))
    assert result.summary.review == tuple(range(len(CHEST)))
    assert {call.prediction.reasons for call in result.calls.values()} == {("aim_not_met",)}
    assert [result.calls[i].prediction.predicted for i in range(8)] == list(CHEST)
    assert result.record.reason == "aim_not_met; series_not_validated"


def test_the_answer_has_a_map_for_every_slice(engine):
    result = judged(held(CHEST[:3]), engine)
    maps = slice_heatmaps(result.calls[2], result.series, engine.spec.class_ids)
    assert list(maps) == list(engine.spec.class_ids)
    assert maps["benign"].grid.shape == (4, 4)
    assert (maps["benign"].rect.width, maps["benign"].rect.height) == (64, 64)
    answer = as_series_image_result(result)
    assert (answer.series, answer.record, answer.heatmaps) == (result, result.record, {})


@pytest.mark.parametrize(("batch", "readers"), [(1, 1), (3, 2), (32, 3)])
def test_neither_batches_nor_readers_change_an_answer(engine, batch, readers):
    usual = judged(held(), engine)
    other = judged(held(), engine, batch=batch, readers=readers, first=5)
    assert other.summary == usual.summary
    for i, call in usual.calls.items():
        assert other.calls[i].prediction == call.prediction
        np.testing.assert_array_equal(other.calls[i].cam, call.cam)


def test_one_bad_slice_is_one_failed_slice(tmp_path, engine):
    series = chest(tmp_path / "in")
    damaged = tmp_path / "in" / "4.dcm"
    damaged.write_bytes(damaged.read_bytes()[:-400])
    result = classify_series(series, engine, NullContext())
    assert list(result.failed) == [4]
    assert "ends in the middle" in result.failed[4]
    assert sorted(result.calls) == [0, 1, 2, 3, 5, 6, 7]
    assert result.complete
    assert result.summary.failed == (4,)
    assert result.record.reason.split("; ") == ["series_unreadable", "series_not_validated"]


def test_a_series_that_cannot_be_read_at_all_is_an_error(engine):
    source = held()
    source.values = lambda _: held([None, "normal"]).values(0)
    record = judged(source, engine).record
    assert (record.status, record.reason, record.kind) == (Status.ERROR, "truncated", "ct")


def test_slices_without_anything_are_refused_and_keep_no_map(engine):
    result = judged(held(("empty", "normal", "empty")), engine)
    assert result.summary.refused == (0, 2)
    assert result.calls[0].prediction.reasons == ("empty",)
    assert np.isnan(result.calls[0].cam).all()
    assert result.record.status is Status.REVIEW
    nothing = judged(held(("empty",) * 3), engine)
    assert (nothing.record.status, nothing.record.reason) == (Status.REFUSED, "empty")


def test_what_is_odd_about_a_series_stands_in_its_record(engine):
    record = judged(held(notes=("series_gap",)), engine).record
    assert record.reason.split("; ") == ["series_not_validated", "series_gap"]


def test_snapshots_grow_and_the_slice_that_is_looked_at_comes_first(engine):
    ctx = RecordingContext()
    judged(held(), engine, ctx, batch=1, readers=1, first=6)
    assert ctx.steps[-1][:2] == (8, 8)
    snapshots = [value for value in ctx.partials if isinstance(value, SeriesResult)]
    assert sorted(snapshots[0].calls) == [6]
    assert not snapshots[0].complete
    assert snapshots[0].record.reason.split("; ")[0] == "series_not_finished"
    sizes = [len(s.calls) for s in snapshots]
    assert sizes == sorted(sizes)


def test_slices_that_are_ready_together_are_taken_in_the_order_they_were_asked_for(engine, monkeypatch):
    monkeypatch.setattr(ct_classify, "wait", lambda futures, *_: wait(futures))  # until all are ready
    ctx = RecordingContext()
    judged(held(), engine, ctx, batch=1, readers=1, first=6)
    snapshots = [value for value in ctx.partials if isinstance(value, SeriesResult)]
    assert list(snapshots[0].calls) == [6]


def test_a_stopped_run_goes_on_with_what_is_known(engine):
    class Stops(RecordingContext):
        def partial(self, value):
            super().partial(value)
            self.cancel()

    ctx = Stops()
    with pytest.raises(Cancelled):
        judged(held(), engine, ctx, batch=1)
    known = ctx.partials[-1]
    again = RecordingContext()
    result = judged(held(), engine, again, batch=1, known=known)
    assert result.complete
    assert again.steps[0][0] == len(known.calls) + 1
    assert all(result.calls[i] is call for i, call in known.calls.items())


def test_an_open_series_stays_open_and_the_thread_that_judges_reads_nothing(engine):
    source, readers = held(), set()
    whole = source.values

    def values(frame):
        readers.add(threading.get_ident())
        return whole(frame)

    source.values = values
    source.close = lambda: pytest.fail("closed")
    judged(source, engine)
    assert readers
    assert threading.get_ident() not in readers


def test_a_slice_that_is_not_square_is_covered_and_has_one_map(engine):
    wide = np.concatenate([slice_of("normal"), slice_of("malignant")], axis=1)
    call = judged(HeldCt([wide]), engine).calls[0]
    assert call.cam.shape == (3, 4, 8)
    assert {"fields_disagree", "tumour_fields"} & set(call.prediction.reasons)


def test_a_histology_model_refuses_every_slice_by_name():
    result = judged(held(CHEST[:3]), fake_engine())
    assert {call.prediction.reasons for call in result.calls.values()} == {("ct_slice",)}
    assert (result.record.status, result.record.reason) == (Status.REFUSED, "ct_slice")


def test_slices_of_a_few_pixels_are_too_small(engine):
    with pytest.raises(ImageTooSmall):
        judged(HeldCt([slice_of("normal", 16)]), engine)
