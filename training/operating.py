"""Which answers become calls: the two thresholds, chosen together to meet stated aims.

A call is an answer that passes the image checks, is no stranger than `refuse_above` and no less sure than
`review_below`. Both thresholds are chosen on validation groups, as they are and as made-up laboratories
show them; neither test groups nor foreign images have a say.

One aim never gives way: calls go to a person without a request for review, so validation must show that
nearly all of them are right. Thresholds at which it does not show that are not looked at, and where none is
left nothing is a call, however little of the data that leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.model import REVIEW_ALL
from training.errors import DataProblem
from training.metrics import all_right_bound, lower_end

REFUSED_SHARES = (0.015, 0.02, 0.03, 0.04, 0.05)
"""Of validation images that may be refused as strange; the first that meets the aims is taken."""


@dataclass(frozen=True, slots=True)
class Aims:
    """What the thresholds are chosen for. Shares of images, or of calls.

    At home: calls on `home_coverage` of validation images (two points more than is promised elsewhere, so
    that other groups do not fall below that), wrong in at most `home_error` of them and at most half as
    often as without thresholds. In the made-up laboratories: `abroad_accuracy` of calls right, as their
    mean. `abroad_first` decides what gives way when not all can be had: coverage at home, or accuracy in
    the made-up laboratories. `call_accuracy` of calls at home right, by the lower end of the 95 % interval
    over groups (`metrics.lower_end`), never gives way.
    """

    call_accuracy: float = 0.90
    home_coverage: float = 0.92
    home_error: float = 0.02
    abroad_accuracy: float = 0.90
    abroad_first: bool = False


DEFAULT_AIMS = Aims()


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers to n images: confidence, strangeness, whether right, whether they pass the checks, and the
    images' groups (any labels)."""

    confidence: npt.NDArray[np.float64]
    strangeness: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    passed: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.generic]

    def calls(self, refuse_above: float, review_below: float) -> npt.NDArray[np.bool_]:
        """Which of them are calls."""
        familiar = self.passed & (self.strangeness <= refuse_above)
        return np.asarray(familiar & (self.confidence >= review_below) & (review_below < REVIEW_ALL))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Two thresholds and what they achieve on validation.

    `coverage` and `selective_error` are at home, `plain_error` is of all answers there. `accuracy_low` is the
    lower end for the calls there (`metrics.lower_end`). `abroad` is the mean accuracy of calls over the
    laboratories that have any, None when none has. `target` names the aims that were met (`TARGETS`). Where
    nothing is a call, `selective_error` and `abroad` are None, and `accuracy_low` is the highest that any
    threshold reaches.
    """

    refused_share: float
    refuse_above: float
    review_below: float
    coverage: float
    selective_error: float | None
    plain_error: float
    accuracy_low: float
    abroad: float | None
    target: str = ""


TARGETS = {
    "error": "error at home at most 2 % and half of the plain one",
    "either": "error at home at most 2 % or half of the plain one",
    "coverage": "coverage at home only",
    "none": "no aim",
    "nothing": "no calls at all",
}

Points = list[OperatingPoint]


def choose_point(home: Answered, abroad: Sequence[Answered], aims: Aims = DEFAULT_AIMS) -> OperatingPoint:
    """The gentlest pair of thresholds that meets all aims, or what comes closest by a fixed order.

    Only pairs whose calls are shown to be right often enough (`Aims.call_accuracy`) are chosen from. Without
    any, nothing is a call (`review_below` is `REVIEW_ALL`), and `refuse_above` is that of the pair that would
    have been chosen otherwise.

    When not all can be met, the weaker error aim (`either`) is tried, then, at home first, accuracy
    abroad gives way: of the pairs with coverage and error as wanted, the one with the best accuracy
    abroad. With `abroad_first` it is coverage at home that gives way: of the pairs with accuracy abroad
    and error as wanted, the one with the best coverage. At last only coverage is kept: of the pairs with
    that, the one with the best accuracy abroad, or at home when there are no laboratories.
    """
    points = _points(home, abroad)
    if not points:
        raise DataProblem(
            "Every validation image fails an image check: nothing could ever be called.",
            hint="Is the modality right (CT or histology, in the about file), and the stain?",
        )
    shown = [p for p in points if p.accuracy_low >= aims.call_accuracy]
    chosen = _closest(shown or points, aims)
    if shown:
        return chosen
    return replace(
        chosen,
        review_below=REVIEW_ALL,
        coverage=0.0,
        selective_error=None,
        accuracy_low=max(p.accuracy_low for p in points),
        abroad=None,
        target="nothing",
    )


def _closest(points: Points, aims: Aims) -> OperatingPoint:
    """The first that fits on the highest step of the ladder on which any does."""
    for target, abroad_held, coverage_held, best in _ladder(aims):
        limit = _error_limit(target, points[0].plain_error, aims)
        fitting = [
            p
            for p in points
            if _error(p) <= limit + 1e-12
            and (not coverage_held or p.coverage >= aims.home_coverage)
            and (not abroad_held or holds_abroad(p, aims))
        ]
        if fitting:
            # The first of equals, and the gentlest come first.
            return replace(max(fitting, key=best), target=target)
    raise AssertionError("the last step of the ladder asks for nothing")


def holds_abroad(point: OperatingPoint, aims: Aims) -> bool:
    """Whether the aim for the made-up laboratories is met; also when there is nothing to break it with."""
    return point.abroad is None or point.abroad >= aims.abroad_accuracy


def _ladder(aims: Aims) -> list[tuple[str, bool, bool, Callable[[OperatingPoint], float]]]:
    """Steps of (error aim, abroad held, coverage held, what is best among those that fit)."""

    def gentlest(_: OperatingPoint) -> float:
        return 0.0

    def safest(point: OperatingPoint) -> float:
        return -_error(point) if point.abroad is None else point.abroad

    def widest(point: OperatingPoint) -> float:
        return point.coverage

    everything = [("error", True, True, gentlest), ("either", True, True, gentlest)]
    home = [("error", False, True, safest), ("either", False, True, safest)]
    elsewhere = [("error", True, False, widest), ("either", True, False, widest)]
    last = [("coverage", False, True, safest), ("none", False, False, widest)]
    return [*everything, *(elsewhere if aims.abroad_first else []), *home, *last]


def _error(point: OperatingPoint) -> float:
    """Among the calls; of no calls 0."""
    return point.selective_error or 0.0


def _error_limit(target: str, plain: float, aims: Aims) -> float:
    limits = {"error": min(aims.home_error, plain / 2), "either": max(aims.home_error, plain / 2)}
    return limits.get(target, 1.0)


def _points(home: Answered, abroad: Sequence[Answered]) -> Points:
    """Every pair of thresholds worth a look, the gentlest first."""
    plain = float(1 - home.right.mean())
    # The last step would be the sign that nothing is a call.
    steps = [0.0, *(step for step in np.unique(np.ceil(home.confidence * 1000) / 1000) if step < REVIEW_ALL)]
    points = []
    for share in REFUSED_SHARES if abroad else REFUSED_SHARES[:1]:
        # Rounded as the pack states it: everything after uses what the pack states.
        refuse_above = float(f"{np.quantile(home.strangeness, 1 - share):.6g}")
        for review_below in steps:
            kept = home.calls(refuse_above, review_below)
            if not kept.any():
                break
            error = float(1 - home.right[kept].mean())
            accuracy = _accuracies(abroad, refuse_above, review_below)
            mean = float(np.mean(accuracy)) if accuracy else None
            points.append(
                OperatingPoint(
                    share,
                    refuse_above,
                    float(review_below),
                    float(kept.mean()),
                    error,
                    plain,
                    lower_end(home.right[kept], home.groups[kept]),
                    mean,
                )
            )
    return points


def _accuracies(abroad: Sequence[Answered], refuse_above: float, review_below: float) -> list[float]:
    """Accuracy of calls in every laboratory that has any."""
    kept = [lab.calls(refuse_above, review_below) for lab in abroad]
    return [float(lab.right[k].mean()) for lab, k in zip(abroad, kept, strict=True) if k.any()]


def unreviewed_record(point: OperatingPoint, home: Answered, aims: Aims) -> dict[str, Any]:
    """Whether validation shows that calls are right often enough (`Aims.call_accuracy`): the lower end that
    was reached, and the one that would be if every answer were right (`at_most`)."""
    groups = len(np.unique(home.groups))
    return {
        "aim": aims.call_accuracy,
        "aim_met": point.review_below < REVIEW_ALL,
        "low": point.accuracy_low,
        "at_most": all_right_bound(groups),
        "images": len(home.groups),
        "groups": groups,
    }


def abroad_record(point: OperatingPoint, abroad: Sequence[Answered], aims: Aims) -> dict[str, Any] | None:
    """How the made-up laboratories fare under the chosen thresholds: means and spread over laboratories."""
    if not abroad:
        return None
    kept = [lab.calls(point.refuse_above, point.review_below) for lab in abroad]
    return {
        "laboratories": len(abroad),
        "images_each": len(abroad[0].right),
        "aim": aims.abroad_accuracy,
        "aim_met": point.abroad is not None and holds_abroad(point, aims),
        "plain_accuracy": spread([float(lab.right.mean()) for lab in abroad]),
        "selective_accuracy": spread(_accuracies(abroad, point.refuse_above, point.review_below)),
        "coverage": spread([float(k.mean()) for k in kept]),
    }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Mean, standard deviation, lowest and highest of some laboratories' figures; None without any."""
    if not values:
        return None
    found = np.array(values)
    return {
        "mean": float(found.mean()),
        "deviation": float(found.std()),
        "lowest": float(found.min()),
        "highest": float(found.max()),
    }
