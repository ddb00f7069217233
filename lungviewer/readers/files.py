"""Read a file once, safely: nothing but a regular file is ever opened.

A named pipe would block the reader for ever, a device may do anything. Symbolic links to regular files
are followed. Paths may hold any bytes the file system allows; none of them reaches a message.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from lungviewer.core.errors import (
    FileEmpty,
    FileVanished,
    ImageError,
    ImageTooLarge,
    NotARegularFile,
    PermissionMissing,
    ReadFailed,
)
from lungviewer.readers.sniff import HEAD_BYTES

MAX_FILE_BYTES = 1 << 30
"""A 100-megapixel picture with 16-bit colour fills 600 MB; what is larger is a slide."""

_PIECE_BYTES = 4 << 20

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "It is a folder."),
    (stat.S_ISFIFO, "It is a named pipe."),
    (stat.S_ISSOCK, "It is a socket."),
    (stat.S_ISCHR, "It is a device."),
    (stat.S_ISBLK, "It is a device."),
)


def read_regular_file(
    path: Path, limit_bytes: int = MAX_FILE_BYTES, inspect: Callable[[bytes], object] | None = None
) -> bytes:
    """The whole content of a regular file, read once.

    Args:
        path: any path; a symbolic link is followed.
        limit_bytes: larger files are refused before they are read.
        inspect: called with the first bytes (at most `HEAD_BYTES`) before size is judged and the
            rest is read; may raise an ImageError to stop there.

    Raises:
        NotARegularFile: a folder, pipe, socket, device, or a link that leads back to itself.
        FileVanished, PermissionMissing, ReadFailed: what the operating system said.
        FileEmpty: there is not one byte.
        ImageTooLarge: more than `limit_bytes`.
    """
    with open_regular(path) as stream:
        head = stream.read(HEAD_BYTES)
        if not head:
            raise FileEmpty("The file is empty.")
        if inspect is not None:
            inspect(head)
        size = os.fstat(stream.fileno()).st_size
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        # One byte more than it should be, so that a file that is still growing is noticed.
        content = head + stream.read(max(size - len(head), 0) + 1)
        if len(content) > size:
            content += stream.read(limit_bytes + 1 - len(content))
        if len(content) > limit_bytes:
            raise _too_large(limit_bytes)
        return content


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """The first `size` bytes of a regular file, fewer if it is shorter.

    Raises:
        NotARegularFile, FileVanished, PermissionMissing, ReadFailed: as `read_regular_file`.
    """
    with open_regular(path) as stream:
        return stream.read(size)


def content_sha256(path: Path, check: Callable[[], None]) -> tuple[str, int]:
    """Lower-case hexadecimal SHA-256 of a regular file of any size, and its bytes.

    Args:
        check: called between pieces of 4 MiB; may raise `Cancelled`.

    Raises:
        NotARegularFile, FileVanished, PermissionMissing, ReadFailed: as `read_regular_file`.
    """
    digest, size = hashlib.sha256(), 0
    with open_regular(path) as stream:
        while piece := stream.read(_PIECE_BYTES):
            check()
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _too_large(limit_bytes: int) -> ImageTooLarge:
    return ImageTooLarge(f"The file is larger than {limit_bytes // 1_000_000} MB.")


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading. Errors of reading inside the context are given their names too.

    Raises:
        NotARegularFile, FileVanished, PermissionMissing, ReadFailed: as `read_regular_file`.
    """
    try:
        # Looked at before it is opened: opening a pipe can wake the program at its other end.
        _require_regular(path.stat().st_mode)
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_NOCTTY", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with open(os.open(path, flags), "rb") as stream:
            _require_regular(os.fstat(stream.fileno()).st_mode)  # it may have been swapped in between
            yield stream
    except OSError as error:
        raise _by_name(error, path) from None  # an OSError carries the file name into every traceback
    except ValueError as error:
        raise ReadFailed(f"The file name cannot be used ({error}).") from None


def _require_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    sentence = next((words for test, words in _KINDS if test(mode)), "It is not an ordinary file.")
    raise NotARegularFile(sentence)


def _by_name(error: OSError, path: Path) -> ImageError:
    if error.errno == errno.ELOOP:
        return NotARegularFile("It is a symbolic link that leads back to itself.")
    if isinstance(error, PermissionError):
        return PermissionMissing("The file may not be read by this account.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        if path.is_symlink():
            return FileVanished("It is a symbolic link to a file that is not there.")
        return FileVanished("The file is no longer there.")
    if error.errno == errno.EISDIR:
        return NotARegularFile("It is a folder.")
    return ReadFailed(f"The file could not be read ({error.strerror or 'unknown reason'}).")
