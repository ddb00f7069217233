"""The progression simulator: from a start to pictures along the stage axis, judged by the CT classifier.

What it shows are differences between people at different stages, as a model learnt them; nobody was followed
over time, and nothing here is a forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core import registry
from lungviewer.core.backend import FloatArray, Graph
from lungviewer.core.ct import HU, as_rgb, window_table, windowed
from lungviewer.core.errors import BackendError, ImageTooSmall, PackNotReproducible
from lungviewer.core.geometry import SMALLEST_SIDE_PX, Rect
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.preprocess import resize_field
from lungviewer.core.simulator import Grey, SimulatorSpec, Step
from lungviewer.core.trust import check_field
from lungviewer.packs.simulator_golden import drawing_reproduces, encoding_reproduces
from lungviewer.packs.simulator_loading import LoadedSimulator
from lungviewer.services.engine import InferenceEngine, desktop_threads

AT_ONCE = 4
"""Pictures drawn and judged between two looks whether the job should stop."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a strip begins: `latent` Z float32, who is drawn; `stage`, where on the axis that lies."""

    latent: FloatArray
    stage: float


@dataclass(frozen=True, slots=True)
class Encoded:
    """A slice as the simulator understands it: `seen` is the slice at the simulator's size, `drawn` what it
    draws from `start`, `difference` their mean absolute difference in grey levels of 255."""

    start: Start
    seen: Grey
    drawn: Grey
    difference: float


