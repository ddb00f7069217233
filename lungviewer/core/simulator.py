"""What a simulator pack states: the frozen, runtime-free form of its pack.json.

A simulator draws slices that nobody was scanned for. It is no classifier, and nothing it draws is a patient's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lungviewer.core.model import FileStamp, PackProvenance
from lungviewer.core.window import Window


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
