"""Where things are: bundled data, the person's own folders, and safe replacement of a file."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import lungviewer
from lungviewer.core.errors import OutputUnwritable

PORTABLE_FOLDER = "lungviewer-data"
"""Beside a packaged program, it takes what is otherwise kept in the person's home folder."""

_PACKAGE = Path(lungviewer.__file__).parent
_BUNDLED = _PACKAGE / "_bundled"  # in a wheel or a frozen program
_CHECKOUT = _PACKAGE.parent  # in a source checkout


def bundled(name: str) -> Path:
    """The folder "models" or "resources" that came with the program."""
    installed = _BUNDLED / name
    return installed if installed.is_dir() else _CHECKOUT / name


def checkout() -> Path | None:
    """The source checkout that the program runs from; None where it was installed as a wheel or is frozen."""
    return None if _BUNDLED.is_dir() else _CHECKOUT


def third_party_notices() -> Path | None:
    """The licences of what is packaged with the program; None where it is not packaged, as the libraries then
    have theirs beside them."""
    program = _packaged_program()
    notices = program / "licenses" / "THIRD_PARTY_NOTICES.txt" if program else None
    return notices if notices and notices.is_file() else None


def _packaged_program() -> Path | None:
    """The folder of the packaged program; None where it is not packaged."""
    return Path(sys.executable).resolve().parent if getattr(sys, "frozen", False) else None


def _user_dir(kind: str) -> Path:
    """The person's folder for "data", "config", "cache" or "log".

    Where someone made a folder PORTABLE_FOLDER beside the packaged program, it has all of them.
    """
    program = _packaged_program()
    if program and (program / PORTABLE_FOLDER).is_dir():
        return program / PORTABLE_FOLDER / kind
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")("lungviewer", appauthor=False)
    return found


def user_data_dir() -> Path:
    """For what cannot be made again. Not created here."""
    return _user_dir("data")


def user_packs_dir() -> Path:
    """Where `lungviewer packs install` puts packs. Not created here."""
    return user_data_dir() / "packs"


def user_review_log() -> Path:
    """The log of what people decided about images. Not created here."""
    return user_data_dir() / "reviews.sqlite"


def user_training_dir() -> Path:
    """Where the window keeps its training runs. Not created here."""
    return user_data_dir() / "training"


def user_settings_dir() -> Path:
    """Where the window keeps its settings. Not created here."""
    return _user_dir("config")


def user_cache_dir() -> Path:
    """For what can be made again, such as thumbnails. Not created here."""
    return _user_dir("cache")


def user_log_dir() -> Path:
    """For logs and reports of crashes. Not created here."""
    return _user_dir("log")


def pack_dirs() -> list[Path]:
    """Folders that are searched for packs, the person's own first."""
    return [user_packs_dir(), bundled("models")]


def is_one_of(output: Path, inputs: Iterable[Path]) -> bool:
    """Whether writing `output` would replace one of the inputs, under whatever name."""
    try:
        there = output.stat()
    except OSError:
        return False
    for candidate in inputs:
        with contextlib.suppress(OSError):
            if os.path.samestat(there, candidate.stat()):
                return True
    return False


@contextlib.contextmanager
def atomic_write(target: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file so that `target` is either the old file or the whole new one, even after a crash.

    Without `durable` a power cut may cost the new one: for what is not worth waiting for the disk.

    The temporary file lies beside the target (a rename across file systems is not atomic), and is
    removed when anything fails.

    Raises:
        OutputUnwritable: the disk is full, the folder read-only, the target locked, or a folder, device
            or pipe.
    """
    if not target.name or (os.path.lexists(target) and not target.is_file()):
        raise OutputUnwritable("The output is no ordinary file.", hint="Choose another name.")
    temporary = target.with_name(_temporary_name(target.name))
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(target)
        if durable:
            sync_folder(target.parent)
    except OSError as error:
        raise OutputUnwritable(f"The output could not be written ({error.strerror or error}).") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _temporary_name(name: str) -> str:
    """Hidden, beside the target, and always the same: what a crash leaves behind, the next write takes
    away. Cut so that a name of 255 bytes still has room."""
    return f".{name[:40]}-{zlib.crc32(os.fsencode(name)):08x}.part"


def sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut. Windows cannot open folders, and need not."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and user-space file systems cannot do this; the file itself is in place.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)
