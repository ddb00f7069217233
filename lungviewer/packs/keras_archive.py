"""What a .keras archive must be before Keras may see it.

Keras' own `safe_mode` keeps Lambda code from running but is no security boundary: it unpacks bombs, builds
layers of any size and has read files that an archive named. Here the archive, its configuration and its
weights file are checked against allow-lists without importing Keras.

What this cannot bound is the time and memory of *running* the model: convert it and let `check_graph` decide.
"""

from __future__ import annotations

import io

from lungviewer.core.errors import PackInvalid, PackTampered, PackUnsafe
from lungviewer.packs.archive import Archive
from lungviewer.packs.jsontext import parse_json
from lungviewer.packs.keras_config import check_config
from lungviewer.packs.keras_weights import HDF5_SIGNATURE, check_weights
from lungviewer.packs.names import FILE_LIMITS, MIB, MODEL_KERAS

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_CONFIG_BYTES = 16 * MIB
_MAX_METADATA_BYTES = 2**16
_MAX_DEPTH = 64  # a model within a model adds about six levels


def check_keras_archive(data: bytes) -> None:
    """Check a .keras file (Keras 3) by its bytes.

    Raises:
        PackInvalid: not a .keras archive, or one of another version.
        PackUnsafe: custom code, layers beyond the allow-list, files beside the model, more weights than
            the archive holds, or a weights file that refers elsewhere or expands.
        MissingDependency: h5py, which comes with Keras, is not installed.
    """
    if data.startswith(HDF5_SIGNATURE):
        raise PackInvalid(
            "This is a model in the older .h5 form, which cannot be checked.",
            hint="Import it as a pack.",
        )
    archive = Archive(io.BytesIO(data), 8, FILE_LIMITS[MODEL_KERAS])
    try:
        _check_members(archive)
        parse_json(archive.read(_METADATA), _METADATA, _MAX_METADATA_BYTES)
        config = parse_json(archive.read(_CONFIG), _CONFIG, _MAX_CONFIG_BYTES, _MAX_DEPTH)
        weights = check_config(config)
        if weights > archive.sizes[_WEIGHTS]:
            raise PackUnsafe("The Keras model's layers need more weights than its file holds.")
        check_weights(archive.read(_WEIGHTS))
    except PackTampered as error:
        raise PackInvalid(error.message) from error
    finally:
        archive.close()


def _check_members(archive: Archive) -> None:
    names = set(archive.sizes)
    if archive.folders or not names <= {_CONFIG, _METADATA, _WEIGHTS}:
        raise PackUnsafe("The Keras model brings files beside its configuration and weights.")
    if len(names) < 3:
        raise PackInvalid("The file is not a Keras 3 model.")
    limits = {_CONFIG: _MAX_CONFIG_BYTES, _METADATA: _MAX_METADATA_BYTES}
    if any(archive.sizes[name] > limit for name, limit in limits.items()):
        raise PackUnsafe("The Keras model's configuration is far larger than a model's is.")
    if not archive.is_stored(_WEIGHTS):
        raise PackUnsafe("The Keras model's weights are compressed, which Keras never does.")
