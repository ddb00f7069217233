"""The configuration of a Keras model: built-in layers of image classifiers only, none of them giant."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from lungviewer.core.errors import PackInvalid, PackUnsafe
from lungviewer.packs.jsontext import showable

MAX_NUMBER = 65_536
"""Bound on every whole number of a configuration: units, filters, window sides, image sides."""
MAX_LAYERS = 5_000
MAX_IMAGE_VALUES = 1024 * 1024 * 4


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Left out on purpose: Lambda, TFSMLayer, TorchModuleWrapper, JaxLayer (code); StringLookup, TextVectorization
# and their like (read files that they name); RNNs, attention, Embedding, wrappers (no classifier here).
_LAYERS = _words(
    """
    Activation ActivityRegularization Add Average AveragePooling1D AveragePooling2D BatchNormalization
    CenterCrop Concatenate Conv1D Conv2D Cropping2D Dense DepthwiseConv2D Dropout ELU Flatten GaussianDropout
    GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling2D GroupNormalization Identity
    InputLayer LayerNormalization LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum Multiply Normalization
    PReLU Permute RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation
    RandomZoom ReLU Rescaling Reshape Resizing SeparableConv2D Softmax SpatialDropout2D Subtract
    UnitNormalization ZeroPadding2D
    """
)
_OPERATIONS = _words(
    """
    Absolute Add Clip Concatenate Divide Einsum Elu Exp ExpandDims Gelu GetItem HardSigmoid HardSilu LeakyRelu
    Log LogSoftmax Matmul Max Maximum Mean Minimum Multiply Negative Relu Relu6 Reshape Sigmoid Silu Softmax
    Softplus Sqrt Square Squeeze Subtract Sum Swapaxes Tanh Transpose TrueDivide
    """
)
_INITIALIZERS = _words(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones RandomNormal
    RandomUniform TruncatedNormal VarianceScaling Zeros
    """
)
_CLASSES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "keras": frozenset({"DTypePolicy", "Functional", "Model", "Sequential"}),
        "keras.models": frozenset({"Functional", "Model", "Sequential"}),
        "keras.src.models.functional": frozenset({"Functional"}),
        "keras.src.models.sequential": frozenset({"Sequential"}),
        "keras.layers": _LAYERS,
        "keras.src.ops.numpy": _OPERATIONS,
        "keras.src.ops.nn": _OPERATIONS,
        "keras.initializers": _INITIALIZERS,
        "keras.regularizers": frozenset({"L1", "L1L2", "L2"}),
        "keras.constraints": frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}),
    }
)
# Only read when a model is compiled for training again; classes, never functions such as `get`.
_COMPILE_MODULES = frozenset({"keras.losses", "keras.metrics", "keras.optimizers"})
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,60}")
_UNBOUNDED_KEYS = frozenset({"seed", "shared_object_id"})


def check_config(config: Any) -> int:
    """Check a parsed config.json.

    Returns:
        How many weights the layers will allocate.

    Raises:
        PackInvalid: not the configuration of a Keras 3 model.
        PackUnsafe: anything beyond the allow-list, or a number beyond its bound.
    """
    if not isinstance(config, dict) or not {"module", "class_name", "config"} <= set(config):
        raise PackInvalid("The file is not a Keras 3 model.")
    total = count = 0
    for part in _objects(config):
        _check_class(part)
        if part.get("module") == "keras.layers":
            total += _weights_of(part)
            count += 1
            if count > MAX_LAYERS:
                raise PackUnsafe(f"The Keras model has more than {MAX_LAYERS:,} layers.")
    return total


def _objects(node: Any, key: str = "") -> Iterator[dict[str, Any]]:
    """Every object that Keras would build, numbers checked on the way."""
    if isinstance(node, dict):
        if "class_name" in node or "module" in node or "registered_name" in node:
            yield node
        for name, child in node.items():
            yield from _objects(child, name)
    elif isinstance(node, list):
        for child in node:
            yield from _objects(child, key)
    elif isinstance(node, int) and abs(node) > MAX_NUMBER and key not in _UNBOUNDED_KEYS:
        raise PackUnsafe(f"The Keras model has a number beyond {MAX_NUMBER:,} in its configuration.")


