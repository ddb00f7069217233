"""A file of any size, of which only the parts that are asked for are read.

Not a memory map: a mapped file that is cut by somebody else ends the process that looks at it.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from lungviewer.core.errors import ImageTruncated

_BLOCK_BYTES = 1 << 16
_MOST_BYTES = 1 << 26


class FileContent:
    """Content of an open file for `TagFile`: what was read last is kept, because tags lie close together.

    Raises (from reading):
        ImageTruncated: the file has become shorter, or a part is larger than any description.
        OSError: the operating system's own; `files.open_regular` gives it a name.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size
        self._start = 0
        self._block = b""

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        """The bytes from `part.start` to `part.stop`, both of which are given and not negative."""
        start, stop = min(part.start, self._size), min(part.stop, self._size)
        if stop - start > _MOST_BYTES:
            raise ImageTruncated("A part of its description is longer than any description.")
        if not self._start <= start <= stop <= self._start + len(self._block):
            self._stream.seek(start)
            self._start, self._block = start, self._stream.read(max(stop - start, _BLOCK_BYTES))
            if len(self._block) < stop - start:
                raise ImageTruncated("The file became shorter while it was read.")
        return self._block[start - self._start : stop - self._start]
