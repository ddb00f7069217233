"""What is kept of the map of a slide, so that it goes on after a crash and opens at once the next time.

One SQLite file per map, named by a hash of everything that the map depends on; nothing in it names a file or
a patient. Tiles are committed before anybody hears of them. A commit survives the end of the program at any
moment; after a power cut the last ones may be missing (`synchronous = NORMAL`), and are looked at again: the
disk need not be waited for many times a second.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from filelock import BaseFileLock

from lungviewer.core.errors import JournalMismatch, OutputError, OutputUnwritable
from lungviewer.core.tissue_map import TissueMap
from lungviewer.store.database import (
    read_only_uri,
    remove_database,
    rename_database,
    take_lock,
    transaction,
)
from lungviewer.store.slide_rows import (
    MappedTile,
    MapWork,
    check_tile,
    decode_tile,
    decode_work,
    encode_tile,
    encode_work,
)

LIMIT_BYTES = 4 << 30
"""Of all kept maps together. A tile takes 200 to 500 bytes (`python -m benchmarks.slide_map`), the largest
slides have 20,000 to 40,000: several hundred of them fit, so that what a person comes back to is there."""

_SUFFIX = ".sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tiles (number INTEGER PRIMARY KEY, row BLOB NOT NULL);
"""
WAIT_S = 1.0
"""For who has a map for a moment only: to put tissue into it, or to remove it."""

_RESUMES = "Free some space, then map the slide again: it goes on."
_DAMAGED = "The file that keeps the map of this slide is damaged."
_PUT_ASIDE = "The map that was kept of this slide was damaged: it was put aside, and mapping started anew."
_NOT_SHOWN = "The map that was kept of this slide is damaged and is not shown."
_WRONG = (sqlite3.DatabaseError, ValueError, TypeError, KeyError, struct.error, zlib.error)
"""What reading a damaged file raises."""


class KeptMap:
    """The map in an open database: what looking and mapping both read."""

    def __init__(self, database: sqlite3.Connection, class_ids: Sequence[str]) -> None:
        self._database, self._class_ids = database, tuple(class_ids)
        self.notes: tuple[str, ...] = ()
        self.tissue: TissueMap | None = None
        self.work = MapWork()

    def tiles(self, shares: npt.NDArray[np.float64]) -> Iterator[MappedTile]:
        """All that is kept, by number. `shares`: of tissue, by number (`TissueMap.shares`)."""
        for number, row in self._database.execute("SELECT number, row FROM tiles ORDER BY number"):
            yield decode_tile(number, row, self._class_ids, float(shares[number]))

    def close(self) -> None:
        """Safe to call twice."""
        self._database.close()

    def _read(self) -> None:
        """Read everything once, so that damage shows before anything is made of it."""
        meta = dict(self._database.execute("SELECT key, value FROM meta"))
        self.tissue = TissueMap.from_bytes(meta["tissue"]) if "tissue" in meta else None
        self.work = decode_work(meta["work"]) if "work" in meta else MapWork()
        for number, row in self._database.execute("SELECT number, row FROM tiles"):
            check_tile(number, row)


