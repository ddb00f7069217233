"""Run an exported graph with ONNX Runtime on the CPU: what the viewer will compute, without the viewer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import RawOutput
from training.tensorflow_gate import require_onnxruntime

OUTPUTS = ("logits", "cam", "embedding")


class OnnxModel:
    """A graph that keeps the pack contract, on the CPU. `threads` 0 lets the runtime choose."""

    def __init__(self, graph: bytes, threads: int = 0) -> None:
        runtime = require_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def predict(self, batch: npt.NDArray[np.uint8]) -> RawOutput:
        """Run N×S×S×3 uint8 RGB images."""
        logits, cam, embedding = self._session.run(list(OUTPUTS), {"image": batch})
        return RawOutput(logits, cam, embedding)


def concatenate(parts: list[RawOutput]) -> RawOutput:
    """Several batches as one."""
    return RawOutput(
        np.concatenate([p.logits for p in parts]),
        np.concatenate([p.cam for p in parts]),
        np.concatenate([p.embedding for p in parts]),
    )
