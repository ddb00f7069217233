"""The log of what people decided about images: only ever added to, and every entry seals the one before.

One SQLite file per person. An entry is on the disk before anybody is told about it. Changing, removing or
moving an entry breaks the chain of hashes; removing the last ones, or the file, is noticed by a second
small file that says how far the log had come. Somebody who rewrites both with a program of his own is not
noticed: for that, reports print the last entry's number and hash.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from lungviewer.core.errors import OutputBusy, OutputUnwritable, ReviewLogDamaged
from lungviewer.core.paths import atomic_write, sync_folder
from lungviewer.store.database import uri_of
from lungviewer.store.review_entry import (
    COLUMNS,
    DECISIONS,
    FIRST_PREVIOUS,
    ReviewDraft,
    ReviewEntry,
    checked,
    is_whole,
    sealed,
)

_WAIT_S = 10.0
_CHECK_EVERY = 500
_LAYOUT = 0
"""Of the file (SQLite's user_version); a newer program that changes it writes a higher number."""

_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, time TEXT NOT NULL, reviewer TEXT NOT NULL, image TEXT NOT NULL,
    image_bytes INTEGER NOT NULL, action TEXT NOT NULL, chosen TEXT NOT NULL, comment TEXT NOT NULL,
    pack_id TEXT NOT NULL, pack_version TEXT NOT NULL, pack_sha256 TEXT NOT NULL, call TEXT NOT NULL,
    confidence REAL, status TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_image ON entries (image);
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the review log is only added to'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the review log is only added to'); END;
"""
_ALL = f"SELECT {', '.join(COLUMNS)} FROM entries"
_INSERT = f"INSERT INTO entries VALUES ({', '.join('?' * len(COLUMNS))})"

_WRITE_HINT = "Free some space, or make the folder writable; the review was not recorded, so give it again."


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """The first entry that is not as it was written: `what` is "changed", "missing" or "unreadable"."""

    number: int
    what: str

    @property
    def sentence(self) -> str:
        words = {
            "changed": f"Entry {self.number} of the review log was changed after it was written.",
            "missing": f"Entry {self.number} of the review log is missing.",
        }
        return words.get(self.what, f"The review log cannot be read from entry {self.number} on.")


class ReviewLog:
    """The log in one file. Safe in several threads and windows at once: every call opens and closes it.

    Raises (every method but `verify`):
        ReviewLogDamaged: it is not what was written; `verify` tells where, `put_aside` helps.
        OutputUnwritable: the disk is full or the folder cannot be written.
        OutputBusy: another window holds it for longer than ten seconds.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is made before the first entry."""
        self.path = path
        self._head = Path(f"{path}.head")

    def append(self, draft: ReviewDraft) -> ReviewEntry:
        """Write an entry down durably.

        Raises:
            UsageError: see `checked`.
        """
        clean = checked(draft)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._locked(), _as_ours():
            with self._opened(create=True) as database:
                entry = self._added(database, clean, now)
            self._write_head(entry)
        return entry

    def history(self, image: str) -> tuple[ReviewEntry, ...]:
        """Everything about an image (the SHA-256 of its bytes), oldest first."""
        return tuple(self._select("WHERE image = ? ORDER BY number", image))

    def latest(self, image: str) -> ReviewEntry | None:
        """The decision in force: the last acceptance or override."""
        which = f"AND action IN ({', '.join('?' * len(DECISIONS))})"
        found = self._select(f"WHERE image = ? {which} ORDER BY number DESC LIMIT 1", image, *DECISIONS)
        return next(iter(found), None)

    def sizes(self) -> frozenset[int]:
        """The sizes in bytes of all images with an entry: only files of these sizes need to be hashed."""
        if not self.path.exists():
            return frozenset()
        with _as_ours(), self._opened() as database:
            return frozenset(size for (size,) in database.execute("SELECT DISTINCT image_bytes FROM entries"))

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; (0, zeros) for an empty log."""
        last = next(iter(self._select("ORDER BY number DESC LIMIT 1")), None)
        return (0, FIRST_PREVIOUS) if last is None else (last.number, last.hash)

    def verify(self, check: Callable[[], None] = lambda: None) -> BrokenEntry | None:
        """The first entry that was changed, removed, moved or cannot be read; None when all are whole.

        `check` is called now and then, and may raise `Cancelled`.

        Raises:
            OutputUnwritable, OutputBusy: the file could not be opened at all.
        """
        # Read first: what another window adds meanwhile is then no contradiction.
        known, known_hash = self._read_head()
        number, previous = 0, FIRST_PREVIOUS
        try:
            with contextlib.closing(self._walk()) as entries:
                for entry in entries:
                    number += 1
                    if number % _CHECK_EVERY == 0:
                        check()
                    if _number(entry) > number:
                        return BrokenEntry(number, "missing")
                    if entry.number != number or entry.previous != previous or not is_whole(entry):
                        return BrokenEntry(number, "changed")
                    if number == known and entry.hash != known_hash:
                        return BrokenEntry(number, "changed")
                    previous = entry.hash
        except ReviewLogDamaged:
            return BrokenEntry(number + 1, "unreadable")
        return BrokenEntry(number + 1, "missing") if number < known else None

    def put_aside(self) -> Path | None:
        """Keep a damaged log under another name, and go on with its whole entries before the damage.

        Returns:
            Where the damaged one lies; None when there is nothing wrong (another window was faster), or
            no file is left to keep.
        """
        with self._locked():
            broken = self.verify()
            if broken is None:
                return None
            whole = self._entries_before(broken.number)
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            aside = self.path.with_name(f"{self.path.stem}-damaged-{stamp}{self.path.suffix}")
            with _as_ours():
                kept = self._copy(aside)
                self._replace(whole)
            self._write_head(whole[-1] if whole else None)
            return aside if kept else None

    # --- inside ----------------------------------------------------------------------------------

    def _added(self, database: sqlite3.Connection, draft: ReviewDraft, now: str) -> ReviewEntry:
        database.execute("BEGIN IMMEDIATE")
        row = database.execute(f"{_ALL} ORDER BY number DESC LIMIT 1").fetchone()
        last = None if row is None else ReviewEntry(*row)
        if (last is not None and not is_whole(last)) or not self._reaches_head(database):
            raise ReviewLogDamaged("The review log is not as it was written; nothing was added.")
        number, previous = (1, FIRST_PREVIOUS) if last is None else (last.number + 1, last.hash)
        entry = sealed(draft, number, now, previous)
        database.execute(_INSERT, astuple(entry))
        database.execute("COMMIT")
        return entry

    def _reaches_head(self, database: sqlite3.Connection) -> bool:
        number, expected = self._read_head()
        if number == 0:
            return True
        row = database.execute("SELECT hash FROM entries WHERE number = ?", (number,)).fetchone()
        return row is not None and bool(row[0] == expected)

    def _select(self, clause: str, *values: object) -> list[ReviewEntry]:
        if not self.path.exists():
            return []
        with _as_ours(), self._opened() as database:
            found = [ReviewEntry(*row) for row in database.execute(f"{_ALL} {clause}", values)]
        if not all(map(is_whole, found)):
            raise ReviewLogDamaged("An entry of the review log was changed after it was written.")
        return found

    def _walk(self) -> Generator[ReviewEntry, None, None]:
        if not self.path.exists():
            return
        with _as_ours(), self._opened() as database:
            for row in database.execute(f"{_ALL} ORDER BY number"):
                yield ReviewEntry(*row)

    def _entries_before(self, number: int) -> list[ReviewEntry]:
        found: list[ReviewEntry] = []
        with contextlib.suppress(ReviewLogDamaged), contextlib.closing(self._walk()) as entries:
            for entry in entries:
                if len(found) + 1 == number:
                    break
                found.append(entry)
        return found

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, and none while the file is exchanged."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(f"{self.path}.lock", timeout=_WAIT_S)
            lock.acquire()
        except Timeout:
            raise OutputBusy(
                "Another window is writing the review log.", hint="Wait a moment, then try again."
            ) from None
        except OSError as error:
            raise _unwritable(error.strerror or "unknown reason") from error
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        uri = uri_of(self.path.absolute(), "mode=rwc" if create else "mode=rw")
        with contextlib.closing(
            sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)
        ) as database:
            if database.execute("PRAGMA user_version").fetchone()[0] > _LAYOUT:
                raise OutputUnwritable(
                    "The review log was written by a newer lungviewer.",
                    hint="Update lungviewer. Nothing in the log was changed.",
                )
            if create:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")  # a power cut loses nothing that was told
                database.executescript(_TABLE)
            yield database

    def _read_head(self) -> tuple[int, str]:
        try:
            values = json.loads(self._head.read_bytes())
            return int(values["number"]), str(values["hash"])
        except FileNotFoundError:
            return 0, FIRST_PREVIOUS
        except OSError as error:
            raise _unwritable(error.strerror or "unknown reason") from error
        except (ValueError, TypeError, KeyError):
            return 0, FIRST_PREVIOUS  # it only adds to what the chain proves

    def _write_head(self, entry: ReviewEntry | None) -> None:
        values = {"number": entry.number, "hash": entry.hash} if entry else {"number": 0, "hash": ""}
        # The entry itself is safe; a head that stays behind proves less, and contradicts nothing.
        with contextlib.suppress(OutputUnwritable), atomic_write(self._head) as stream:
            stream.write(json.dumps(values).encode())

    def _copy(self, aside: Path) -> bool:
        kept = False
        for suffix in ("", "-wal"):
            source = Path(f"{self.path}{suffix}")
            if source.exists():
                shutil.copyfile(source, f"{aside}{suffix}")
                kept = True
        return kept

    def _replace(self, entries: list[ReviewEntry]) -> None:
        fresh = ReviewLog(Path(f"{self.path}.new"))
        for suffix in ("", "-wal", "-shm"):  # of a crash in the middle of this
            Path(f"{fresh.path}{suffix}").unlink(missing_ok=True)
        with fresh._opened(create=True) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_INSERT, map(astuple, entries))
            database.execute("COMMIT")
        # The write-ahead log of the damaged file would be played into the new one.
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        fresh.path.replace(self.path)
        sync_folder(self.path.parent)


def _number(entry: ReviewEntry) -> int:
    """SQLite stores any type in any column."""
    return entry.number if isinstance(entry.number, int) else 0


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """SQLite's and the system's words, as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such" in str(error):  # a table or a column
            raise ReviewLogDamaged("The review log lacks a part.") from error
        if "locked" in str(error):
            raise OutputBusy("Another window is writing the review log.", hint="Try again.") from error
        raise _unwritable(str(error)) from error
    except (sqlite3.DatabaseError, TypeError) as error:
        raise ReviewLogDamaged("The review log is damaged, or no review log.") from error
    except OSError as error:
        raise _unwritable(error.strerror or "unknown reason") from error


def _unwritable(reason: str) -> OutputUnwritable:
    return OutputUnwritable(f"The review log could not be used ({reason}).", hint=_WRITE_HINT)
