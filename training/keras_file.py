"""Open a Keras model file of somebody else's without running anything it brings.

The file is read once and checked as bytes before Keras is imported: `.keras` archives by
`lungviewer.packs.keras_archive`, the older `.h5` form here. `safe_mode` alone is no security boundary.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lungviewer.core.errors import MissingDependency, PackError
from lungviewer.packs.keras_archive import check_keras_archive
from lungviewer.packs.keras_weights import HDF5_SIGNATURE, check_weights
from training.errors import ImportRefused
from training.tensorflow_gate import INSTALL_HINT, require_tensorflow

LARGEST_FILE = 1024 * 2**20

# What an .h5 configuration may build: parts of image classifiers, nothing that holds or names code.
_H5_WORDS = """
    Functional Model Sequential InputLayer DTypePolicy Policy TensorShape __keras_tensor__ __tuple__
    Activation ActivityRegularization Add Average AveragePooling2D BatchNormalization Concatenate Conv2D
    Cropping2D Dense DepthwiseConv2D Dropout ELU Flatten GaussianDropout GaussianNoise GlobalAveragePooling2D
    GlobalMaxPooling2D GroupNormalization Identity LayerNormalization LeakyReLU MaxPooling2D Maximum Minimum
    Multiply Normalization PReLU Permute RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation
    RandomTranslation RandomZoom ReLU Rescaling Reshape Resizing SeparableConv2D Softmax SpatialDropout2D
    Subtract ZeroPadding2D
    Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones RandomNormal
    RandomUniform TruncatedNormal VarianceScaling Zeros
    L1 L1L2 L2 MaxNorm MinMaxNorm NonNeg UnitNorm
"""
_H5_CLASSES = frozenset(_H5_WORDS.split())
_LARGEST_NUMBER = 65_536


def load_foreign(path: Path) -> tuple[Any, bytes]:
    """The Keras model of a .keras or .h5 file, and the bytes it was loaded from.

    Raises:
        ImportRefused: not a Keras model, or one with custom code, Lambda layers or unknown parts.
        MissingDependency: TensorFlow is not installed.
    """
    content = _read(path)
    if content.startswith(HDF5_SIGNATURE):
        suffix, content = ".h5", check_h5(content)
    else:
        suffix = ".keras"
        try:
            check_keras_archive(content)
        except PackError as error:
            raise ImportRefused(error.message, hint=error.hint) from error
    _, keras = require_tensorflow()
    with tempfile.TemporaryDirectory(prefix="lungviewer-") as folder:
        copy = Path(folder) / f"model{suffix}"
        copy.write_bytes(content)
        try:
            return keras.models.load_model(copy, compile=False, safe_mode=True), content
        except (ValueError, TypeError, OSError, KeyError, AttributeError, IndexError, ImportError) as error:
            raise ImportRefused(
                f"This Keras cannot load the model ({type(error).__name__}).",
                hint="Save it again as .keras with a current version of Keras.",
            ) from error


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ImportRefused("There is no such model file.")
        if path.stat().st_size > LARGEST_FILE:
            raise ImportRefused("The model file is larger than 1 GiB.")
        return path.read_bytes()
    except OSError as error:
        raise ImportRefused(f"The model file cannot be read ({error.strerror}).") from error


def check_h5(content: bytes) -> bytes:
    """Check an .h5 model by its bytes, and return them with a known fault of older files mended.

    Raises:
        ImportRefused: weights only, or anything in it that is not on the list.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingDependency("Reading .h5 models needs h5py.", hint=INSTALL_HINT) from error
    try:
        check_weights(content)
    except PackError as error:
        raise ImportRefused(error.message, hint=error.hint) from error
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ImportRefused(
                "The file holds weights without a model.", hint="Save the whole model: model.save(...)."
            )
        try:
            config = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise ImportRefused("The model's configuration is not JSON.") from error
        check_h5_config(config)
        if _mend(config):
            file.attrs["model_config"] = json.dumps(config)
    return buffer.getvalue()


def check_h5_config(config: Any) -> None:
    """Refuse any class that is not on the list, and any number no image classifier needs.

    Raises:
        ImportRefused: by name of the class.
    """
    for part in _objects(config):
        name = part.get("class_name")
        if name is None:
            continue
        if name == "Lambda":
            raise ImportRefused("The model has a Lambda layer, whose code would have to be run.")
        module = str(part.get("module") or "keras")
        if name not in _H5_CLASSES or not (module == "keras" or module.startswith("keras.")):
            shown = str(name) if str(name).isidentifier() and len(str(name)) <= 40 else "…"
            raise ImportRefused(f"The model has a part that is not a known Keras layer ({shown}).")
        if part.get("registered_name") not in (None, name):
            raise ImportRefused("The model has a custom class, whose code would have to be run.")


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if isinstance(value, int) and abs(value) > _LARGEST_NUMBER and key != "seed":
                raise ImportRefused("The model has a number in it that is far too large.")
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _mend(config: Any) -> bool:
    """Keras 2 wrote `groups: 1` into depthwise convolutions, which some versions of Keras 3 refuse
    (github.com/keras-team/keras/issues/19151)."""
    mended = False
    for part in _objects(config):
        settings = part.get("config")
        if part.get("class_name") == "DepthwiseConv2D" and isinstance(settings, dict):
            mended |= settings.pop("groups", None) is not None
    return mended
