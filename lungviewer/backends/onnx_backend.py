"""ONNX Runtime: what runs models in daily use.

On the CPU a batch is cut into small pieces that run side by side, each on one thread of its own
(`InferenceSession.run` may be called from several threads at once and shares the weights). For small
convolutional networks this is faster than one run on many threads (measured: benchmarks/), and it makes
the numbers independent of the batch size and of the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.backends.onnx_start import PROVIDERS, failures, first_line, start
from lungviewer.core.backend import DeviceReport, RawOutput
from lungviewer.core.errors import BackendError
from lungviewer.core.privacy import import_onnxruntime

_OUTPUTS = ["logits", "cam", "embedding"]
_PIECE = 2
"""Images per CPU run: larger pieces fall out of the processor's cache, smaller ones cost calls."""


class OnnxBackend:
    """See `lungviewer.core.backend.Backend`."""

    name = "onnx"

    def devices(self) -> list[DeviceReport]:
        onnxruntime = import_onnxruntime()
        built_in = set(onnxruntime.get_available_providers())
        return [
            DeviceReport(
                device,
                provider in built_in,
                "" if provider in built_in else "This onnxruntime build does not include it.",
            )
            for device, provider in PROVIDERS.items()
        ]

    def open(self, model: bytes, device: str, threads: int) -> OnnxSession:
        session = start(model, device, PROVIDERS.get(device), intra_op_threads=1)
        return OnnxSession(session, device, threads if device == "cpu" else 1)


class OnnxSession:
    """See `lungviewer.core.backend.Session`."""

    backend = "onnx"

    def __init__(self, session: Any, device: str, lanes: int) -> None:
        self.device = device
        self._session = session
        self._lanes = max(1, lanes)
        self._piece = _PIECE if device == "cpu" else None
        self._pool = ThreadPoolExecutor(self._lanes, "lungviewer-onnx") if self._lanes > 1 else None

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        step = self._piece or len(batch)
        if self._pool is not None:  # a short batch still keeps every lane busy
            step = max(1, min(step, -(-len(batch) // self._lanes)))
        pieces = [batch[i : i + step] for i in range(0, len(batch), step)]
        run = map if self._pool is None or len(pieces) == 1 else self._pool.map
        try:
            parts = list(run(self._run, pieces))
        except failures() as error:
            raise BackendError(f"The model failed on {self.device}: {first_line(error)}") from error
        logits, cam, embedding = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return RawOutput(logits, cam, embedding)

    def _run(self, piece: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        outputs: list[npt.NDArray[np.float32]] = self._session.run(_OUTPUTS, {"image": piece})
        return outputs

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._session = None