def _check_class(part: dict[str, Any]) -> None:
    module, name, registered = (part.get(key) for key in ("module", "class_name", "registered_name"))
    if (module, name, registered) == (None, "__keras_tensor__", None):
        return
    if registered not in (None, name):
        raise PackUnsafe("The Keras model uses a custom class, whose code would have to be run.")
    if isinstance(module, str) and isinstance(name, str):
        if name in _CLASSES.get(module, ()):
            return
        if module in _COMPILE_MODULES and _CLASS_NAME.fullmatch(name):
            return
    raise PackUnsafe(f"The Keras model uses {showable(name)}, which is not allowed.")


# --- how many weights a layer allocates ---------------------------------------------------------------


def _weights_of(layer: dict[str, Any]) -> int:
    """Keras builds a layer from `build_config` before anything else, so that is what is allocated."""
    settings = layer.get("config")
    if not isinstance(settings, dict):
        raise PackInvalid("The Keras model has a layer without a configuration.")
    if layer["class_name"] == "InputLayer":
        _check_image(settings.get("batch_shape"))
        return 0
    count = _COUNTS.get(layer["class_name"])
    if count is None:
        return 0
    built = layer.get("build_config")
    shape = built.get("input_shape") if isinstance(built, dict) else None
    sides = _sides(shape)
    if sides is None:
        raise PackInvalid("The Keras model has a layer that does not state its input's shape.")
    if settings.get("lora_rank"):
        raise PackUnsafe("The Keras model has a layer with adapters, whose weights are not counted here.")
    try:
        return max(0, count(settings, sides))
    except (KeyError, TypeError, IndexError, ValueError):
        raise PackInvalid("The Keras model has a layer whose settings are not understood.") from None


def _check_image(shape: Any) -> None:
    sides = _sides(shape)
    if sides is not None and math.prod(side or 1 for side in sides) > MAX_IMAGE_VALUES:
        raise PackUnsafe("The Keras model reads images that are far too large.")


def _sides(shape: Any) -> list[int] | None:
    """The sides of a shape without its first; 0 for those left open."""
    if not isinstance(shape, list) or len(shape) < 2 or len(shape) > 6:
        return None
    if not all(side is None or (type(side) is int and side >= 0) for side in shape):
        return None
    return [side or 0 for side in shape[1:]]


def _channels(settings: Mapping[str, Any], sides: list[int]) -> int:
    """Convolutions: the last side, or the first where the model says so. Never fewer than are there."""
    return max(sides[0], sides[-1]) if settings.get("data_format") == "channels_first" else sides[-1]


def _window(settings: Mapping[str, Any]) -> int:
    window = settings["kernel_size"]
    return math.prod(window) if isinstance(window, list) else int(window) ** 2


def _dense(settings: Mapping[str, Any], sides: list[int]) -> int:
    return (sides[-1] + 1) * int(settings["units"])


def _conv(settings: Mapping[str, Any], sides: list[int]) -> int:
    groups = max(1, int(settings.get("groups", 1)))
    return (_window(settings) * _channels(settings, sides) // groups + 1) * int(settings["filters"])


def _depthwise(settings: Mapping[str, Any], sides: list[int]) -> int:
    made = _channels(settings, sides) * int(settings.get("depth_multiplier", 1))
    return (_window(settings) + 1) * made


def _separable(settings: Mapping[str, Any], sides: list[int]) -> int:
    made = _channels(settings, sides) * int(settings.get("depth_multiplier", 1))
    return _window(settings) * made + (made + 1) * int(settings["filters"])


def _per_channel(settings: Mapping[str, Any], sides: list[int]) -> int:  # noqa: ARG001
    return 2 * max(sides)  # at least gamma and beta, or mean and variance


def _per_value(settings: Mapping[str, Any], sides: list[int]) -> int:
    """Layers whose weights may span several axes: the named ones, else the last."""
    axes = settings.get("axis", -1)
    named = axes if isinstance(axes, list) else [axes]
    return math.prod(sides[axis if axis < 0 else axis - 1] for axis in named)


def _prelu(settings: Mapping[str, Any], sides: list[int]) -> int:
    shared = settings.get("shared_axes") or []
    return math.prod(1 if axis + 1 in shared else side for axis, side in enumerate(sides))


_COUNTS: Mapping[str, Callable[[Mapping[str, Any], list[int]], int]] = MappingProxyType(
    {
        "BatchNormalization": _per_channel,
        "Conv1D": _conv,
        "Conv2D": _conv,
        "Dense": _dense,
        "DepthwiseConv2D": _depthwise,
        "GroupNormalization": _per_channel,
        "LayerNormalization": _per_value,
        "Normalization": _per_value,
        "PReLU": _prelu,
        "SeparableConv2D": _separable,
    }
)
