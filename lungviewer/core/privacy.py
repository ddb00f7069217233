"""No network at run time: what third-party libraries must be told before they are imported."""

from __future__ import annotations

import os
from types import ModuleType

from lungviewer.core.errors import MissingDependency


def import_onnxruntime() -> ModuleType:
    """The one way in which ONNX Runtime is imported.

    Since 1.29 its Linux builds send usage events (model names, hashes, hardware) to their maker unless
    this variable is set before the library initialises; it also leaves a device identifier and a cache in
    the home folder (https://github.com/microsoft/onnxruntime/pull/27379). Windows builds write events to
    the system's tracing, which the call turns off.

    Raises:
        MissingDependency: it is not installed, or a library it needs is missing.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            "ONNX Runtime, which runs the models, could not be loaded.",
            hint="Install lungviewer again; on Windows also the Microsoft Visual C++ runtime.",
        ) from error
    onnxruntime.disable_telemetry_events()
    module: ModuleType = onnxruntime
    return module
