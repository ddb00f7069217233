"""Numbers that a model file holds: their shape, and the content of those that are short."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from lungviewer.core.errors import PackInvalid, PackUnsafe
from lungviewer.packs.operators.sizes import MAX_EXACT, MAX_KNOWN, MAX_RANK, Size, Value

FLOAT, UINT8, INT8, INT32, INT64, BOOL, HALF, DOUBLE = 1, 2, 3, 6, 7, 9, 10, 11
"""The TensorProto element types that are allowed; the numbers are the file format's."""

BYTES_OF: Mapping[int, int] = MappingProxyType(
    {FLOAT: 4, UINT8: 1, INT8: 1, INT32: 4, INT64: 8, BOOL: 1, HALF: 2, DOUBLE: 8}
)

_TYPED_FIELDS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "float_data": (FLOAT,),
        "double_data": (DOUBLE,),
        "int64_data": (INT64,),
        "int32_data": (UINT8, INT8, INT32, BOOL, HALF),
        "uint64_data": (),
        "string_data": (),
    }
)


def read_tensor(tensor: Any) -> Value:
    """An initializer or constant (TensorProto).

    Raises:
        PackUnsafe: its data lies outside the file, or is not plain numbers.
        PackInvalid: its data is not as long as its shape says.
    """
    if tensor.data_location != 0 or tensor.external_data:
        raise PackUnsafe("The model's weights refer to data outside the model file.")
    if tensor.data_type not in BYTES_OF:
        raise PackUnsafe("The model holds a tensor of a type other than plain numbers.")
    shape = tuple(Size(int(side)) for side in tensor.dims)
    if len(shape) > MAX_RANK or any(side.count < 0 for side in shape) or tensor.HasField("segment"):
        raise PackInvalid("The model holds a tensor of an impossible shape.")
    count = math.prod(side.count for side in shape)
    if not _stores(tensor, count):
        raise PackInvalid("The model holds a tensor whose data is not as long as its shape says.")
    return Value(shape, tensor.data_type, _content(tensor, count))


def _stores(tensor: Any, count: int) -> bool:
    """Whether exactly `count` elements are stored, in one place."""
    lengths = {name: len(getattr(tensor, name)) for name in _TYPED_FIELDS}
    used = [name for name, length in lengths.items() if length]
    if tensor.HasField("raw_data"):
        return not used and len(tensor.raw_data) == count * BYTES_OF[tensor.data_type]
    if not used:
        return count == 0
    return len(used) == 1 and tensor.data_type in _TYPED_FIELDS[used[0]] and lengths[used[0]] == count


def _content(tensor: Any, count: int) -> tuple[Size, ...] | None:
    """Whole numbers; floats too where all are whole, because factors of Resize are written so."""
    if tensor.data_type not in (INT32, INT64, FLOAT) or count > MAX_KNOWN:
        return None
    if tensor.data_type == FLOAT:
        floats = _floats(tensor, count)
        whole = all(abs(number) <= MAX_EXACT and number == int(number) for number in floats)
        return tuple(Size(int(number)) for number in floats) if whole else None
    numbers: Iterable[int] = tensor.int32_data if tensor.data_type == INT32 else tensor.int64_data
    if tensor.HasField("raw_data"):
        width, raw = BYTES_OF[tensor.data_type], tensor.raw_data
        numbers = (
            int.from_bytes(raw[i : i + width], "little", signed=True) for i in range(0, len(raw), width)
        )
    return tuple(Size(int(number)) for number in numbers)


def _floats(tensor: Any, count: int) -> tuple[float, ...]:
    if tensor.HasField("raw_data"):
        return struct.unpack(f"<{count}f", tensor.raw_data)
    return tuple(tensor.float_data)


def read_constant(attributes: Mapping[str, Any]) -> Value | None:
    """What a Constant operator holds in its attributes, or None."""
    if len(attributes) != 1:
        return None
    if "value" in attributes:
        return read_tensor(attributes["value"])
    if "value_int" in attributes:
        return Value((), INT64, (Size(attributes["value_int"]),))
    if "value_ints" in attributes:
        numbers = attributes["value_ints"]
        known = tuple(Size(n) for n in numbers) if len(numbers) <= MAX_KNOWN else None
        return Value((Size(len(numbers)),), INT64, known)
    if "value_float" in attributes:
        return Value((), FLOAT)
    if "value_floats" in attributes:
        return Value((Size(len(attributes["value_floats"])),), FLOAT)
    return None
