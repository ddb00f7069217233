"""How a model is handed to ONNX Runtime, and what it says when it fails."""

from __future__ import annotations

from typing import Any

from lungviewer.core.errors import BackendError, DeviceUnavailable
from lungviewer.core.privacy import import_onnxruntime

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}


def start(model: bytes, device: str, provider: str | None, intra_op_threads: int) -> Any:
    """An `InferenceSession` that really runs on `provider`, with this many threads inside one run.

    Raises:
        DeviceUnavailable: this build lacks the device, or it did not start.
        BackendError: the model cannot be loaded.
    """
    onnxruntime = import_onnxruntime()
    if provider is None or provider not in onnxruntime.get_available_providers():
        raise DeviceUnavailable(f"This onnxruntime build does not include {device}.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_op_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # failures arrive as exceptions; stderr stays clean
    if device == "directml":  # its documentation asks for both
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    try:
        session = onnxruntime.InferenceSession(model, options, providers=[provider])
    except failures() as error:
        raise BackendError(f"The model could not be loaded on {device}: {first_line(error)}") from error
    # A provider that fails to start is dropped without an exception: ask what is really used.
    if provider not in session.get_providers():
        raise DeviceUnavailable(f"{device} is installed but did not start.")
    return session


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises. Its own exceptions have no common base but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [c for c in vars(state).values() if isinstance(c, type) and issubclass(c, Exception)]
    return (*own, RuntimeError, ValueError)


def first_line(error: Exception) -> str:
    """What to quote of it."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
