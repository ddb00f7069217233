"""How much of a model file is structure rather than weights, counted before it is parsed.

A protobuf message of two bytes becomes an object of a hundred: a parser may need fifty times the file's
size. Weights are kept as they are, so only the rest needs a bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from lungviewer.core.errors import PackInvalid, PackUnsafe

MAX_STRUCTURE_BYTES = 8 * 2**20
MAX_FIELDS = 200_000

# Field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.float_data and raw_data.
_GRAPH, _INITIALIZER, _FLOAT_DATA, _RAW_DATA = 7, 5, 4, 9
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Field = tuple[int, int, int, int]
"""Field number, wire type, start and end of the content."""


class _Scan:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_FIELDS

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields of one message; contents are skipped, not entered."""
        place = start
        while place < end:
            self._left -= 1
            if self._left < 0:
                raise PackUnsafe("The model file has far more parts than a classifier needs.")
            tag, place = self._varint(place, end)
            kind = tag & 7
            if kind == _VARINT:
                begin, (_, place) = place, self._varint(place, end)
            elif kind == _BYTES:
                length, begin = self._varint(place, end)
                place = begin + length
            elif kind in (_FIXED32, _FIXED64):
                begin, place = place, place + (4 if kind == _FIXED32 else 8)
            else:
                raise PackInvalid("The model file is not an ONNX model.")
            if place > end:
                raise PackInvalid("The model file is cut off, or is not an ONNX model.")
            yield tag >> 3, kind, begin, place

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while place < end and shift < 70:
            byte = self._data[place]
            value |= (byte & 0x7F) << shift
            place += 1
            if byte < 0x80:
                return value, place
            shift += 7
        raise PackInvalid("The model file is cut off, or is not an ONNX model.")

    def weight_bytes(self) -> int:
        """Bytes of raw or float data of the main graph's initializers."""
        total = 0
        for graph in self._inside(_GRAPH, 0, len(self._data)):
            for tensor in self._inside(_INITIALIZER, *graph):
                for number, kind, begin, end in self.fields(*tensor):
                    if kind == _BYTES and number in (_FLOAT_DATA, _RAW_DATA):
                        total += end - begin
        return total

    def _inside(self, wanted: int, start: int, end: int) -> Iterator[tuple[int, int]]:
        for number, kind, begin, stop in self.fields(start, end):
            if number == wanted and kind == _BYTES:
                yield begin, stop


def check_structure_size(data: bytes) -> None:
    """Refuse a model file whose parsing would need much more memory than the file.

    Raises:
        PackUnsafe: more than 8 MiB beside the weights, or too many parts.
        PackInvalid: not a protobuf message.
    """
    structure = len(data) - _Scan(data).weight_bytes()
    if structure > MAX_STRUCTURE_BYTES:
        raise PackUnsafe(f"The model file has {structure:,} bytes beside its weights.")
