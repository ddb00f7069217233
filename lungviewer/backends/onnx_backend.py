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

from lungviewer.core.backend import DeviceReport, RawOutput
from lungviewer.core.errors import BackendError, DeviceUnavailable
from lungviewer.core.privacy import import_onnxruntime

_PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
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
            for device, provider in _PROVIDERS.items()
        ]

    def open(self, model: bytes, device: str, threads: int) -> OnnxSession:
        onnxruntime = import_onnxruntime()
        provider = _PROVIDERS.get(device)
        if provider is None or provider not in onnxruntime.get_available_providers():
            raise DeviceUnavailable(f"This onnxruntime build does not include {device}.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # failures arrive as exceptions; stderr stays clean
        if device == "directml":  # its documentation asks for both
            options.enable_mem_pattern = False
            options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        try:
            session = onnxruntime.InferenceSession(model, options, providers=[provider])
        except _failures() as error:
            raise BackendError(f"The model could not be loaded on {device}: {_first_line(error)}") from error
        # A provider that fails to start is dropped without an exception: ask what is really used.
        if provider not in session.get_providers():
            raise DeviceUnavailable(f"{device} is installed but did not start.")
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
        except _failures() as error:
            raise BackendError(f"The model failed on {self.device}: {_first_line(error)}") from error
        logits, cam, embedding = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return RawOutput(logits, cam, embedding)

    def _run(self, piece: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        outputs: list[npt.NDArray[np.float32]] = self._session.run(_OUTPUTS, {"image": piece})
        return outputs

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._session = None


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises. Its own exceptions have no common base but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [c for c in vars(state).values() if isinstance(c, type) and issubclass(c, Exception)]
    return (*own, RuntimeError, ValueError)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
