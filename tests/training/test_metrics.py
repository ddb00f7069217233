"""Figures agree with scikit-learn or with arithmetic done by hand; intervals respect groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import (
    bootstrap,
    brier,
    confusion,
    coverage_curve,
    expected_calibration_error,
    figures,
    group_rows,
    measure,
    roc_auc,
)

IDS = ("a", "b", "c")


def sample(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = random.integers(0, 3, n)
    logits = random.normal(0, 1, (n, 3)) + 1.2 * np.eye(3)[targets]
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True), targets


@pytest.mark.parametrize("seed", range(4))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    from sklearn import metrics as reference

    probabilities, targets = sample(seed)
    predicted = probabilities.argmax(axis=1)
    found = figures(probabilities, targets, IDS)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, predicted))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(targets, predicted))
    precision, recall, f1, _ = reference.precision_recall_fscore_support(targets, predicted, zero_division=0)
    for c, name in enumerate(IDS):
        assert found[f"precision_{name}"] == pytest.approx(precision[c])
        assert found[f"recall_{name}"] == pytest.approx(recall[c])
        assert found[f"f1_{name}"] == pytest.approx(f1[c])
        expected = reference.roc_auc_score(targets == c, probabilities[:, c])
        assert found[f"auc_{name}"] == pytest.approx(expected)
    np.testing.assert_array_equal(
        confusion(predicted, targets, 3), reference.confusion_matrix(targets, predicted)
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
@settings(max_examples=80)
def test_auc_is_the_chance_to_rank_a_pair_right_with_ties_half(rows: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    found = roc_auc(scores, positive)
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    if not pairs:
        assert found is None
    else:
        assert found == pytest.approx(np.mean(pairs))


def test_ece_of_a_sure_and_half_right_model_is_the_gap() -> None:
    right = np.arange(300) % 2 == 0
    assert expected_calibration_error(np.full(300, 0.9), right, 1) == pytest.approx(0.4)


def test_ece_bins_have_equal_mass() -> None:
    # By hand, two bins: (0.5, 0.6 | 1 of 2 right) and (0.7, 0.8 | 2 of 2 right).
    confidence, right = np.array([0.8, 0.5, 0.7, 0.6]), np.array([True, True, True, False])
    assert expected_calibration_error(confidence, right, 2) == pytest.approx((2 * 0.05 + 2 * 0.25) / 4)


def test_ece_of_a_calibrated_model_is_small() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.4, 1, 20_000)
    right = random.uniform(size=20_000) < confidence
    assert expected_calibration_error(confidence, right) < 0.012


def test_brier_by_hand() -> None:
    probabilities = np.array([[0.7, 0.3], [0.2, 0.8]])
    assert brier(probabilities, np.array([0, 0])) == pytest.approx((0.18 + 1.28) / 2)


def test_coverage_starts_with_the_most_confident() -> None:
    covered, accuracy = coverage_curve(np.array([0.5, 0.9, 0.7]), np.array([False, True, True]))
    assert covered.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert accuracy.tolist() == pytest.approx([1, 1, 2 / 3])


def test_a_class_without_images_has_no_recall_and_no_auc() -> None:
    found = figures(np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1]]), np.array([0, 1]), IDS)
    assert found["recall_c"] is None
    assert found["auc_c"] is None
    assert found["precision_c"] is None
    assert found["balanced_accuracy"] == 1


def test_group_rows_are_a_partition() -> None:
    groups = np.array(["b", "a", "b", "c", "a"])
    assert [r.tolist() for r in group_rows(groups)] == [[1, 4], [0, 2], [3]]


def test_intervals_over_groups_are_as_wide_as_groups_are_few() -> None:
    """100 identical copies of each of 20 images say no more than 20 images."""
    random = np.random.default_rng(0)
    right = np.repeat(random.uniform(size=20) < 0.8, 100)

    def accuracy(rows: np.ndarray) -> dict[str, float | None]:
        return {"accuracy": float(right[rows].mean())}

    by_group = bootstrap(np.repeat([f"g{i:02}" for i in range(20)], 100), accuracy, replicates=400)[
        "accuracy"
    ]
    by_image = bootstrap(np.array([f"i{i:04}" for i in range(2000)]), accuracy, replicates=400)["accuracy"]
    assert by_group is not None
    assert by_image is not None
    wide, narrow = by_group[1] - by_group[0], by_image[1] - by_image[0]
    # Standard errors: sqrt(p(1-p)/20) against sqrt(p(1-p)/2000), ten times smaller.
    assert 7 < wide / narrow < 14


def test_four_groups_give_no_interval() -> None:
    found = bootstrap(np.array(list("aabbccdd")), lambda rows: {"n": float(len(rows))})
    assert found == {"n": None}


def test_a_class_of_few_groups_has_no_interval_though_all_together_have() -> None:
    probabilities, targets = sample(1)
    groups = np.array([f"{target} {i % 20}" for i, target in enumerate(targets)])
    groups[targets == 2] = np.where(np.arange((targets == 2).sum()) % 2, "x", "y")
    found = measure(probabilities, targets, groups, IDS, "group", replicates=100)
    assert found["recall_c"].value is not None
    assert (found["recall_c"].low, found["recall_c"].high) == (None, None)
    assert found["recall_a"].low is not None
    assert found["accuracy"].low is not None


def test_a_class_without_an_error_is_not_called_certain() -> None:
    targets = np.repeat([0, 1, 2], 100)
    perfect = np.eye(3)[targets]
    groups = np.array([f"g{i // 10}" for i in range(300)])
    found = measure(perfect, targets, groups, IDS, "group", replicates=100)
    # By hand, ten groups of the class: 0.025 ** (1 / 10).
    assert found["recall_b"].low == pytest.approx(0.6915, abs=1e-4)
    assert (found["auc_b"].low, found["auc_b"].high) == (None, None)
    assert found["accuracy"].low == pytest.approx(0.025 ** (1 / 30))


def test_every_measured_figure_says_what_it_rests_on() -> None:
    probabilities, targets = sample(1)
    groups = np.array([f"g{i // 10}" for i in range(200)])
    found = measure(probabilities, targets, groups, IDS, "group", replicates=100)
    for name, measured in found.items():
        assert (measured.images, measured.groups, measured.split_unit) == (200, 20, "group")
        assert measured.low is not None, name
        assert measured.high is not None, name
        assert measured.value is not None, name
        assert measured.low <= measured.value <= measured.high, name