class SlideStore(KeptMap):
    """One slide's map, locked for this process while open. A context manager, used from one thread."""

    def __init__(
        self,
        folder: Path,
        key: str,
        class_ids: Sequence[str],
        *,
        fresh: bool = False,
        wait_s: float = WAIT_S,
    ) -> None:
        """Open or create. A damaged file is put aside, and `notes` say so.

        Args:
            folder: of all kept maps.
            key: hexadecimal hash of everything that the map depends on.
            fresh: forget what was kept.
            wait_s: seconds to wait for who has it.

        Raises:
            OutputBusy: another process maps this slide.
            OutputUnwritable: the disk is full, or the folder cannot be written.
        """
        self.path = map_path(folder, key)
        with _as_ours():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(self.path, wait_s)
        try:
            if fresh:
                with _as_ours():
                    remove_database(self.path)
            self._open(class_ids)
        except BaseException:
            self._lock.release()
            raise

    def keep_tissue(self, tissue: TissueMap) -> None:
        """Raises OutputUnwritable, as every writing method."""
        with self._transaction():
            self._put("tissue", tissue.to_bytes())
        self.tissue = tissue

    def commit(self, mapped: Sequence[MappedTile], work: MapWork) -> None:
        """Store tiles, and what went into the map up to now."""
        rows = [(m.tile.number, encode_tile(m, self._class_ids)) for m in mapped]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO tiles VALUES (?, ?)", rows)
            self._put("work", encode_work(work))
        self.work = work

    def close(self) -> None:
        """Fold the write-ahead log into the file and let others in. Safe to call twice."""
        super().close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- inside ----------------------------------------------------------------------------------

    def _open(self, class_ids: Sequence[str]) -> None:
        try:
            self._connect(class_ids)
        except JournalMismatch:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            with _as_ours():
                rename_database(self.path, self.path.with_name(f"{self.path.stem}-damaged-{stamp}{_SUFFIX}"))
            self._connect(class_ids)
            self.notes = (_PUT_ASIDE,)

    def _connect(self, class_ids: Sequence[str]) -> None:
        with _as_ours():
            database = sqlite3.connect(self.path, isolation_level=None)
        super().__init__(database, class_ids)
        try:
            with _as_ours():
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.executescript(_TABLES)
                self._read()
                os.utime(self.path)  # `prune` takes those first that were not asked for the longest
        except BaseException:
            database.close()
            raise

    def _put(self, key: str, value: str | bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _as_ours(), transaction(self._database):
            yield


@contextlib.contextmanager
def glimpse(folder: Path, key: str, class_ids: Sequence[str]) -> Iterator[KeptMap]:
    """Look at what is kept without locking or changing it. Empty where nothing is; a damaged file counts as
    empty, and `notes` say so."""
    path = map_path(folder, key)
    # Twice: one that was read as at rest may have been opened by a writer just then.
    kept = _looked_into(path, class_ids) or _looked_into(path, class_ids)
    if kept is None:
        database = sqlite3.connect(":memory:")
        database.executescript(_TABLES)
        kept = KeptMap(database, class_ids)
        kept.notes = (_NOT_SHOWN,) if path.exists() else ()
    try:
        yield kept
    finally:
        kept.close()


def map_path(folder: Path, key: str) -> Path:
    """Where the map of this key is kept."""
    return folder / f"{key}{_SUFFIX}"


def prune(folder: Path, limit: int = LIMIT_BYTES) -> None:
    """Remove the oldest maps until all together take no more than `limit` bytes. Those that are being written
    stay, and so does what cannot be removed."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            return
        with contextlib.suppress(OutputError), _as_ours():
            lock = _locked(path, wait_s=0.0)
            try:
                remove_database(path)
            finally:
                lock.release()
            total -= size


def _looked_into(path: Path, class_ids: Sequence[str]) -> KeptMap | None:
    if not path.exists():
        return None
    with contextlib.suppress(OutputError), _as_ours():
        database = sqlite3.connect(read_only_uri(path), uri=True, isolation_level=None)
        kept = KeptMap(database, class_ids)
        try:
            database.execute("BEGIN")  # one state, whatever is committed meanwhile
            kept._read()
        except BaseException:
            kept.close()
            raise
        return kept
    return None


def _locked(path: Path, wait_s: float) -> BaseFileLock:
    return take_lock(
        path,
        busy="This slide is being mapped already",
        folder="the folder of kept slide maps",
        file="The file that keeps the map",
        hint="Wait for it to finish, then map the slide again: what is done is not done twice.",
        wait_s=wait_s,
    )


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """SQLite's and the system's words, as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such" in str(error):  # a table or a column
            raise JournalMismatch(_DAMAGED) from error
        raise _unwritable(str(error)) from error
    except _WRONG as error:
        raise JournalMismatch(_DAMAGED) from error
    except OSError as error:
        raise _unwritable(error.strerror or "unknown reason") from error


def _unwritable(reason: str) -> OutputUnwritable:
    return OutputUnwritable(f"The map of the slide could not be kept ({reason}).", hint=_RESUMES)
