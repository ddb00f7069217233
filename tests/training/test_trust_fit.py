"""The strangeness score: fitted on one side, chosen by altered images, small enough to ship."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.outliers import outlier_model
from training.evidence import Evidence
from training.trust_fit import (
    SIMPLEST_FIRST,
    TrustCandidate,
    TrustFit,
    clearly_worse,
    fit_trust,
    gaussian_arrays,
    neighbour_arrays,
    pack_arrays,
)

WIDTH = 40


def clusters(seed: int, n: int = 300) -> tuple[Evidence, np.ndarray]:
    """Three classes as clouds; the logits say which."""
    random = np.random.default_rng(seed)
    targets = (np.arange(n) % 3).astype(np.int64)
    centres = np.random.default_rng(0).normal(0, 3, (3, WIDTH))
    embedding = (centres[targets] + random.normal(0, 1, (n, WIDTH))).astype(np.float32)
    return Evidence((5 * np.eye(3)[targets]).astype(np.float32), embedding), targets


def far(kind: int) -> Evidence:
    random = np.random.default_rng(5)
    embedding = random.normal(0, 6, (100, WIDTH)).astype(np.float32)
    if kind:  # shrunken clouds: near every mean, but short
        embedding = clusters(9, 100)[0].embedding * np.float32(0.6)
    return Evidence(np.zeros((100, 3), np.float32), embedding)


def fitted() -> TrustFit:
    train, targets = clusters(1, 1200)
    groups = np.array([f"g{i // 4}" for i in range(1200)])
    return fit_trust(train, targets, groups, clusters(2, 600)[0], {"noise": far(0), "pale": far(1)}, 3)


@pytest.fixture(scope="module")
def fit() -> TrustFit:
    return fitted()


def test_every_kind_of_score_is_tried_and_judged_on_every_kind_of_altered_image(fit: TrustFit) -> None:
    assert {c.method for c in fit.candidates} == set(SIMPLEST_FIRST)
    assert all(set(c.auroc) == {"noise", "pale"} for c in fit.candidates)
    assert all(0 <= v <= 1 for c in fit.candidates for v in c.auroc.values())


def test_the_simplest_score_that_is_not_clearly_worse_is_chosen(fit: TrustFit) -> None:
    best = max(fit.candidates, key=lambda c: c.mean)
    (chosen,) = [c for c in fit.candidates if (c.method, c.setting) == (fit.method, fit.setting)]
    assert not clearly_worse(chosen, best)
    simpler = SIMPLEST_FIRST[: SIMPLEST_FIRST.index(fit.method)]
    assert all(clearly_worse(c, best) for c in fit.candidates if c.method in simpler)


def test_a_lead_on_one_kind_of_image_alone_is_not_clear() -> None:
    best = TrustCandidate("sum", "", {"a": 0.99, "b": 0.99, "c": 0.99, "d": 0.99})
    once = TrustCandidate("gaussian", "", {"a": 0.99, "b": 0.99, "c": 0.99, "d": 0.95})
    always = TrustCandidate("energy", "", {"a": 0.97, "b": 0.98, "c": 0.97, "d": 0.96})
    assert not clearly_worse(once, best)
    assert clearly_worse(always, best)


def test_a_score_that_misses_one_kind_of_image_altogether_is_never_the_simplest_that_will_do() -> None:
    best = TrustCandidate("sum", "", {"a": 0.99, "b": 0.99, "c": 0.99, "d": 0.99})
    blind = TrustCandidate("norm", "", {"a": 0.99, "b": 0.99, "c": 0.99, "d": 0.20})
    assert clearly_worse(blind, best)


def test_the_arrays_give_the_core_the_same_scores(fit: TrustFit) -> None:
    seen = clusters(3)[0]
    rebuilt = outlier_model(fit.method, fit.arrays)
    assert rebuilt is not None
    np.testing.assert_array_equal(seen.scores(rebuilt), seen.scores(fit.model))
    assert np.median(far(0).scores(rebuilt)) > np.quantile(seen.scores(rebuilt), 0.95)


def test_the_gaussian_score_is_about_one_at_home() -> None:
    train, targets = clusters(1, 3000)
    model = outlier_model("gaussian", gaussian_arrays(train.embedding, targets, 3, 16))
    assert model is not None
    assert 0.9 < np.median(clusters(2)[0].scores(model)) < 1.1


def test_fitting_twice_gives_the_same_bytes(fit: TrustFit) -> None:
    assert pack_arrays(fitted().arrays) == pack_arrays(fit.arrays)


def test_scores_that_would_make_the_file_too_large_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.trust_fit.LARGEST_MATRIX", 10_000)
    random = np.random.default_rng(0)
    train = Evidence(np.zeros((600, 3), np.float32), random.normal(0, 1, (600, 128)).astype(np.float32))
    targets = (np.arange(600) % 3).astype(np.int64)
    groups = np.arange(600).astype(str)
    fit = fit_trust(train, targets, groups, train[np.arange(100)], {"same": train[np.arange(50)]}, 3)
    tried = {(c.method, c.setting) for c in fit.candidates}
    assert ("gaussian", "64 dimensions") in tried
    assert ("gaussian", "128 dimensions") not in tried
    assert "relative" not in {method for method, _ in tried}
    bank = neighbour_arrays(train.embedding, groups, 1)["bank"]
    assert (bank.dtype, len(bank)) == (np.float16, 2 * 10_000 // 128)
