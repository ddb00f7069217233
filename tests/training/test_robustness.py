"""Records about damage, turning and explanations say what was done to how many, and measure it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lungviewer.core.backend import RawOutput
from lungviewer.core.errors import Cancelled
from lungviewer.core.job import CancellableContext, NullContext, RecordingContext
from tests.fixtures.packs import tiny_spec
from tests.fixtures.tiny_judge import painted, tiny_graph, tiny_judge
from training.corruptions import CORRUPTIONS
from training.explain_checks import explanation_record, hide, rank_correlations
from training.judge import Judge
from training.metrics import few_of_each_group
from training.randomise import randomise
from training.robustness import corruption_record
from training.runtime import OnnxModel
from training.stability import stability_record


@pytest.fixture(scope="module")
def record() -> dict:  # type: ignore[type-arg]
    fields, targets, groups = painted(copies=3)
    return corruption_record(tiny_judge(), fields, targets, groups, "group", NullContext())


def test_a_few_of_each_group_are_taken_evenly() -> None:
    groups = np.array(["b"] * 5 + ["a"] * 2 + ["c"])
    assert few_of_each_group(groups, 2).tolist() == [0, 4, 5, 6, 7]
    assert few_of_each_group(groups, 2, most=3).tolist() == [0, 5, 7]


def test_every_kind_and_severity_has_its_figures(record: dict) -> None:  # type: ignore[type-arg]
    assert list(record["kinds"]) == list(CORRUPTIONS)
    for rows in record["kinds"].values():
        assert [row["severity"] for row in rows] == [1, 2, 3, 4, 5]
        for row in rows:
            assert row["drop"] == pytest.approx(record["clean"]["accuracy"] - row["accuracy"])
            assert 0 <= row["coverage"] <= 1 - row["refused"] + 1e-9
    assert json.loads(json.dumps(record))["mean_drop"] == record["mean_drop"]


def test_the_record_says_what_it_rests_on(record: dict) -> None:  # type: ignore[type-arg]
    # Six groups of each of three colours, two of the three copies of each.
    assert (record["images"], record["groups"], record["split_unit"]) == (36, 18, "group")
    for severity, mean in record["mean_drop"].items():
        low, high = record["mean_drop_interval"][severity]
        assert low <= mean <= high


def test_a_colour_judge_falls_for_light_and_not_for_blur(record: dict) -> None:  # type: ignore[type-arg]
    assert record["clean"]["accuracy"] == 1
    assert record["kinds"]["brightness"][4]["drop"] > 0.2
    assert record["kinds"]["blur"][4]["drop"] == 0
    # What is left of a blurred field is refused as blurred: damage that costs no answer costs the call.
    assert record["kinds"]["defocus"][4]["refused"] > record["clean"]["refused"]
    assert record["mean_drop"]["5"] > record["mean_drop"]["1"]


def test_damage_can_be_stopped_between_conditions() -> None:
    class StopsAtThree(RecordingContext):
        def progress(self, done: int, total: int, text: str = "") -> None:
            super().progress(done, total, text)
            if done == 3:
                self.cancel()

    ctx, (fields, targets, groups) = StopsAtThree(), painted(groups=1)
    with pytest.raises(Cancelled):
        corruption_record(tiny_judge(), fields, targets, groups, "group", ctx)
    assert ctx.steps[-1][:2] == (3, 45)


def test_a_judge_of_mean_colour_does_not_mind_turning() -> None:
    fields, _, groups = painted()
    found = stability_record(tiny_judge(), fields, groups, "group", NullContext())
    assert (found["changed_share"], found["per_view_share"]) == (0, 0)
    assert (found["images"], found["groups"], len(found["views"])) == (36, 18, 7)


def test_an_answer_that_hangs_on_the_left_side_changes_when_mirrored() -> None:
    whole = OnnxModel(tiny_graph(), 1)

    class LeftOnly:
        def predict(self, batch: np.ndarray) -> RawOutput:
            left = batch.copy()
            left[:, :, 16:] = batch[:, :, :16]
            return whole.predict(left)

    fields, _, groups = painted(groups=5, copies=1)
    fields[:, :, 16:] = np.roll(fields, 5, axis=0)[:, :, 16:]  # another class on the right
    sided = Judge(tiny_spec(), LeftOnly(), None)  # type: ignore[arg-type]
    found = stability_record(sided, fields, groups, "group", NullContext())
    assert found["changed_share"] == 1
    assert found["views"]["mirror"] == found["views"]["half"] == 1
    assert found["views"]["mirror_half"] == 0, "upside down, left stays left"
    assert 0 < found["per_view_share"] < 1


def test_random_weights_are_repeatable_and_answer_differently() -> None:
    one, other = randomise(tiny_graph(), 1), randomise(tiny_graph(), 1)
    assert one == other != randomise(tiny_graph(), 2)
    fields, _, _ = painted(groups=1)
    before, after = (OnnxModel(graph, 1).predict(fields) for graph in (tiny_graph(), one))
    assert after.cam.shape == before.cam.shape
    assert np.abs(after.logits - before.logits).max() > 1


class SeesDetail:
    """Class 0 where there is fine detail, and its map is where that is: 4×4 cells."""

    def predict(self, batch: np.ndarray) -> RawOutput:
        cells = batch[..., 0].reshape(len(batch), 4, 8, 4, 8).astype(np.float32).std(axis=(2, 4))
        logits = np.stack([cells.max(axis=(1, 2)), *[np.full(len(batch), 15.0)] * 2], axis=1)
        maps = np.stack([cells, 0 * cells, 0 * cells], axis=1)
        return RawOutput(logits.astype(np.float32), maps, logits.astype(np.float32))


def one_busy_corner(count: int) -> np.ndarray:
    fields = np.full((count, 32, 32, 3), 128, np.uint8)
    fields[:, 8:16, 16:24] = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3))
    return fields


def test_hiding_the_hot_area_costs_more_than_hiding_the_cold_one() -> None:
    judge = Judge(tiny_spec(temperature=20.0), SeesDetail(), None)  # type: ignore[arg-type]
    found = explanation_record(judge, None, one_busy_corner(8), NullContext())
    hidden = found["hidden"]
    assert "randomised" not in found
    assert (hidden["images"], hidden["groups"], found["split_unit"]) == (8, 8, "image")
    assert hidden["drop_hot"] > hidden["drop_random"] > hidden["drop_cold"]
    assert hidden["drop_hot"] > 0.2
    assert (hidden["moved_share"], hidden["changed_hot"], hidden["changed_cold"]) == (1, 1, 0)
    assert hidden["intervals"]["moved_share"] == (1, 1)


def test_a_network_compared_with_itself_has_the_same_map() -> None:
    fields, _, groups = painted(groups=2)
    graphs = tiny_graph(), randomise(tiny_graph(), 3)
    same, other = (
        explanation_record(tiny_judge(), OnnxModel(g, 1), fields, NullContext(), groups, "group")[
            "randomised"
        ]
        for g in graphs
    )
    assert same["rank_correlation"] == pytest.approx(1)
    assert (same["images"], same["groups"], same["without_map"]) == (12, 6, 0)
    assert other["rank_correlation"] < 0.9
    assert other["images"] + other["without_map"] == 12


def test_rank_correlation_agrees_with_scipy() -> None:
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    one, other = (np.maximum(random.normal(size=(5, 7, 7)), 0).astype(np.float32) for _ in range(2))
    expected = [spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(rank_correlations(one, other), expected)


@pytest.mark.parametrize("area", ["hot", "cold", "random"])
def test_a_fifth_of_the_field_is_hidden_even_where_the_map_is_flat(area: str) -> None:
    field = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 1
    hidden = (hide(field, heat, area, np.random.default_rng(1)) != field).any(axis=2)
    assert hidden.mean() == pytest.approx(0.2, abs=0.01)
    if area != "random":
        assert hidden[:8, :8].mean() == pytest.approx(float(area == "hot"), abs=0.1)


def test_a_field_without_a_map_is_counted_and_left_out() -> None:
    fields = np.repeat(np.full((1, 32, 32, 3), 128, np.uint8), 6, axis=0)
    flat = explanation_record(tiny_judge(), None, fields, NullContext())["hidden"]
    assert (flat["images"], flat["without_map"], flat["moved_share"]) == (0, 6, None)


def test_explanations_can_be_stopped() -> None:
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        explanation_record(tiny_judge(), None, painted(groups=1)[0], ctx)
