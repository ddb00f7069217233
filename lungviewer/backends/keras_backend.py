"""Keras: for packs whose model cannot be converted to ONNX. Slower, and needs TensorFlow installed.

The model follows the same contract as a graph: input `image` uint8 N×H×W×3, a dictionary of outputs
`logits`, `cam` and `embedding`.
"""

from __future__ import annotations

import contextlib
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import DeviceReport, RawOutput
from lungviewer.core.errors import BackendError, DeviceUnavailable, MissingDependency
from lungviewer.core.extras import how_to_run_keras


class KerasBackend:
    """See `lungviewer.core.backend.Backend`."""

    name = "keras"

    def devices(self) -> list[DeviceReport]:
        if find_spec("tensorflow") is None:
            return [DeviceReport("cpu", False, f"TensorFlow is not installed. {how_to_run_keras()}")]
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        return [
            DeviceReport("cuda", bool(gpus), "" if gpus else "TensorFlow sees no GPU."),
            DeviceReport("cpu", True, ""),
        ]

    def open(self, model: bytes, device: str, threads: int) -> KerasSession:
        if find_spec("tensorflow") is None:
            raise MissingDependency(
                "This pack runs on TensorFlow, which is not installed.", hint=how_to_run_keras()
            )
        import keras
        import tensorflow as tf

        if device not in ("cpu", "cuda") or (device == "cuda" and not tf.config.list_physical_devices("GPU")):
            raise DeviceUnavailable(f"TensorFlow has no {device} here.")
        # TensorFlow takes these before its first operation only; later they are what they are.
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        with tempfile.TemporaryDirectory(prefix="lungviewer-") as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(model)
            try:
                loaded = keras.models.load_model(path, compile=False, safe_mode=True)
            except (ValueError, TypeError, OSError, KeyError) as error:
                raise BackendError("Keras could not load the model of this pack.") from error
        if not isinstance(loaded.output, dict) or set(loaded.output) != {"logits", "cam", "embedding"}:
            raise BackendError("The Keras model of this pack lacks the outputs logits, cam and embedding.")
        return KerasSession(loaded, device)


class KerasSession:
    """See `lungviewer.core.backend.Session`."""

    backend = "keras"

    def __init__(self, model: Any, device: str) -> None:
        import tensorflow as tf

        self.device = device
        self._tf = tf
        self._call = tf.function(
            lambda image: model(image, training=False), reduce_retracing=True, autograph=False
        )

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        try:
            with self._tf.device("/GPU:0" if self.device == "cuda" else "/CPU:0"):
                outputs = self._call(self._tf.constant(batch))
        except (self._tf.errors.OpError, ValueError) as error:
            raise BackendError(f"The model failed on {self.device} ({type(error).__name__}).") from error
        return RawOutput(*(outputs[name].numpy() for name in ("logits", "cam", "embedding")))

    def close(self) -> None:
        self._call = None
