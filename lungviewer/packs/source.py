"""A pack's files, wherever they lie: names and sizes first, then the bytes, each read once."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from lungviewer.core.errors import PackInvalid, PackTampered, PackUnsafe
from lungviewer.packs.names import EVALUATION, MAX_FILES, kind_of_stranger

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_READ_FLAGS |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class PackSource(Protocol):
    """The files of one pack. Names use "/" and are relative to the pack."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Every file with its size in bytes, as the listing says; nothing has been read yet."""

    def read(self, name: str, limit: int) -> bytes:
        """All bytes of one listed file.

        Raises:
            PackTampered: the file is gone, or has more than `limit` bytes by now.
            PackUnsafe: it is not a regular file.
        """

    def close(self) -> None:
        """Give back the file, if one is open. Safe to call twice."""


class FolderSource:
    """A pack in a folder. Symbolic links, devices, pipes and folders other than evaluation/ are refused.

    Raises:
        PackUnsafe: something other than a regular file lies in the folder.
        PackInvalid: the folder cannot be listed, or holds far too many files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}
        self._list(folder, "")

    @property
    def sizes(self) -> Mapping[str, int]:
        return self._sizes

    def _list(self, folder: Path, prefix: str) -> None:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._add(entry, prefix)
        except OSError as error:
            raise PackInvalid(f"The pack's folder cannot be read ({error.strerror}).") from error

    def _add(self, entry: os.DirEntry[str], prefix: str) -> None:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) or _is_reparse_point(status):
            raise PackUnsafe("The pack holds a symbolic link; links are never followed.")
        if stat.S_ISDIR(status.st_mode):
            if prefix or entry.name != EVALUATION:
                raise PackInvalid(
                    "The folder is no model pack, or holds a folder that is not evaluation/.",
                    hint="Choose the folder that holds pack.json.",
                )
            self._list(Path(entry.path), f"{EVALUATION}/")
            return
        if not stat.S_ISREG(status.st_mode):
            raise PackUnsafe("The pack holds a pipe, socket or device; only regular files are opened.")
        if len(self._sizes) > MAX_FILES:
            raise PackInvalid(f"The pack holds more than {MAX_FILES} files.")
        self._sizes[prefix + entry.name] = status.st_size

    def read(self, name: str, limit: int) -> bytes:
        if name not in self._sizes:
            raise PackInvalid(f"The pack has no {name}.")
        return read_regular_file(self._folder / name, limit)

    def close(self) -> None:
        pass


def _is_reparse_point(status: os.stat_result) -> bool:
    """Windows: junctions and the like, which lead elsewhere without being called links."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400))


def read_regular_file(path: Path, limit: int) -> bytes:
    """All bytes of a regular file that is no link, at most `limit`.

    The checks are made on the open file, not on its name, so that nothing can be swapped in between.

    Raises:
        PackTampered: the file is gone, unreadable, or larger than `limit`.
        PackUnsafe: it is a link (where the system can say so), pipe, socket, device or folder.
    """
    with open_regular_file(path) as stream:
        try:
            size = os.fstat(stream.fileno()).st_size
            if size > limit:
                raise PackTampered(f"A file of the pack has {size:,} bytes; expected {limit:,}.")
            data = stream.read(limit + 1)
        except OSError as error:
            raise PackTampered(f"A file of the pack cannot be read ({error.strerror}).") from error
    if len(data) > limit:
        raise PackTampered(f"A file of the pack grew beyond {limit:,} bytes while it was read.")
    return data


def open_regular_file(path: Path) -> IO[bytes]:
    """Open for reading without waiting for anyone: a pipe would block until somebody writes.

    Raises:
        PackTampered: the file is gone or unreadable.
        PackUnsafe: it is a link (where the system can say so), pipe, socket, device or folder.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except OSError as error:
        if path.is_symlink():
            raise PackUnsafe("The pack holds a symbolic link; links are never followed.") from error
        if path.exists() and not path.is_file():
            raise PackUnsafe("The pack holds something that is not a regular file.") from error
        raise PackTampered(f"A file of the pack cannot be opened ({error.strerror}).") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PackUnsafe("The pack holds something that is not a regular file.")
    return os.fdopen(descriptor, "rb")


def describe_strangers(strangers: list[str]) -> str:
    """ "2 files it does not list (a program, a hidden file)"."""
    kinds = sorted({kind_of_stranger(name) for name in strangers})
    count = "a file" if len(strangers) == 1 else f"{len(strangers)} files"
    return f"{count} that pack.json does not list ({', '.join(kinds)})"
