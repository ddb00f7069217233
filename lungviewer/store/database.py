"""What the SQLite files of this program have in common: who writes them, whole transactions, looking only."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path, PurePath
from urllib.parse import quote_from_bytes

from filelock import FileLock, Timeout

from lungviewer.core.errors import OutputBusy, OutputUnwritable

_SUFFIXES = ("", "-wal", "-shm")


def take_lock(
    path: Path,
    *,
    busy: str,
    folder: str,
    file: str,
    hint: str | None = None,
    wait_s: float = 0.0,
) -> FileLock:
    """Be the only process that writes a database, until the lock is released.

    Args:
        busy, folder, file: for sentences: who else may be writing, where the file lies, what it is.
        hint: what to do when somebody else has it; None: the hint of `OutputBusy`.
        wait_s: seconds to wait for another process.

    Raises:
        OutputBusy: another process has it; the sentence names its pid and host if it knows.
        OutputUnwritable: the lock cannot be made.
    """
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        if not os.path.lexists(lock.lock_file):  # nobody holds what cannot even be made
            raise OutputUnwritable(f"Nothing can be written into {folder}.") from None
        raise OutputBusy(f"{busy}{_owner_words(path)}.", hint=hint) from None
    except (OSError, NotImplementedError) as error:  # the latter where a drive knows no locks
        why = getattr(error, "strerror", None) or "the drive knows no locks"
        raise OutputUnwritable(f"{file} could not be created ({why}).") from error
    return lock


def owner() -> str:
    """This process, as the value of "owner" in a table `meta`."""
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname()})


def read_only_uri(path: Path) -> str:
    """How to open a database without changing anything, beside a process that writes it."""
    # Without a write-ahead log nobody writes; SQLite would leave an empty one behind.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    return uri_of(path.absolute(), mode)


def uri_of(path: PurePath, how: str) -> str:
    """An absolute path as SQLite opens it; `how` is its query.

    `Path.as_uri` would put the server of a Windows share where SQLite takes no name but localhost: the share
    belongs into the path (https://www.sqlite.org/uri.html, section 3.1).
    """
    place = path.as_posix()
    rooted = place if place.startswith("/") else f"/{place}"  # C:/…
    return f"file://{quote_from_bytes(os.fsencode(rooted), safe='/:')}?{how}"


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, of a connection with `isolation_level=None`."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def remove_database(path: Path) -> None:
    """Take away a database and what belongs to it. Raises OSError."""
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def rename_database(path: Path, target: Path) -> None:
    """Give a database and what belongs to it another name. Raises OSError."""
    for suffix in _SUFFIXES:
        source = Path(f"{path}{suffix}")
        if source.exists():
            source.replace(f"{target}{suffix}")


def _owner_words(path: Path) -> str:
    """Who holds the lock, as far as can be read from outside."""
    with contextlib.suppress(sqlite3.Error, TypeError, ValueError):
        database = sqlite3.connect(uri_of(path.absolute(), "mode=ro"), uri=True, timeout=1)
        with contextlib.closing(database):
            (text,) = database.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()
            found = json.loads(text)
            return f" (process {found['pid']} on {found['host']})"
    return ""
