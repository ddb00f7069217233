"""Arrays from the verified bytes of an .npz: numbers only, bounded, nothing unpickled."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import PackInvalid, PackTampered, PackUnsafe
from lungviewer.packs.archive import Archive

MAX_ARRAYS = 64
MAX_BYTES = 2**28
"""Bound on all arrays together: 256 MiB hold 50,000 embeddings of 1,280 numbers."""

_MEMBER = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,63})\.npy")
_KINDS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
_MAX_HEADER = 2_000
_MAX_AXES = 6

Arrays = Mapping[str, npt.NDArray[np.generic]]


def load_arrays(data: bytes, what: str) -> Arrays:
    """Read an .npz archive.

    Args:
        data: the verified bytes.
        what: the file's name within the pack, for messages.

    Returns:
        Array name → read-only array: booleans, integers or finite floats, at most six axes.

    Raises:
        PackInvalid: not an .npz, or numbers that are not finite.
        PackUnsafe: pickled objects, too many arrays or too many bytes.
    """
    archive = Archive(io.BytesIO(data), MAX_ARRAYS, MAX_BYTES)
    try:
        result: dict[str, npt.NDArray[np.generic]] = {}
        for member in archive.sizes:
            match = _MEMBER.fullmatch(member)
            if match is None:
                raise PackInvalid(f"{what} holds a member that is not an array with a plain name.")
            result[match.group(1)] = _parse_npy(archive.read(member), what)
    finally:
        archive.close()
    return MappingProxyType(result)


def _parse_npy(data: bytes, what: str) -> npt.NDArray[np.generic]:
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(stream, max_header_size=_MAX_HEADER)
        elif version == (2, 0):
            header = np.lib.format.read_array_header_2_0(stream, max_header_size=_MAX_HEADER)
        else:
            raise PackInvalid(f"{what} holds an array in an unknown version of the format.")
    except (ValueError, TypeError, KeyError, SyntaxError, OverflowError, MemoryError, RecursionError):
        raise PackInvalid(f"{what} holds an array whose header cannot be read.") from None
    shape, column_order, dtype = header
    _check_header(shape, dtype, what)
    body = memoryview(data)[stream.tell() :]
    if len(body) != math.prod(shape) * dtype.itemsize:
        raise PackTampered(f"{what} holds an array whose size is not that of its shape.")
    array = np.frombuffer(body, dtype).reshape(shape, order="F" if column_order else "C")
    if array.dtype.kind == "f" and not bool(np.isfinite(array).all()):
        raise PackInvalid(f"{what} holds numbers that are not finite.")
    return array


def _check_header(shape: tuple[int, ...], dtype: np.dtype[np.generic], what: str) -> None:
    if dtype.hasobject:
        raise PackUnsafe(f"{what} holds pickled objects, which can run code when they are read.")
    if dtype.fields is not None or dtype.subdtype is not None or dtype.str[1:] not in _KINDS:
        raise PackInvalid(f"{what} holds an array of a type other than plain numbers.")
    if len(shape) > _MAX_AXES or any(type(n) is not int or n < 0 for n in shape):
        raise PackInvalid(f"{what} holds an array of an impossible shape.")