class Simulator:
    """A verified simulator, loaded once, used from one thread at a time."""

    def __init__(self, pack: LoadedSimulator, generator: Graph, encoder: Graph) -> None:
        self.spec: SimulatorSpec = pack.spec
        self.name = pack.name
        self._generator, self._encoder = generator, encoder
        self._table = window_table(pack.spec.window)

    @classmethod
    def open(cls, pack: LoadedSimulator, threads: int | None = None) -> Simulator:
        """Load a simulator on the processor and compare it with its golden pictures.

        Raises:
            BackendError: a model cannot be loaded or run.
            PackNotReproducible: this machine draws or encodes other than the pack says.
        """
        load, count = registry.load(registry.GRAPHS), threads or desktop_threads()
        generator: Graph = load(pack.generator, count)
        try:
            encoder: Graph = load(pack.encoder, count)
        except BaseException:
            generator.close()
            raise
        simulator = cls(pack, generator, encoder)
        try:
            simulator._probe(pack)
        except BaseException:
            simulator.close()
            raise
        return simulator

    def random_start(self, seed: int) -> Start:
        """Somebody made up: independent standard normal coordinates (NumPy's PCG64), the same for one seed
        on every machine; at the beginning of the axis."""
        numbers = np.random.default_rng(seed).standard_normal(self.spec.latent)
        return Start(numbers.astype(np.float32), self.spec.first)

    def encode(self, picture: RGB) -> Encoded:
        """Find the start whose picture is nearest to a slice, by the pack's encoder (no search).

        Args:
            picture: H×W×3 or larger than 16 pixels each way; the middle square is taken. Grey as through
                the CT window that `spec.window` states.

        Raises:
            ImageTooSmall: too few pixels.
            BackendError: the model failed.
        """
        seen = self.seen(picture)
        latents, stages = self._encoded(seen[None])
        latent, stage = latents[0], float(stages[0])
        if not (np.isfinite(latent).all() and np.isfinite(stage)):
            raise BackendError(
                "The simulator found no usable numbers for this slice.", hint="Try another slice."
            )
        start = Start(latent, float(np.clip(stage, self.spec.first, self.spec.last)))
        drawn = self.draw(start, [start.stage])[0]
        difference = float(np.abs(drawn.astype(np.float32) - seen).mean())
        return Encoded(start, seen, drawn, difference)

    def encode_hu(self, values: HU) -> Encoded:
        """`encode` of H×W Hounsfield units, whatever window a person looks through."""
        return self.encode(as_rgb(windowed(values, self._table)))

    def seen(self, picture: RGB) -> Grey:
        """The middle square of a picture, grey, at the simulator's size."""
        height, width = picture.shape[:2]
        side = min(height, width)
        if side < SMALLEST_SIDE_PX:
            raise ImageTooSmall(f"The image is only {width} × {height} pixels.")
        rect = Rect((width - side) / 2, (height - side) / 2, side, side)
        field = resize_field(picture, self.spec.size, rect)
        grey: Grey = np.rint(field.mean(axis=2)).astype(np.uint8)
        return grey

    def draw(self, start: Start, stages: Sequence[float]) -> npt.NDArray[np.uint8]:
        """Pictures N×S×S of one start at N stages.

        Raises:
            BackendError: the model failed.
        """
        latents = np.repeat(start.latent[None], len(stages), axis=0)
        return self._drawn(latents, np.asarray(stages, np.float32))

    def places(self, count: int) -> tuple[float, ...]:
        """`count` ≥ 2 places spread evenly along the stage axis, both ends included."""
        return tuple(float(place) for place in np.linspace(self.spec.first, self.spec.last, count))

    def steps(self, start: Start, count: int, ctx: JobContext) -> tuple[Step, ...]:
        """`count` pictures along the stage axis.

        Raises:
            BackendError: the model failed.
            Cancelled: `ctx` asked to stop.
        """
        places, found = self.places(count), list[Step]()
        for first in range(0, count, AT_ONCE):
            ctx.check()
            part = places[first : first + AT_ONCE]
            pictures = self.draw(start, part)
            found += [Step(place, picture) for place, picture in zip(part, pictures, strict=True)]
        return tuple(found)

    def close(self) -> None:
        self._generator.close()
        self._encoder.close()

    def _drawn(self, latents: FloatArray, stages: FloatArray) -> npt.NDArray[np.uint8]:
        image = self._generator.run({"latent": latents, "stage": stages})["image"]
        _expect(image, len(stages), self.spec.size, self.spec.size)
        return np.asarray(image, np.uint8)

    def _encoded(self, images: npt.NDArray[np.uint8]) -> tuple[FloatArray, FloatArray]:
        found = self._encoder.run({"image": images})
        _expect(found["latent"], len(images), self.spec.latent)
        _expect(found["stage"], len(images))
        return found["latent"], found["stage"]

    def _probe(self, pack: LoadedSimulator) -> None:
        golden = pack.golden
        drawn = self._drawn(np.asarray(golden["latent"], np.float32), np.asarray(golden["stage"], np.float32))
        latent, stage = self._encoded(np.asarray(golden["image"], np.uint8))
        if not drawing_reproduces(golden, drawn) or not encoding_reproduces(golden, latent, stage):
            raise PackNotReproducible(
                "The golden pictures of this simulator do not reproduce on this processor.",
                hint="Install the pack again; if it still differs, report the machine.",
            )


def _expect(numbers: npt.NDArray[Any], *shape: int) -> None:
    """Before anything is done with what a runtime gave: it is as large as the pack's check worked out."""
    if numbers.shape != shape:
        raise BackendError(
            "The simulator gave numbers of another shape than its pack states.",
            hint="Install the pack again, or choose another simulator.",
        )


def judge_steps(steps: Sequence[Step], engine: InferenceEngine, ctx: JobContext) -> tuple[Step, ...]:
    """The steps with what a CT classifier says about each: calibrated, refused where it refuses.

    Raises:
        BackendError: the classifier's modality is not CT, or it failed.
        Cancelled: `ctx` asked to stop.
    """
    spec = engine.spec
    if spec.modality != "ct":
        raise BackendError("The simulator's pictures are for a CT model.", hint="Choose a CT pack.")
    judged: list[Step] = []
    for first in range(0, len(steps), AT_ONCE):
        ctx.check()
        part = steps[first : first + AT_ONCE]
        fields = np.stack([resize_field(as_rgb(step.image), spec.input.size) for step in part])
        failed = [check_field(field, spec.trust.checks, spec.modality) for field in fields]
        answers = engine.analyse(fields, failed)
        judged += [
            replace(step, prediction=answer.prediction) for step, answer in zip(part, answers, strict=True)
        ]
    return tuple(judged)
