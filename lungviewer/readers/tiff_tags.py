"""The tag directories of TIFF, BigTIFF and EXIF, read within bounds.

Written out rather than left to a library, because every offset and count in such a file may lie, and
because one reader then serves four purposes: the picture's layout, whether the file is complete, the
orientation in an EXIF block, and whether a file of any size is a slide.

Source: TIFF 6.0 (Adobe 1992), section 2; BigTIFF (Joris Van Damme).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from lungviewer.core.errors import ImageCorrupt, ImageTruncated

_BYTES_PER_TYPE = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_INTEGER_DTYPES = {
    1: "u1",
    3: "u2",
    4: "u4",
    6: "i1",
    8: "i2",
    9: "i4",
    13: "u4",
    16: "u8",
    17: "i8",
    18: "u8",
}

_MAX_DIRECTORIES = 20_000
_MAX_ENTRIES = 4_096


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    offset: int


class Content(Protocol):
    """What the tags are read from: bytes, or a file of which only the parts that are asked for are read."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes:
        """Fewer bytes than asked for where the content ends."""


class Directory:
    """One directory of tags. Values are read when asked for."""

    def __init__(self, data: Content, order: str, entries: dict[int, _Entry]) -> None:
        self._data = data
        self._order = order
        self._entries = entries

    @property
    def described_bytes(self) -> int:
        """Bytes of the directory and of all values it holds or points to."""
        values = sum(entry.count * _BYTES_PER_TYPE[entry.kind] for entry in self._entries.values())
        return 12 * len(self._entries) + values

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def integers(self, tag: int) -> list[int]:
        """All values of an integer tag; empty if it is absent or of another kind."""
        entry = self._entries.get(tag)
        if entry is None or entry.kind not in _INTEGER_DTYPES:
            return []
        dtype = np.dtype(self._order + _INTEGER_DTYPES[entry.kind])
        raw = self._data[entry.offset : entry.offset + entry.count * dtype.itemsize]
        values: list[int] = np.frombuffer(raw, dtype).tolist()
        return values

    def integer(self, tag: int, default: int) -> int:
        """The first value of an integer tag."""
        values = self.integers(tag)
        return values[0] if values else default

    def rational(self, tag: int) -> float:
        """The first value of a rational tag; 0.0 if it is absent, of another kind, or divides by zero."""
        entry = self._entries.get(tag)
        if entry is None or entry.kind != 5 or entry.count < 1:
            return 0.0
        above, below = struct.unpack(f"{self._order}II", self._data[entry.offset : entry.offset + 8])
        return float(Fraction(above, below)) if below else 0.0

    def raw(self, tag: int, most: int | None = None) -> bytes:
        """The (first `most`) bytes of a text or undefined tag; empty if absent."""
        entry = self._entries.get(tag)
        if entry is None or _BYTES_PER_TYPE[entry.kind] != 1:
            return b""
        count = entry.count if most is None else min(entry.count, most)
        return self._data[entry.offset : entry.offset + count]

    def text(self, tag: int, most: int | None = None) -> str:
        """A text tag without its closing zero; UTF-8 if it is that, else Latin-1. Of `most` bytes at most."""
        content = self.raw(tag, most).split(b"\0", 1)[0]
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return content.decode("latin-1")


class TagFile:
    """The directories of a TIFF file, or of the TIFF inside an EXIF block.

    Raises (from every method):
        ImageTruncated: an offset points behind the end of the data.
        ImageCorrupt: not a TIFF header, or a structure that no writer makes.
    """

    def __init__(self, data: Content) -> None:
        self._data = data
        self.order = {b"II": "<", b"MM": ">"}.get(bytes(data[0:2]), "")
        if not self.order:
            raise ImageCorrupt("The header is not that of a TIFF file.")
        version = self._unpack("H", 2)
        if version not in (42, 43):
            raise ImageCorrupt("The header is not that of a TIFF file.")
        self._big = version == 43
        if self._big and self._unpack("H", 4) != 8:
            raise ImageCorrupt("The header is not that of a BigTIFF file.")
        self.first_offset = self._unpack("Q", 8) if self._big else self._unpack("I", 4)

    def directories(self) -> list[Directory]:
        """The chain of directories, in file order."""
        found = list(self.chain())
        if not found:
            raise ImageTruncated("The file has a TIFF header and no picture.")
        return found

    def chain(self) -> Iterator[Directory]:
        """The same one by one, each read when it is asked for."""
        seen: set[int] = set()
        offset = self.first_offset
        described, most = 0, 4 * len(self._data) + 65_536
        while offset:
            # Directories may also overlap without meeting: then they describe more than the file holds.
            if offset in seen or len(seen) >= _MAX_DIRECTORIES or described > most:
                raise ImageCorrupt("The chain of its pages never ends.")
            seen.add(offset)
            directory, offset = self.directory(offset)
            described += directory.described_bytes
            yield directory

    def directory(self, offset: int) -> tuple[Directory, int]:
        """The directory at `offset`, and the offset of the next one (0: none)."""
        count = self._unpack("Q" if self._big else "H", offset)
        if not 0 < count <= _MAX_ENTRIES:
            raise ImageCorrupt(f"A page has {count} tags.")
        position = offset + (8 if self._big else 2)
        entry_bytes, inline = (20, 8) if self._big else (12, 4)
        entries: dict[int, _Entry] = {}
        for _ in range(count):
            tag, kind = self._unpack("H", position), self._unpack("H", position + 2)
            values = self._unpack("Q" if self._big else "I", position + 4)
            at = position + entry_bytes - inline
            size = values * _BYTES_PER_TYPE.get(kind, 0)
            if size > inline:
                at = self._unpack("Q" if self._big else "I", at)
                if at + size > len(self._data):
                    raise ImageTruncated("A part of its description lies behind the end of the file.")
            if kind in _BYTES_PER_TYPE and tag not in entries:
                entries[tag] = _Entry(kind, values, at)
            position += entry_bytes
        following = self._unpack("Q" if self._big else "I", position)
        return Directory(self._data, self.order, entries), following

    def _unpack(self, code: str, offset: int) -> int:
        try:
            coded = self.order + code
            value: int = struct.unpack(coded, self._data[offset : offset + struct.calcsize(coded)])[0]
        except (struct.error, OverflowError):
            raise ImageTruncated("The file ends before its description does.") from None
        return value


def exif_facts(block: bytes) -> tuple[int | None, tuple[float, float, int]]:
    """Orientation (1–8; None if the block is damaged) and (x, y, unit) of the resolution tags."""
    if block.startswith(b"Exif\0\0"):
        block = block[6:]
    if not block:
        return 1, (0.0, 0.0, 0)
    try:
        file = TagFile(block)
        # The directory after the first describes the embedded preview and is nobody's business.
        tags, _ = file.directory(file.first_offset)
    except (ImageTruncated, ImageCorrupt):
        return None, (0.0, 0.0, 0)
    orientation = tags.integer(274, 1)
    return orientation if 1 <= orientation <= 8 else 1, resolution(tags)


def resolution(tags: Directory) -> tuple[float, float, int]:
    """XResolution, YResolution and ResolutionUnit (2 inch, 3 centimetre; 2 if it is not said)."""
    return tags.rational(282), tags.rational(283), tags.integer(296, 2)


UM_PER_RESOLUTION_UNIT = {2: 25_400.0, 3: 10_000.0}
