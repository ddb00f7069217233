"""What the slices of a series were called, together. Nothing here is a call of its own: series were never
labelled, so how often one would be right was never measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lungviewer.core.types import Prediction, Status


@dataclass(frozen=True, slots=True)
class ClassInSeries:
    """One class. `slices`: those called so, ascending indices; `longest_run`: the longest run of neighbours
    among them, the first of equally long ones; `surest` has the highest `probability` of this class, whatever
    it was called, among the slices that were not refused (None: there are none)."""

    slices: tuple[int, ...]
    longest_run: tuple[int, ...]
    surest: int | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """`slices` of the series, of which `looked_at` were judged or failed; `classes` by id, in the pack's
    order. The others are ascending indices: calls that ask for review, refused slices, unreadable ones."""

    slices: int
    looked_at: int
    classes: Mapping[str, ClassInSeries]
    review: tuple[int, ...]
    refused: tuple[int, ...]
    failed: tuple[int, ...]


def summarise(
    calls: Mapping[int, Prediction], failed: Collection[int], slices: int, class_ids: Sequence[str]
) -> SeriesSummary:
    """Count what the slices that were looked at were called; `calls` and `failed` by index of the slice."""

    def where(status: Status) -> tuple[int, ...]:
        return tuple(i for i in sorted(calls) if calls[i].status is status)

    return SeriesSummary(
        slices=slices,
        looked_at=len(calls) + len(failed),
        classes={class_id: _of_class(calls, class_id) for class_id in class_ids},
        review=where(Status.REVIEW),
        refused=where(Status.REFUSED),
        failed=tuple(sorted(failed)),
    )


def runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """(first, last) of every run of neighbours among ascending indices."""
    found: list[tuple[int, int]] = []
    for i in indices:
        if found and found[-1][1] == i - 1:
            found[-1] = found[-1][0], i
        else:
            found.append((i, i))
    return found


def _of_class(calls: Mapping[int, Prediction], class_id: str) -> ClassInSeries:
    slices = tuple(i for i in sorted(calls) if calls[i].predicted == class_id)
    first, last = max(runs(slices), key=lambda run: (run[1] - run[0], -run[0]), default=(0, -1))
    shares = {
        i: prediction.probabilities[class_id]
        for i, prediction in calls.items()
        if prediction.status is not Status.REFUSED
    }
    surest = min(shares, key=lambda i: (-shares[i], i), default=None)
    return ClassInSeries(
        slices, tuple(range(first, last + 1)), surest, None if surest is None else shares[surest]
    )
