"""The weights file of a Keras model (HDF5): every number lies in the file, and nothing expands."""

from __future__ import annotations

import io
from typing import Any

from lungviewer.core.errors import MissingDependency, PackInvalid, PackUnsafe

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS = 50_000
MAX_DEPTH = 32


def check_weights(data: bytes) -> None:
    """Walk an HDF5 file without reading its numbers.

    Raises:
        PackInvalid: not an HDF5 file, or a damaged one.
        PackUnsafe: a link to another place or file, data outside the file, compressed or virtual data,
            or data that claims to be longer than the file.
        MissingDependency: h5py is not installed.
    """
    if not data.startswith(HDF5_SIGNATURE):
        raise PackInvalid("The Keras model's weights are not an HDF5 file.")
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDependency("Keras models can be checked only where Keras is installed.") from error
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            stored = _Walk(h5py).group(file, 0)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError):
        raise PackInvalid("The Keras model's weights file is damaged.") from None
    if stored > len(data):
        raise PackUnsafe("The Keras model's weights claim to be longer than their file.")


class _Walk:
    def __init__(self, h5py: Any) -> None:
        self._h5py = h5py
        self._left = MAX_OBJECTS

    def group(self, group: Any, depth: int) -> int:
        """Bytes that all arrays below a group take."""
        if depth > MAX_DEPTH:
            raise PackUnsafe("The Keras model's weights file is nested without end.")
        total = 0
        for name in group:
            self._left -= 1
            if self._left < 0:
                raise PackUnsafe("The Keras model's weights file has far more parts than a model.")
            if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
                raise PackUnsafe("The Keras model's weights file refers to another place or file.")
            child = group[name]
            if isinstance(child, self._h5py.Group):
                total += self.group(child, depth + 1)
            elif isinstance(child, self._h5py.Dataset):
                total += _array_bytes(child)
            else:
                raise PackUnsafe("The Keras model's weights file holds something other than numbers.")
        return total


def _array_bytes(array: Any) -> int:
    if array.dtype.kind not in "fiub":
        raise PackUnsafe("The Keras model's weights file holds something other than numbers.")
    if array.external or array.is_virtual:
        raise PackUnsafe("The Keras model's weights file refers to another place or file.")
    if array.chunks is not None:
        raise PackUnsafe("The Keras model's weights are in pieces that may expand, which Keras never does.")
    size = int(array.size) * int(array.dtype.itemsize)
    if array.id.get_storage_size() != size:
        raise PackUnsafe("The Keras model's weights claim to be longer than their file.")
    return size
