"""A backend without a model, for tests and for trying the program's flow: colour decides the class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import DeviceReport, RawOutput
from lungviewer.core.errors import DeviceUnavailable

EMBEDDING = 8


class FakeBackend:
    """Ignores the model bytes. Class 0 wins for red, 1 for green, 2 for blue fields, and so on."""

    name = "fake"

    def __init__(self, classes: int = 3) -> None:
        self._classes = classes

    def devices(self) -> list[DeviceReport]:
        return [DeviceReport("cpu", True, "")]

    def open(self, model: bytes, device: str, threads: int) -> FakeSession:
        if device != "cpu":
            raise DeviceUnavailable(f"There is no {device} here.")
        return FakeSession(self._classes)


class FakeSession:
    """Logits are the mean of one colour channel each; the map is that channel on a 4×4 grid."""

    backend = "fake"
    device = "cpu"

    def __init__(self, classes: int) -> None:
        self._channels = [c % 3 for c in range(classes)]

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        values = batch.astype(np.float32) / 255
        n, side = len(values), values.shape[1] // 4
        grid = values[:, : side * 4, : side * 4].reshape(n, 4, side, 4, side, 3).mean(axis=(2, 4))
        means = grid.mean(axis=(1, 2))
        embedding = np.zeros((n, EMBEDDING), np.float32)
        embedding[:, :3] = means
        return RawOutput(
            logits=np.ascontiguousarray(means[:, self._channels] * 10),
            cam=np.ascontiguousarray(grid[..., self._channels].transpose(0, 3, 1, 2)),
            embedding=embedding,
        )

    def close(self) -> None:
        pass
