"""What the slices of a series were called, together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.ct_summary import runs, summarise
from lungviewer.core.types import Prediction, Status

IDS = ("malignant", "normal")


def call(share: float, status: Status = Status.OK) -> Prediction:
    predicted = None if status is Status.REFUSED else IDS[share < 0.5]
    shares = {"malignant": share, "normal": 1 - share}
    return Prediction(
        status, (), shares, predicted, None if predicted is None else max(shares.values()), None
    )


def test_counts_runs_and_the_surest_slice():
    calls = {i: call(0.9) for i in (2, 3, 4, 9, 10)} | {3: call(0.97, Status.REVIEW), 5: call(0.2)}
    calls[6] = call(0.99, Status.REFUSED)
    summary = summarise(calls, {8}, 20, IDS)
    malignant, normal = summary.classes.values()
    assert malignant.slices == (2, 3, 4, 9, 10)
    assert malignant.longest_run == (2, 3, 4)
    assert (malignant.surest, malignant.probability) == (3, 0.97)
    assert (normal.slices, normal.longest_run, normal.surest) == ((5,), (5,), 5)
    assert (summary.slices, summary.looked_at) == (20, 8)
    assert (summary.review, summary.refused, summary.failed) == ((3,), (6,), (8,))


def test_a_class_that_no_slice_was_called_still_says_where_it_came_nearest():
    malignant = summarise({0: call(0.1), 1: call(0.4), 2: call(0.4)}, (), 3, IDS).classes["malignant"]
    assert (malignant.slices, malignant.longest_run) == ((), ())
    assert (malignant.surest, malignant.probability) == (1, 0.4)


def test_nothing_looked_at_is_a_summary_too():
    summary = summarise({}, (), 5, IDS)
    assert list(summary.classes) == list(IDS)
    assert summary.classes["normal"].surest is None
    assert (summary.looked_at, summary.refused, summary.failed) == (0, (), ())


@given(st.sets(st.integers(0, 50)))
def test_runs_are_what_they_were_made_of(indices):
    found = runs(sorted(indices))
    assert [i for first, last in found for i in range(first, last + 1)] == sorted(indices)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
