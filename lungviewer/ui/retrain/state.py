"""Where a retraining stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QImage

from lungviewer.services.retrain_result import TrainingResult
from lungviewer.services.training_events import Step


class Phase(StrEnum):
    """What the controller is doing."""

    IDLE = "idle"
    LOOKING = "looking"
    CHECKING = "checking"
    TRAINING = "training"
    STOPPING = "stopping"
    READING = "reading"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class Going:
    """The step that runs, and about how many seconds it still takes; None: cannot be told yet."""

    step: Step
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished training reached, and the drawings of its pack by name."""

    result: TrainingResult
    plots: tuple[tuple[str, QImage], ...]
