"""A pyramid of tiles written straight to disk, one tile at a time: BigTIFF, little-endian.

Own code because tifffile writes JPEG tiles only where `imagecodecs` is installed, and holds arrays where
this needs none. Layout: tiles of level 0, their index, level 0's directory, then the next level, each a
reduced-resolution directory of the main chain, which is where OpenSlide's generic reader looks.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

_SHORT, _LONG, _RATIONAL, _ASCII, _LONG8 = 3, 4, 5, 2, 16
_FORMAT = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}
_ADOBE_DEFLATE, _JPEG = 8, 7
_RGB, _YCBCR = 2, 6
_CENTIMETRE = 3
_Tag = tuple[int, int, int, bytes]  # number, type, count, values


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """One level: its size in its own pixels, and µm per pixel."""

    width: int
    height: int
    um_per_px: float


class TiledTiffWriter:
    """Writes levels, largest first, into an open binary stream that can seek.

    Args:
        tile: side of the square tiles in pixels, a multiple of 16.
        compression: "jpeg" (each tile a complete JPEG, 4:2:0) or "deflate" (zlib of RGB bytes).
    """

    def __init__(self, stream: IO[bytes], tile: int, compression: str, description: str) -> None:
        self._stream = stream
        self._tile = tile
        self._jpeg = compression == "jpeg"
        self._description = description.encode("ascii", "replace") + b"\0"
        self._levels = 0
        stream.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        self._next_pointer = 8  # where the offset of the next directory is to be written

    def write_level(self, plan: LevelPlan, tiles: Iterable[bytes]) -> None:
        """Append one level from its encoded tiles, in rows from the top left."""
        offsets, sizes = array("Q"), array("Q")
        for encoded in tiles:
            offsets.append(self._stream.tell())
            sizes.append(len(encoded))
            self._stream.write(encoded)
        self._write_directory([*self._tags(plan), _numbers(324, offsets), _numbers(325, sizes)])
        self._levels += 1

    def _tags(self, plan: LevelPlan) -> Iterator[_Tag]:
        # A fraction with six digits after the point: pixels per centimetre.
        resolution = struct.pack("<II", *_fraction(1e4 / plan.um_per_px))
        yield _number(254, _LONG, 1 if self._levels else 0)
        yield _number(256, _LONG, plan.width)
        yield _number(257, _LONG, plan.height)
        yield (258, _SHORT, 3, struct.pack("<HHH", 8, 8, 8))
        yield _number(259, _SHORT, _JPEG if self._jpeg else _ADOBE_DEFLATE)
        yield _number(262, _SHORT, _YCBCR if self._jpeg else _RGB)
        yield (270, _ASCII, len(self._description), self._description)
        yield _number(277, _SHORT, 3)
        yield (282, _RATIONAL, 1, resolution)
        yield (283, _RATIONAL, 1, resolution)
        yield _number(284, _SHORT, 1)
        yield _number(296, _SHORT, _CENTIMETRE)
        yield _number(322, _LONG, self._tile)
        yield _number(323, _LONG, self._tile)
        if self._jpeg:
            yield (530, _SHORT, 2, struct.pack("<HH", 2, 2))

    def _write_directory(self, tags: list[_Tag]) -> None:
        entries = []
        for number, kind, count, values in sorted(tags):
            if len(values) > 8:
                at = self._align()
                self._stream.write(values)
                values = struct.pack("<Q", at)
            entries.append(struct.pack("<HHQ", number, kind, count) + values.ljust(8, b"\0"))
        start = self._align()
        self._stream.write(struct.pack("<Q", len(entries)) + b"".join(entries) + bytes(8))
        end = self._stream.tell()
        self._stream.seek(self._next_pointer)
        self._stream.write(struct.pack("<Q", start))
        self._stream.seek(end)
        self._next_pointer = end - 8

    def _align(self) -> int:
        self._stream.write(bytes(-self._stream.tell() % 8))
        return self._stream.tell()


def _number(number: int, kind: int, value: int) -> _Tag:
    return number, kind, 1, struct.pack("<" + _FORMAT[kind], value)


def _numbers(number: int, values: array[int]) -> _Tag:
    return number, _LONG8, len(values), struct.pack(f"<{len(values)}Q", *values)


def _fraction(value: float) -> tuple[int, int]:
    denominator = 1
    while denominator < 1_000_000 and value * denominator * 10 < 2**32:
        denominator *= 10
    return round(value * denominator), denominator
