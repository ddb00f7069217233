"""What a simulator pack states (the frozen, runtime-free form of its pack.json), and what is drawn with it.

A simulator draws slices that nobody was scanned for. It is no classifier; nothing it draws is a patient's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.model import ClassSpec, FileStamp, PackProvenance, Role
from lungviewer.core.types import Prediction
from lungviewer.core.window import Window

Grey = npt.NDArray[np.uint8]
"""S×S, uint8, as the training slices were seen through their window."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A place on the stage axis that training images had: stable `id`, `label` for people, `position`."""

    id: str
    label: str
    position: float


@dataclass(frozen=True, slots=True)
class SimulatorSpec:
    """A whole pack.json of a simulator.

    `method` names what was trained ("gan", "vae", …), `size` is the side of the pictures in pixels,
    `latent` the number of coordinates of one made-up person. `stages` are in order of their positions.
    `window` is the one through which the training slices were seen, so that Hounsfield units can be shown to
    the encoder in the same way.
    """

    id: str
    version: str
    title: str
    method: str
    size: int
    latent: int
    stages: tuple[Stage, ...]
    window: Window
    provenance: PackProvenance
    files: Mapping[str, FileStamp]

    @property
    def first(self) -> float:
        """Where the stage axis begins."""
        return self.stages[0].position

    @property
    def last(self) -> float:
        """Where the stage axis ends."""
        return self.stages[-1].position


@dataclass(frozen=True, slots=True)
class Step:
    """What is drawn at one place of the stage axis, and what a classifier says about it (None: not asked)."""

    stage: float
    image: Grey
    prediction: Prediction | None = None

    def malignant(self, classes: tuple[ClassSpec, ...]) -> float | None:
        """Calibrated probability of all tumour classes together; None where it was not asked or refused."""
        if self.prediction is None or self.prediction.predicted is None:
            return None
        return sum(self.prediction.probabilities[c.id] for c in classes if c.role is Role.TUMOUR)


@dataclass(frozen=True, slots=True)
class Strip:
    """Steps along the stage axis from one start, as they are exported.

    `simulator` and `classifier` are "id@version" ("" without a classifier), `classes` the classifier's,
    `start` says in words where the strip began.
    """

    simulator: str
    stages: tuple[Stage, ...]
    start: str
    steps: tuple[Step, ...]
    classifier: str = ""
    classes: tuple[ClassSpec, ...] = ()

    def stage_label(self, position: float) -> str:
        """The stage at this place, or between which two it lies."""
        return stage_label(self.stages, position)


def stage_label(stages: tuple[Stage, ...], position: float) -> str:
    """ "Benign" at a stage, "Normal – Benign" between two; ends of the axis count as the stages there."""
    for stage in stages:
        if abs(stage.position - position) < 1e-3:
            return stage.label
    below = [stage.label for stage in stages if stage.position < position]
    above = [stage.label for stage in stages if stage.position > position]
    return " – ".join(below[-1:] + above[:1])
