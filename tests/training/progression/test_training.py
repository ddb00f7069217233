"""A few steps of both methods: finite, the same after a pause, and the pack that comes out."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import CancellableContext, NullContext
from lungviewer.core.synthetic import has_bars
from lungviewer.packs.simulator_golden import drawing_reproduces, encoding_reproduces
from training.data import decode
from training.errors import DataProblem
from training.progression.evaluate import evaluate
from training.progression.eyes import Seen
from training.progression.fit import FitRequest, fit, open_split
from training.progression.loop import load_trained, train
from training.progression.pack import Names, export, training_record, with_evaluation
from training.progression.runtime import Simulator
from training.progression.settings import Settings
from training.progression.slices import Grey, Slices, read_slices
from training.progression.trainer import stage_told
from training.tensorflow_gate import require_tensorflow, short_floats

pytest.importorskip("tensorflow")


class _StopAfter(CancellableContext):
    """Cancels as soon as `steps` have been trained."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def progress(self, done: int, total: int, text: str = "") -> None:
        if text == "Steps" and done >= self._steps:
            self.cancel()


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("method", ["gan", "vae-gan"])
def test_a_paused_training_ends_with_the_same_weights_and_finite_losses(
    method: str, settings: Settings, slices: Slices, tmp_path: Path
) -> None:
    settings = replace(settings, method=method)
    straight = train(settings, slices, slices.take(np.arange(2)), tmp_path / "a", NullContext())
    with pytest.raises(Cancelled):
        train(settings, slices, slices.take(np.arange(2)), tmp_path / "b", _StopAfter(3))
    resumed = train(settings, slices, slices.take(np.arange(2)), tmp_path / "b", NullContext())
    for one, other in zip(straight.state(), resumed.state(), strict=True):
        values = np.asarray(one)
        assert np.isfinite(values).all()
        assert np.array_equal(values, np.asarray(other))
    assert (tmp_path / "a" / "losses.json").read_bytes() == (tmp_path / "b" / "losses.json").read_bytes()


class _FakeEyes:
    """Sees the mean of sixteen places; malignant is what is bright where the spot is."""

    def look(self, pictures: Grey, ctx: object, text: str) -> Seen:
        side = pictures.shape[1] // 4
        blocks = pictures.astype(np.float64).reshape(len(pictures), 4, side, 4, side).mean(axis=(2, 4))
        malignant = blocks[:, 1:3, 2].mean(axis=1) / 255
        stages = np.stack([1 - malignant, np.zeros(len(pictures)), malignant], axis=1)
        return Seen(blocks.reshape(len(pictures), -1), stages, malignant)


def test_from_a_data_folder_to_a_measured_pack(settings: Settings, disc_folder: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "packs" / "sim"
    fit(FitRequest(disc_folder, run, settings, split_seed=7), NullContext())
    pack = export(run, disc_folder, out, Names(id="small"), {}, NullContext())
    assert (pack.spec.method, pack.spec.size, pack.spec.latent) == ("vae-gan", 32, 4)
    assert training_record(out)["parity"]["pixel"] <= 1
    simulator = Simulator(pack.generator, pack.encoder, 4)
    drawn = simulator.draw(pack.golden["latent"], pack.golden["stage"])
    assert drawing_reproduces(pack.golden, drawn)
    assert encoding_reproduces(pack.golden, *simulator.encode(drawn))
    again = export(run, disc_folder, tmp_path / "again", Names(id="small"), {}, NullContext())
    assert (again.generator, again.encoder) == (pack.generator, pack.encoder)

    dataset, split = open_split(disc_folder, 7)
    training = read_slices(dataset, split, ("train",), 32)
    held = read_slices(dataset, split, ("test",), 32)
    found = evaluate(simulator, _FakeEyes(), training, held, NullContext(), count=8)  # type: ignore[arg-type]
    figures = [figure for section in found.sections.values() for figure in section]
    assert len(figures) > 40
    assert all(np.isfinite(f.value) and f.units >= 1 for f in figures)
    for content in (*found.own.values(), *found.with_real.values()):
        assert b"SYNTHETIC" in content
        with pytest.raises(DataProblem, match="simulator"):
            decode(content)
        with Image.open(io.BytesIO(content)) as picture:
            assert has_bars(np.asarray(picture.convert("RGB")))
    with_evaluation(out, found, "judge@1.0.0")
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "no prediction of anyone's disease" in card
    assert "judge@1.0.0" in card
    assert not (out / "evaluation" / "given_back.png").exists()


def test_a_run_without_a_checkpoint_has_no_networks_yet(settings: Settings, tmp_path: Path) -> None:
    assert load_trained(settings, tmp_path) is None


@pytest.mark.parametrize(
    ("place", "shown", "nats"), [(0, (9, 0, 0), 0), (2, (9, 0, 0), 9), (0.5, (5, 5, 0), 0.69)]
)
def test_a_place_between_two_stages_is_shown_by_both(
    place: float, shown: tuple[float, ...], nats: float
) -> None:
    assert float(stage_told(np.float32([place]), np.float32([shown]))) == pytest.approx(nats, abs=0.01)


def test_short_floats_end_with_what_is_computed_inside() -> None:
    tf, _ = require_tensorflow()
    with short_floats():
        inside = tf.config.optimizer.get_experimental_options()
    after = tf.config.optimizer.get_experimental_options()
    assert [on["auto_mixed_precision_onednn_bfloat16"] for on in (inside, after)] == [True, False]
