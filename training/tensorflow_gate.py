"""The one place that imports TensorFlow: late, quietly, and with a sentence when it is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lungviewer.core.errors import MissingDependency
from lungviewer.core.privacy import import_onnxruntime

INSTALL_HINT = MissingDependency.default_hint
_SHORT = "auto_mixed_precision_onednn_bfloat16"


def require_tensorflow(seed: int | None = None) -> tuple[Any, Any]:
    """The modules (tensorflow, keras); with a seed, everything that follows is repeatable on one machine.

    Functions given to `tf.function` are written without AutoGraph (`autograph=False`): nothing here needs
    it, and when it cannot read a source it prints the whole environment, secrets included.

    Raises:
        MissingDependency: TensorFlow or Keras is not installed.
    """
    # Its start-up notices on CPU features are not for the person who trains.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
        import tensorflow
    except ImportError as error:
        raise MissingDependency(
            "Training needs TensorFlow, which is not installed.", hint=INSTALL_HINT
        ) from error
    if seed is not None:
        keras.utils.set_random_seed(seed)
        tensorflow.config.experimental.enable_op_determinism()
    return tensorflow, keras


@contextmanager
def short_floats() -> Iterator[None]:
    """Functions compiled inside compute convolutions and products of matrices with bfloat16 where the
    processor has it (about twice as fast there); weights, sums and losses stay float32."""
    tensorflow, _ = require_tensorflow()
    tensorflow.config.optimizer.set_experimental_options({_SHORT: True})
    try:
        yield
    finally:
        tensorflow.config.optimizer.set_experimental_options({_SHORT: False})


def require_onnxruntime() -> Any:
    """The module onnxruntime.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return import_onnxruntime()
    except ImportError as error:
        raise MissingDependency("Checking a model needs onnxruntime.", hint=INSTALL_HINT) from error
