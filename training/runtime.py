"""Run an exported graph with ONNX Runtime on the CPU: what the viewer will compute, without the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray, RawOutput
from lungviewer.core.errors import BackendError
from lungviewer.core.second_look import look
from training.tensorflow_gate import require_onnxruntime

OUTPUTS = ("logits", "cam", "embedding")


class OnnxGraph:
    """Any graph on the CPU. `threads` 0 lets the runtime choose.

    Raises:
        BackendError: the runtime cannot load or run the graph.
    """

    def __init__(self, graph: bytes, threads: int = 0) -> None:
        runtime = require_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        # Several models are alive at once while a run is measured; each would keep 400 to 900 MB of what its
        # largest batch needed.
        options.enable_cpu_mem_arena = False
        # Threads that spin while they wait take the cores from the window beside: a quarter fewer images on
        # two busy cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # failures arrive as exceptions; stderr stays clean
        try:
            self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except _failures() as error:
            raise BackendError(f"ONNX Runtime cannot load the graph ({type(error).__name__}).") from error

    def run(self, names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Outputs of the graph by name."""
        try:
            found: list[npt.NDArray[Any]] = self._session.run(list(names), dict(inputs))
        except _failures() as error:
            raise BackendError(f"ONNX Runtime cannot run the graph ({type(error).__name__}).") from error
        return found


class OnnxModel:
    """A graph that keeps the pack contract, on the CPU. `threads` 0 lets the runtime choose; `size` is the
    graph's in bytes. Doubtful fields are looked at again as in the viewer (core/second_look.py).

    Raises:
        BackendError: the runtime cannot load or run the graph.
    """

    def __init__(self, graph: bytes, threads: int = 0, again_below: float = 0.0) -> None:
        self.size, self.again_below = len(graph), again_below
        self._graph = OnnxGraph(graph, threads)

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        """Run N×S×S×3 uint8 RGB images."""
        return look(self._once, batch, self.again_below)

    def _once(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        return RawOutput(*self.tensors(OUTPUTS, batch))

    def tensors(self, names: Sequence[str], batch: npt.NDArray[np.uint8]) -> list[FloatArray]:
        """Outputs of the graph by name, for graphs with others than those of the contract."""
        return self._graph.run(names, {"image": batch})


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises: its own exceptions have no common base but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [c for c in vars(state).values() if isinstance(c, type) and issubclass(c, Exception)]
    return (*own, RuntimeError, ValueError)
