"""Uploads on the disk: in a folder that nobody else may enter, for as long as they are being read.

A server that was killed leaves its folder behind; the next one that starts takes it away. A lock tells the
folder of a dead server from that of another one that is running.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from filelock import FileLock, Timeout

from lungviewer.readers.sniff import HEAD_BYTES, IMAGE_SUFFIXES
from lungviewer.server.room import Room

_PREFIX = "lungviewer-serve-"
_LOCK = "lock"
_BUFFER = 256 * 1024
"""Bytes of an upload that are gathered before they are written: most images go to the disk in one piece."""


class Upload:
    """One file as it arrives. `name` is what the client calls it: for its own answer, never for a log; its
    first bytes, the `head`, are enough for `sniff`."""

    def __init__(self, path: Path, name: str, room: Room) -> None:
        self.path, self.name, self.size, self.head = path, name, 0, b""
        self._room = room
        self._stream: BinaryIO | None = path.open("xb", buffering=_BUFFER)

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            Problem: 503, all uploads together take too much room.
            OSError: the disk is full.
        """
        self._room.take(len(data))
        self.size += len(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        if self._stream is not None:
            self._stream.write(data)

    def complete(self) -> None:
        """All of it is there."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def discard(self) -> None:
        """Delete it. Safe to call twice."""
        # Windows does not delete what is still being read; it goes with the folder.
        with contextlib.suppress(OSError):
            self.complete()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self._room.give_back(self.size)
        self.size = 0


class UploadFolder:
    """A context manager: the folder is there inside it, and gone after it."""

    def __init__(self, parent: Path | None = None) -> None:
        """`parent`: by default where the system keeps temporary files."""
        self._parent = parent or Path(tempfile.gettempdir())
        self._made = 0

    def __enter__(self) -> Self:
        remove_leftovers(self._parent)
        self._make()
        while not (self.path / _LOCK).exists():  # taken for a leftover before it was locked
            self._lock.release()
            self._make()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def _make(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._lock = FileLock(self.path / _LOCK)
        with contextlib.suppress(FileNotFoundError):
            self._lock.acquire()

    def new(self, name: str, room: Room) -> Upload:
        """An empty upload. Of the client's name only a suffix that means a format is kept: it decides what a
        file is said to be, as it does on the command line.

        Raises:
            OSError: the disk is full, or the folder gone.
        """
        self._made += 1
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name is no path of this machine
        kept = suffix if suffix in IMAGE_SUFFIXES else ""
        return Upload(self.path / f"{self._made:08}{kept}", name, room)


def remove_leftovers(parent: Path) -> None:
    """Delete the folders of servers that were killed: this person's own only, and no links."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            facts = folder.lstat()
            if not stat.S_ISDIR(facts.st_mode) or (hasattr(os, "getuid") and facts.st_uid != os.getuid()):
                continue
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)  # Windows keeps the lock itself while it is held
