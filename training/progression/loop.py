"""Train, leave checkpoints, go on from them: the same weights in the end as without a pause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lungviewer.core.job import JobContext
from lungviewer.core.paths import atomic_write
from training.history import load_variables, save_variables
from training.notes import Note
from training.progression.adversarial import GanTrainer
from training.progression.autoencoder import AutoencoderTrainer
from training.progression.frame import frame_of
from training.progression.settings import Settings
from training.progression.sheets import strips_sheet
from training.progression.slices import Batches, Slices
from training.progression.trainer import Drawn, draw_step
from training.run_folder import RunFolder
from training.tensorflow_gate import require_tensorflow, short_floats

CHECKPOINT = "checkpoint.npz"
HISTORY = "losses.json"
SHEETS_EVERY = 500


class Trainer(Protocol):
    """One of the methods. Any: Keras has no usable types."""

    generator: Any
    encoder: Any

    @property
    def steps(self) -> int: ...

    def step(self, number: int, drawn: Drawn) -> dict[str, float]: ...

    def use_average(self) -> None: ...

    def state(self) -> list[Any]: ...


def trainer_for(settings: Settings, weights: Path | None = None) -> Trainer:
    """The networks of a method, as its seed makes them; `weights` as in `trainer.discriminator_of`."""
    method = GanTrainer if settings.method == "gan" else AutoencoderTrainer
    return method(settings, weights)


def train(
    settings: Settings,
    training: Slices,
    shown: Slices,
    folder: Path,
    ctx: JobContext,
    weights: Path | None = None,
) -> Trainer:
    """Train to the end, going on from the folder's checkpoint; the networks have their averaged weights then.

    Args:
        training: the slices of the training side.
        shown: a few others; what becomes of them is drawn into `samples/` now and then.
        weights: of the pretrained discriminator, for its first step.

    Raises:
        Cancelled: between two steps; the same call goes on from the last checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trainer = trainer_for(settings, weights)
    done, state = _state(trainer)
    if (folder / CHECKPOINT).is_file():
        load_variables(folder / CHECKPOINT, state)
    draws, sums = Batches(training, settings.batch, settings.seed), _Sums(folder, int(done.numpy()))
    for number in range(int(done.numpy()) + 1, trainer.steps + 1):
        ctx.check()
        with short_floats():
            sums.add(trainer.step(number, draw_step(draws, settings, number)))
        ctx.progress(number, trainer.steps, "Steps")
        if number % settings.checkpoint and number != trainer.steps:
            continue
        done.assign(number)
        save_variables(folder / CHECKPOINT, state)
        ctx.partial(Note(sums.close(number), "note"))
        if number % SHEETS_EVERY == 0:
            _draw(trainer, state, settings, training, shown, folder, number)
    trainer.use_average()
    return trainer


def load_trained(settings: Settings, folder: Path) -> tuple[Trainer, int] | None:
    """The networks of a run's checkpoint with their averaged weights, and how many steps it has seen; None
    when it has no checkpoint yet."""
    if not (folder / CHECKPOINT).is_file():
        return None
    trainer = trainer_for(settings)
    done, state = _state(trainer)
    load_variables(folder / CHECKPOINT, state)
    trainer.use_average()
    return trainer, int(done.numpy())


def _state(trainer: Trainer) -> tuple[Any, list[Any]]:
    """How many steps are done, as a variable: one file, or a pause could fall between two."""
    tf, _ = require_tensorflow()
    done = tf.Variable(0, trainable=False, dtype=tf.int64)
    return done, [done, *trainer.state()]


def _draw(
    trainer: Trainer,
    state: list[Any],
    settings: Settings,
    training: Slices,
    shown: Slices,
    folder: Path,
    number: int,
) -> None:
    own = [variable.numpy() for variable in state]
    trainer.use_average()
    frame = frame_of(trainer.encoder, settings, training)
    content = strips_sheet(trainer.generator, trainer.encoder, frame, shown)
    for variable, value in zip(state, own, strict=True):
        variable.assign(value)
    RunFolder(folder).write(f"samples/step_{number:06d}.png", content)


class _Sums:
    """Means of the losses between checkpoints, kept in losses.json."""

    def __init__(self, folder: Path, done: int) -> None:
        self._path = folder / HISTORY
        rows = json.loads(self._path.read_bytes()) if self._path.is_file() else []
        self._rows: list[dict[str, float]] = [row for row in rows if row["step"] <= done]
        self._open: list[dict[str, float]] = []

    def add(self, losses: dict[str, float]) -> None:
        self._open.append(losses)

    def close(self, number: int) -> str:
        """Keep the mean since the last one; returns it in words."""
        # Terms may begin in between: the last step's are the ones that go on.
        names = self._open[-1]
        row = {name: float(np.mean([r[name] for r in self._open if name in r])) for name in names}
        self._rows.append({"step": number, **row})
        self._open = []
        with atomic_write(self._path) as stream:
            stream.write(json.dumps(self._rows, indent=1).encode())
        terms = ", ".join(f"{name} {value:.4f}" for name, value in row.items())
        return f"step {number}: {terms}"
