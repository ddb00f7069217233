"""The two thresholds meet what they promise, and what gives way is what the rule says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.backend import RawOutput
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.core.model import REVIEW_ALL
from tests.fixtures.colour_data import draw_tile
from tests.training.conftest import ABOUT
from training.data import open_dataset
from training.errors import DataProblem
from training.evidence import Evidence, Shifted, home_evidence, laboratory_evidence
from training.laboratories import shifted_fields
from training.metrics import lower_end
from training.notes import Note
from training.operating import (
    REFUSED_SHARES,
    Aims,
    Answered,
    OperatingPoint,
    abroad_record,
    choose_point,
    holds_abroad,
    unreviewed_record,
)
from training.operating_text import unreviewed_sentence
from training.pack import draft_spec, provenance_of
from training.split import split_by_group
from training.thresholds import fit_thresholds


def answered(seed: int, skill: float, n: int = 500, strange: float = 0.0) -> Answered:
    """Answers that are right as often as they are sure, or `skill` if that is more."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.34, 1, n)
    right = random.uniform(size=n) < np.maximum(confidence, skill)
    return Answered(confidence, random.normal(strange, 1, n), right, np.ones(n, bool), each_alone(n))


def each_alone(n: int) -> np.ndarray:
    return np.arange(n)


@given(st.integers(0, 1000), st.floats(0.5, 1.0), st.sampled_from([1, 2, 10, 100]))
@settings(max_examples=40)
def test_a_point_achieves_what_it_states(seed: int, skill: float, group: int) -> None:
    home = replace(answered(seed, skill), groups=np.arange(500) // group)
    point, aims = choose_point(home, []), Aims()
    kept = home.calls(point.refuse_above, point.review_below)
    assert point.coverage == pytest.approx(kept.mean())
    if not kept.any():
        assert_nothing_can_be_called(home, point, aims)
        return
    assert point.accuracy_low == lower_end(home.right[kept], home.groups[kept])
    assert point.accuracy_low >= aims.call_accuracy
    assert point.selective_error == pytest.approx(1 - home.right[kept].mean())
    limits = {
        "error": min(0.02, point.plain_error / 2),
        "either": max(0.02, point.plain_error / 2),
    }
    assert point.selective_error <= limits.get(point.target, 1.0) + 1e-9
    if point.target in ("error", "either", "coverage"):
        assert point.coverage >= 0.9


def assert_nothing_can_be_called(home: Answered, point: OperatingPoint, aims: Aims) -> None:
    """No pair of thresholds may be found by hand that meets the aim."""
    assert (point.review_below, point.target, point.selective_error) == (REVIEW_ALL, "nothing", None)
    for review_below in np.linspace(0, 0.999, 60):
        kept = home.calls(point.refuse_above, float(review_below))
        assert lower_end(home.right[kept], home.groups[kept]) < aims.call_accuracy


def test_calls_begin_at_the_smallest_confidence_at_which_enough_groups_show_the_aim() -> None:
    home = wrong_below(0.7)
    point = choose_point(home, [])
    kept = home.calls(point.refuse_above, point.review_below)
    assert point.target == "none", "coverage gives way"
    assert lower_end(home.right[kept], home.groups[kept]) >= 0.9
    looser = home.calls(point.refuse_above, point.review_below - 0.002)
    assert lower_end(home.right[looser], home.groups[looser]) < 0.9


def test_where_sure_answers_are_no_better_than_others_nothing_is_a_call() -> None:
    random = np.random.default_rng(4)
    guessed = Answered(
        random.uniform(0.34, 1, 400),
        random.normal(size=400),
        random.uniform(size=400) < 0.7,
        np.ones(400, bool),
        each_alone(400),
    )
    laboratory = wrong_below(0.6)
    point = choose_point(guessed, [laboratory])
    assert_nothing_can_be_called(guessed, point, Aims())
    assert (point.coverage, point.abroad) == (0.0, None)
    assert point.refuse_above == choose_point(guessed, [laboratory], Aims(call_accuracy=0)).refuse_above
    record = abroad_record(point, [laboratory], Aims())
    assert record is not None
    assert (record["selective_accuracy"], record["coverage"]["mean"], record["aim_met"]) == (None, 0.0, False)
    assert record["plain_accuracy"]["mean"] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("groups", "shown"), [(18, False), (35, False), (36, True), (400, True)])
