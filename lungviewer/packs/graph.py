"""What an ONNX graph must be before a runtime may see it."""

from __future__ import annotations

from lungviewer.core.model import ModelSpec


def check_graph(model: bytes, spec: ModelSpec) -> None:
    """Not written yet: accepts every graph."""
