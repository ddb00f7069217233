"""Figures about a classifier's answers, and their intervals. Plain arithmetic on arrays.

Throughout: `probabilities` N×C with rows that sum to 1, `targets` N class indices, `groups` N names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
Targets = npt.NDArray[np.int64]
Figures = dict[str, float | None]

ECE_BINS = 15
REPLICATES = 1000
FEWEST_GROUPS = 5
"""With fewer groups than this a bootstrap over them says nothing, and no interval is given."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval (None when it cannot be had) and what it rests on."""

    value: float | None
    low: float | None
    high: float | None
    images: int
    groups: int
    split_unit: str


def confusion(predicted: Targets, targets: Targets, classes: int) -> npt.NDArray[np.int64]:
    """C×C counts: row is the truth, column the prediction."""
    flat = np.bincount(targets * classes + predicted, minlength=classes * classes)
    return np.asarray(flat.reshape(classes, classes), np.int64)


def roc_curve(
    scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]
) -> tuple[Probabilities, Probabilities]:
    """False and true positive rates as the threshold falls, from (0, 0) to (1, 1); ties are one step."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order])[last]
    misses = last + 1 - hits
    true_rate = np.concatenate([[0.0], hits / max(1, int(positive.sum()))])
    false_rate = np.concatenate([[0.0], misses / max(1, int((~positive).sum()))])
    return false_rate, true_rate


def roc_auc(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float | None:
    """Chance that a positive scores above a negative, ties half; None when there is only one kind."""
    if positive.all() or not positive.any():
        return None
    false_rate, true_rate = roc_curve(scores, positive)
    return float(np.trapezoid(true_rate, false_rate))


def expected_calibration_error(
    confidence: Probabilities, right: npt.NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """Mean gap between confidence and accuracy over bins of equal mass (Nguyen & O'Connor 2015;
    Guo et al. 2017, arXiv:1706.04599, with bins of equal width)."""
    parts = equal_mass_bins(confidence, bins)
    gaps = [len(p) * abs(float(confidence[p].mean()) - float(right[p].mean())) for p in parts]
    return float(sum(gaps) / len(confidence))


def equal_mass_bins(confidence: Probabilities, bins: int = ECE_BINS) -> list[npt.NDArray[np.intp]]:
    """The rows of each of up to `bins` bins of (almost) as many answers each, least confident first."""
    order = np.argsort(confidence, kind="stable")
    return np.array_split(order, min(bins, len(order)))


def brier(probabilities: Probabilities, targets: Targets) -> float:
    """Mean squared distance to the one-hot truth, summed over classes: 0 to 2 (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[targets]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def coverage_curve(
    confidence: Probabilities, right: npt.NDArray[np.bool_]
) -> tuple[Probabilities, Probabilities]:
    """Coverage 1/N … 1 and the accuracy among that share of the most confident answers."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(right[order]) / counts


def accuracy_at(
    confidence: Probabilities, right: npt.NDArray[np.bool_], coverages: Sequence[float]
) -> list[float]:
    """Accuracy among the most confident share of answers, for each share in (0, 1]."""
    _, accuracy = coverage_curve(confidence, right)
    return [float(accuracy[max(1, round(share * len(accuracy))) - 1]) for share in coverages]


def figures(probabilities: Probabilities, targets: Targets, class_ids: Sequence[str]) -> Figures:
    """Every scalar figure by name; None where it is not defined (a class without images, say)."""
    classes = len(class_ids)
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    table = confusion(predicted, targets, classes)
    right, truth, called = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    recall = [_ratio(right[c], truth[c]) for c in range(classes)]
    known = [r for r in recall if r is not None]
    result: Figures = {
        "accuracy": float(right.sum() / len(targets)),
        "balanced_accuracy": float(np.mean(known)),
        "ece": expected_calibration_error(probabilities.max(axis=1), predicted == targets),
        "brier": brier(probabilities, targets),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
    }
    for c, name in enumerate(class_ids):
        result[f"precision_{name}"] = _ratio(right[c], called[c])
        result[f"recall_{name}"] = recall[c]
        result[f"f1_{name}"] = _ratio(2 * right[c], truth[c] + called[c])
        result[f"auc_{name}"] = roc_auc(probabilities[:, c], targets == c)
    areas = [area for name in class_ids if (area := result[f"auc_{name}"]) is not None]
    result["auc_macro"] = float(np.mean(areas)) if areas else None
    return result


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def group_rows(groups: npt.NDArray[np.str_]) -> list[npt.NDArray[np.intp]]:
    """The row numbers of each group, groups in the order of their names."""
    _, inverse = np.unique(groups, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)


def group_count(groups: npt.NDArray[np.str_]) -> int:
    """How many different groups."""
    return len(np.unique(groups))


def few_of_each_group(
    groups: npt.NDArray[np.str_], per_group: int, most: int | None = None
) -> npt.NDArray[np.intp]:
    """Rows, in order: up to `per_group` of every group, evenly spread over it; of these, when they are more
    than `most`, that many, evenly spread again."""
    chosen = np.sort(np.concatenate([evenly(rows, per_group) for rows in group_rows(groups)]))
    return chosen if most is None else evenly(chosen, most)


def evenly(rows: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Up to `count` of some rows, evenly spread over them."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]


def bootstrap(
    groups: npt.NDArray[np.str_],
    statistic: Callable[[npt.NDArray[np.intp]], Mapping[str, float | None]],
    seed: int = 0,
    replicates: int = REPLICATES,
) -> dict[str, tuple[float, float] | None]:
    """95 % percentile intervals from resampling whole groups (the cluster bootstrap; Field & Welsh 2007).

    Images of one group resemble each other, so resampling images would make intervals far too narrow.

    Args:
        groups: N names.
        statistic: figures of the rows it is given (with repeats).
    """
    rows = group_rows(groups)
    estimate = statistic(np.arange(len(groups)))
    if len(rows) < FEWEST_GROUPS:
        return dict.fromkeys(estimate)
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in estimate}
    for _ in range(replicates):
        chosen = random.integers(0, len(rows), len(rows))
        for name, value in statistic(np.concatenate([rows[i] for i in chosen])).items():
            if value is not None:
                drawn[name].append(value)
    return {name: _interval(name, estimate[name], values) for name, values in drawn.items()}


def _interval(name: str, estimate: float | None, values: list[float]) -> tuple[float, float] | None:
    if estimate is None or len(values) < 30:
        return None
    low, high = (float(v) for v in np.quantile(values, (0.025, 0.975)))
    if name == "ece":
        # Resampling adds noise to every bin, and noise only ever adds to this figure: take it off again.
        excess = float(np.mean(values)) - estimate
        low, high = max(0.0, low - excess), max(0.0, high - excess)
    return low, high


def with_interval(
    groups: npt.NDArray[np.str_],
    statistic: Callable[[npt.NDArray[np.intp]], Mapping[str, float | None]],
    split_unit: str,
) -> dict[str, Measured]:
    """A statistic of N rows with its intervals over groups and what it rests on.

    A share without a single exception gets no interval: resampling would find none either, and claim
    certainty.
    """
    intervals = bootstrap(groups, statistic)
    found = {}
    for name, value in statistic(np.arange(len(groups))).items():
        low, high = intervals[name] or (None, None)
        if value in (0.0, 1.0) and value == low == high:
            low = high = None
        found[name] = Measured(value, low, high, len(groups), group_count(groups), split_unit)
    return found


def measure(
    probabilities: Probabilities,
    targets: Targets,
    groups: npt.NDArray[np.str_],
    class_ids: Sequence[str],
    split_unit: str,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> dict[str, Measured]:
    """`figures` with intervals over groups and their denominators."""

    def statistic(rows: npt.NDArray[np.intp]) -> Figures:
        return figures(probabilities[rows], targets[rows], class_ids)

    intervals = bootstrap(groups, statistic, seed, replicates)
    distinct = group_count(groups)
    result = {}
    for name, value in statistic(np.arange(len(targets))).items():
        low, high = intervals[name] or (None, None)
        rests_on = groups_behind(name, targets, groups, class_ids)
        if value == low == high == 1.0:
            # Resampling a set without a single error finds none, and would claim certainty.
            shares = name.startswith(("accuracy", "balanced_accuracy", "recall_"))
            low = all_right_bound(rests_on) if shares else None
            high = high if shares else None
        elif rests_on < FEWEST_GROUPS:
            low = high = None  # all groups together are enough, those of this class are not
        result[name] = Measured(value, low, high, len(targets), distinct, split_unit)
    return result


def all_right_bound(groups: int) -> float:
    """Lower end of the exact 95 % interval when all of n groups are right (Clopper & Pearson 1934)."""
    return float(0.025 ** (1 / groups))


def lower_end(right: npt.NDArray[np.bool_], groups: npt.NDArray[np.generic]) -> float:
    """Lower end of the 95 % interval of the share that is right of n answers, as if the images of a group
    were right or wrong together; 0 of nothing.

    So much do images of a group resemble each other at worst. n images of unequal groups then count as
    (Σ n_g)² / Σ n_g² independent ones (Kish 1965), on which the exact binomial interval stands (Clopper &
    Pearson 1934; Korn & Graubard 1998). With all right and groups of one size it is `all_right_bound`.
    Resampling groups, which gives the published intervals, is no rule to decide by: without a single error
    it finds none, so that one error more would raise the bound.
    """
    from scipy.special import betaincinv

    if not right.any():
        return 0.0
    sizes = np.unique(groups, return_counts=True)[1]
    count = len(right) ** 2 / float((sizes**2).sum())
    hits = float(right.mean()) * count
    return float(betaincinv(hits, count - hits + 1, 0.025))


def groups_behind(name: str, targets: Targets, groups: npt.NDArray[np.str_], class_ids: Sequence[str]) -> int:
    """How many groups a figure rests on: those of its class, or all."""
    of_class = [c for c, class_id in enumerate(class_ids) if name.endswith(f"_{class_id}")]
    return group_count(groups[targets == of_class[0]] if of_class else groups)