def test_a_few_groups_show_nothing_however_many_images_are_right(groups: int, shown: bool) -> None:
    home = replace(sure_and_right(), strangeness=np.zeros(400), groups=np.arange(400) * groups // 400)
    point = choose_point(home, [])
    record = unreviewed_record(point, home, Aims())
    assert (point.review_below < REVIEW_ALL) is shown
    assert (record["aim_met"], record["groups"]) == (shown, groups)
    assert (record["at_most"] >= 0.9) is shown
    assert ("With so few groups" in unreviewed_sentence(record)) is not shown


def test_a_rounded_certainty_is_no_call_where_nothing_is() -> None:
    certain = replace(sure_and_right(), confidence=np.ones(400))
    assert not certain.calls(np.inf, REVIEW_ALL).any()
    assert certain.calls(np.inf, 0.999).all()
    assert choose_point(certain, []).review_below == 0.0


def test_without_laboratories_the_smallest_share_is_refused() -> None:
    assert choose_point(answered(1, 0.97), []).refused_share == REFUSED_SHARES[0]


def sure_and_right(n: int = 400) -> Answered:
    confidence = np.linspace(0.8, 1, n)
    return Answered(confidence, np.linspace(0, 1, n), np.ones(n, bool), np.ones(n, bool), each_alone(n))


def wrong_below(confidence: float, n: int = 400) -> Answered:
    sure = np.linspace(0.5, 1, n)
    return Answered(sure, np.zeros(n), sure >= confidence, np.ones(n, bool), each_alone(n))


def test_a_laboratory_raises_the_review_threshold_as_far_as_its_aim_asks() -> None:
    abroad = [wrong_below(0.83)]
    alone, careful = choose_point(sure_and_right(), []), choose_point(sure_and_right(), abroad)
    assert alone.review_below < careful.review_below <= 0.83
    assert careful.abroad is not None
    assert careful.abroad >= 0.9
    assert careful.coverage >= 0.9


def test_accuracy_abroad_gives_way_when_home_comes_first() -> None:
    aims = Aims()
    point = choose_point(sure_and_right(), [wrong_below(0.97)], aims)
    assert point.coverage >= 0.9
    assert not holds_abroad(point, aims)


def test_coverage_at_home_gives_way_when_abroad_comes_first() -> None:
    aims = Aims(abroad_first=True)
    point = choose_point(sure_and_right(), [wrong_below(0.97)], aims)
    assert point.coverage < 0.9
    assert holds_abroad(point, aims)


def test_more_is_refused_as_strange_when_confidence_cannot_tell() -> None:
    home = sure_and_right()
    strange_and_wrong = Answered(
        np.ones(300),
        np.r_[np.zeros(150), np.full(150, 0.975)],
        np.arange(300) < 150,
        np.ones(300, bool),
        each_alone(300),
    )
    point = choose_point(home, [strange_and_wrong])
    assert point.refused_share > REFUSED_SHARES[0]
    assert point.abroad == 1.0


def test_images_that_fail_a_check_are_no_calls() -> None:
    home = sure_and_right()
    blurred = replace(home, passed=np.arange(400) % 4 > 0)
    point = choose_point(blurred, [])
    assert point.target == "none"
    assert point.coverage <= 0.75


def test_when_every_image_fails_a_check_the_modality_is_asked_about() -> None:
    home = sure_and_right()
    with pytest.raises(DataProblem, match="Every validation image") as caught:
        choose_point(replace(home, passed=np.zeros(len(home.passed), bool)), [])
    assert "CT or histology" in caught.value.sentence


def test_the_record_gives_the_spread_over_laboratories() -> None:
    labs, aims = [wrong_below(0.83), wrong_below(0.6)], Aims()
    point = choose_point(sure_and_right(), labs, aims)
    record = abroad_record(point, labs, aims)
    assert record is not None
    assert (record["laboratories"], record["images_each"]) == (2, 400)
    found = record["selective_accuracy"]
    assert found["lowest"] < found["mean"] < found["highest"]
    assert abroad_record(point, [], aims) is None


# --- made-up laboratories


def pictures() -> np.ndarray:
    return np.stack([draw_tile(label, 1) for label in ("lung_aca", "lung_n", "lung_scc")])


def test_a_laboratory_is_the_same_every_time_and_another_is_another() -> None:
    one, again, other = (shifted_fields(n, pictures(), "histology", 3) for n in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 5
    assert one.shape == pictures().shape
    assert one.dtype == np.uint8


def test_a_laboratory_brings_the_classes_colours_together() -> None:
    def between(fields: np.ndarray) -> float:
        return float(fields.reshape(3, -1, 3).mean(axis=1).std(axis=0).mean())

    apart = np.mean([between(shifted_fields(n, pictures(), "histology", 3)) for n in range(6)])
    assert apart < 0.8 * between(pictures())


# --- all together, on a model that sees mean colours


class ColourModel:
    """Logits and embedding from mean colour: three numbers, no training."""

    def predict(self, batch: np.ndarray) -> RawOutput:
        means = batch.reshape(len(batch), -1, 3).mean(axis=1).astype(np.float32) / 255
        noise = batch[:, :3, :3, 0].reshape(len(batch), -1).astype(np.float32) / 255
        colours = np.array([[0.75, 0.22, 0.5], [0.91, 0.72, 0.82], [0.34, 0.23, 0.61]], np.float32)
        logits = -40 * np.linalg.norm(means[:, None] - colours[None], axis=2).astype(np.float32)
        return RawOutput(logits, np.zeros((len(batch), 3, 2, 2), np.float32), np.hstack([means, noise]))


SIX_GROUPS = Aims(call_accuracy=0.5)
"""Six validation groups show no more."""


@pytest.fixture(scope="module")
def fitted(colour_data: Path):
    dataset = open_dataset(colour_data)
    split, model = split_by_group(dataset, 3), ColourModel()
    home = home_evidence(model, dataset, 64, NullContext())
    draft = draft_spec(ABOUT, dataset.classes, "colour", _explain(), provenance_of(ABOUT, dataset, split))
    checks = [""] * len(dataset.samples)
    labs = laboratory_evidence(model, dataset, split, 64, "histology", NullContext())
    thresholds = fit_thresholds(model, home, dataset, split, checks, draft, NullContext(), labs, SIX_GROUPS)
    return thresholds, labs, dataset, split, home, checks, draft


def _explain():
    from lungviewer.core.model import ExplainSpec

    return ExplainSpec("cam", "none")


def test_a_model_from_pixels_gets_all_its_thresholds(fitted) -> None:
    thresholds, labs, dataset, split, *_ = fitted
    spec = thresholds.spec
    assert spec.trust.score == thresholds.trust.method
    assert spec.trust.refuse_above == thresholds.calibration["review"]["refuse_above"]
    assert spec.trust.review_below == thresholds.calibration["review"]["review_below"]
    assert spec.calibration.fitted_on == f"{len(split.rows('validation'))} validation images of 6 groups"
    assert thresholds.calibration["made_up_laboratories"]["laboratories"] == len(labs)
    assert set(spec.trust.targets) >= {"validation_coverage", "made_up_laboratories_accuracy"}
    assert thresholds.calibration["unreviewed"]["aim_met"]
    assert spec.trust.targets["validation_call_accuracy_low"] >= 0.5
    assert not spec.trust.always_review
    assert len(dataset.samples) == 108


def test_six_groups_do_not_show_that_nine_of_ten_calls_are_right(fitted) -> None:
    _, labs, dataset, split, home, checks, draft = fitted
    ctx = RecordingContext()
    found = fit_thresholds(ColourModel(), home, dataset, split, checks, draft, ctx, labs)
    assert found.spec.trust.always_review
    assert found.spec.standing_doubts == ("aim_not_met",)
    assert "validation_selective_error" not in found.spec.trust.targets
    assert found.spec.trust.targets["validation_coverage"] == 0.0
    assert not found.calibration["unreviewed"]["aim_met"]
    (note,) = [note for note in ctx.partials if isinstance(note, Note)]
    assert note.level == "warning"
    assert "Every answer of this pack asks for review" in note.text
    assert "of 6 groups" in note.text


def test_without_shifted_images_home_alone_decides(fitted) -> None:
    thresholds, _, dataset, split, home, checks, draft = fitted
    alone = fit_thresholds(
        ColourModel(), home, dataset, split, checks, draft, NullContext(), shifted=(), aims=SIX_GROUPS
    )
    assert alone.calibration["made_up_laboratories"] is None
    assert "made_up_laboratories_accuracy" not in alone.spec.trust.targets
    assert alone.spec.trust.review_below <= thresholds.spec.trust.review_below


def test_any_shifted_images_will_do(fitted) -> None:
    _, _, dataset, split, home, checks, draft = fitted
    rows = split.rows("validation")
    mirror = Shifted(Evidence(home.logits[rows], home.embedding[rows]), rows, ("",) * len(rows))
    ctx = RecordingContext()
    found = fit_thresholds(ColourModel(), home, dataset, split, checks, draft, ctx, [mirror])
    assert found.calibration["made_up_laboratories"]["laboratories"] == 1
    assert not any(text == "Made-up laboratories" for *_, text in ctx.steps)
