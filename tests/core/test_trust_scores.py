"""Strangeness scores: each computes what its paper says, from the arrays of a trust.npz."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.errors import PackInvalid
from lungviewer.core.outliers import PARTS, outlier_model

GAUSSIAN = {
    "centre": np.zeros(2, np.float32),
    "projection": np.eye(2, dtype=np.float32),
    "class_means": np.array([[0, 0], [10, 0], [0, 10]], np.float32),
}
SUM = {
    **GAUSSIAN,
    "parts": np.array([PARTS.index("gaussian"), PARTS.index("norm")], np.int32),
    "means": np.array([1.0, -5.0]),
    "deviations": np.array([0.5, 2.0]),
}
LOGITS = np.zeros((1, 3), np.float32)


def score(method, arrays, embedding, logits=LOGITS):
    model = outlier_model(method, arrays)
    assert model is not None
    return model.score(np.array([embedding], np.float32), np.array(logits, np.float32))[0]


def test_a_pack_without_a_score_has_no_model():
    assert outlier_model("none", {}) is None


def test_the_gaussian_score_is_the_distance_per_dimension_to_the_nearest_class():
    assert score("gaussian", GAUSSIAN, [3, 4]) == pytest.approx(5 / np.sqrt(2))
    assert score("gaussian", GAUSSIAN, [10, 1]) == pytest.approx(1 / np.sqrt(2))


def test_the_relative_score_takes_off_what_is_far_from_everything():
    arrays = {**GAUSSIAN, "background": np.array([[0.5, 0], [0, 0.5]], np.float32)}
    assert score("relative", arrays, [3, 4]) == pytest.approx(25 / 2 - (1.5**2 + 2**2) / 2)


def test_the_neighbour_score_is_the_distance_to_the_kth_nearest():
    bank = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    arrays = {"centre": np.zeros(2), "bank": bank, "k": np.array(2)}
    assert score("neighbours", arrays, [5, 0]) == pytest.approx(1.0, abs=1e-6)


def test_the_energy_is_low_where_any_logit_is_high():
    assert score("energy", {}, [0, 0], [[1, 1, 1]]) == pytest.approx(-1 - np.log(3))
    assert score("energy", {}, [0, 0], [[1000, 0, 0]]) == pytest.approx(-1000)


def test_the_norm_score_is_higher_for_less_activation():
    assert score("norm", {}, [3, 4]) == pytest.approx(-5)


def test_a_sum_adds_its_parts_in_deviations_from_home():
    expected = (5 / np.sqrt(2) - 1) / 0.5 + (-5 + 5) / 2
    assert score("sum", SUM, [3, 4]) == pytest.approx(expected)


def test_an_embedding_that_is_no_number_never_scores_as_familiar():
    for method, arrays in (("gaussian", GAUSSIAN), ("norm", {}), ("sum", SUM)):
        assert not score(method, arrays, [np.nan, 0]) <= 1e30


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("gaussian", {"centre": None}),
        ("gaussian", {"projection": np.eye(3, dtype=np.float32)}),
        ("relative", {"background": None}),
        ("relative", {"background": np.eye(3, dtype=np.float32)}),
        ("sum", {"parts": None}),
        ("sum", {"parts": np.array([0, 99], np.int32)}),
        ("sum", {"parts": np.array([0.0, 1.0])}),
        ("sum", {"means": np.array([1.0])}),
        ("sum", {"deviations": np.array([1.0, 0.0])}),
        ("sum", {"parts": np.array([PARTS.index("neighbours"), 0], np.int32)}),
        ("magic", {}),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(method, change):
    arrays = {**SUM, "background": np.eye(2, dtype=np.float32), **change}
    arrays = {name: values for name, values in arrays.items() if values is not None}
    with pytest.raises(PackInvalid):
        outlier_model(method, arrays)
