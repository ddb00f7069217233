"""What runs a model: bytes in, numbers out. Knows nothing of classes, trust or files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RawOutput:
    """One forward pass over N images: `logits` N×C, `cam` N×C×h×w (≥ 0), `embedding` N×D; float32."""

    logits: FloatArray
    cam: FloatArray
    embedding: FloatArray

    def __len__(self) -> int:
        return int(self.logits.shape[0])


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """One device: `name` ("cuda", "directml", "cpu"), whether it can be used and, if not, why."""

    name: str
    available: bool
    detail: str


class Session(Protocol):
    """A loaded model on one device. The caller uses it from one thread at a time."""

    @property
    def backend(self) -> str: ...

    @property
    def device(self) -> str: ...

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        """Run N×H×W×3 uint8 RGB images at the pack's input size, N ≥ 1."""

    def close(self) -> None:
        """Give back memory. Safe to call twice."""


class Backend(Protocol):
    """A way to run models. Instances are cheap: nothing is imported before a method is called."""

    name: str

    def devices(self) -> list[DeviceReport]:
        """Every device this backend knows of, best first, CPU last."""

    def open(self, model: bytes, device: str, threads: int) -> Session:
        """Load a verified model.

        Args:
            model: the model file's verified bytes.
            device: a name from `devices()`.
            threads: CPU threads to use, ≥ 1.

        Raises:
            DeviceUnavailable: the device cannot be used, with the reason.
            BackendError: the model cannot be loaded.
        """


class Graph(Protocol):
    """A loaded model with inputs and outputs of its own, on the processor; used from one thread at a time."""

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> Mapping[str, npt.NDArray[Any]]:
        """All outputs by name.

        Raises:
            BackendError: the model failed.
        """

    def close(self) -> None:
        """Give back memory. Safe to call twice."""
