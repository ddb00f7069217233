"""Where the heavy parts live, as text, so that naming one does not import it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

BACKENDS: dict[str, str] = {
    "onnx": "lungviewer.backends.onnx_backend:OnnxBackend",
    "keras": "lungviewer.backends.keras_backend:KerasBackend",
}

GRAPHS = "lungviewer.backends.onnx_graph:OnnxGraph"
"""What runs models that are no classifiers: called with a verified model's bytes and a number of threads."""

READERS: dict[str, str] = {
    "raster": "lungviewer.readers.raster:open_raster",
    "slide": "lungviewer.readers.slide_open:open_slide_here",
    "dicom": "lungviewer.readers.dicom:open_dicom",
}

WINDOW = "lungviewer.ui.app:run"
WEB_FORM = "lungviewer.server.run:serve"
"""The other front doors; doors do not import each other."""

WINDOW_TRIAL = "lungviewer.ui.trial:open_and_close"
"""Tries the window, for the self-test."""


def load(target: str) -> Any:
    """Import "module:object" and return the object."""
    module_name, _, object_name = target.partition(":")
    return getattr(import_module(module_name), object_name)
