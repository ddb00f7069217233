"""ONNX Runtime for models that are no classifiers: the generator and the encoder of a simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from lungviewer.backends.onnx_start import PROVIDERS, failures, first_line, start
from lungviewer.core.errors import BackendError


class OnnxGraph:
    """See `lungviewer.core.backend.Graph`. One picture at a time is asked for, so threads share one run."""

    def __init__(self, model: bytes, threads: int) -> None:
        """Load a verified model on the processor.

        Raises:
            BackendError: it cannot be loaded.
        """
        self._session: Any = start(model, "cpu", PROVIDERS["cpu"], intra_op_threads=threads)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        try:
            found = self._session.run(self._outputs, dict(inputs))
        except failures() as error:
            raise BackendError(f"The model failed on cpu: {first_line(error)}") from error
        return dict(zip(self._outputs, found, strict=True))

    def close(self) -> None:
        self._session = None
