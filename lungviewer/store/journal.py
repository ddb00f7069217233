"""The record of a scan that survives a crash at any moment: one SQLite file beside the CSV.

A row is in the journal, and on the disk, before anybody is told about it; the CSV is drawn from the
journal. Results are kept under file identity + settings, so a second run redoes only what changed. Files
that were being read when the program died are remembered, so that the next run reads them where a
decoder that crashes takes only itself along.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lungviewer.core.errors import JournalMismatch, OutputUnwritable
from lungviewer.core.types import ImageRecord, Status
from lungviewer.store.database import owner, read_only_uri, remove_database, take_lock, transaction

SCHEMA = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS listing (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    path BLOB NOT NULL, settings TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    transient INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (path, settings)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS in_flight (path BLOB PRIMARY KEY) WITHOUT ROWID;
"""

_CURRENT = """
FROM listing JOIN results USING (path)
WHERE results.settings = ? AND results.size = listing.size AND results.mtime_ns = listing.mtime_ns
"""


_RESUMES = "Free some space or reconnect the drive, then scan again: it resumes."
_DAMAGED = "The journal beside this report is damaged, or no journal of lungviewer's."


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file as the scan found it: `path` as bytes (names need not be UTF-8), bytes, nanoseconds."""

    path: bytes
    size: int
    mtime_ns: int


class Journal:
    """One scan's journal, locked for this process while open. Used from one thread.

    Raises (every method):
        OutputUnwritable: the disk is full or the folder cannot be written.
        JournalMismatch: the file is damaged.
    """

    def __init__(self, path: Path, root: str, settings: str, *, fresh: bool = False) -> None:
        """Open or create.

        Args:
            path: the journal file.
            root: what is scanned, as text; a journal belongs to one folder, wherever it is moved.
            settings: fingerprint of everything that changes a result (pack, scale, version, …).
            fresh: forget what an earlier run found.

        Raises:
            OutputBusy: another process has it open; the message names its pid and host.
            JournalMismatch: it was written by a newer program, is damaged, or no journal at all.
        """
        self.path = path
        self._settings = settings
        self._root = root
        self._moved = False
        if not path.absolute().parent.is_dir():  # the lock would create it
            raise OutputUnwritable("The folder of the report does not exist.", hint="Create it first.")
        self._lock = take_lock(
            path,
            busy="Another scan is writing this report",
            folder="the folder of the report",
            file="The journal beside the report",
        )
        try:
            if fresh:
                self._remove_files()
            with _writing():
                self._database = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except BaseException:
            with contextlib.suppress(AttributeError):
                self._database.close()
            self._lock.release()
            raise

    # --- the run ---------------------------------------------------------------------------------

    def begin(self, files: Sequence[FileIdentity]) -> None:
        """State which files this run is about. Rows of files not among them leave the CSV.

        A folder that was moved or renamed, or a drive with another letter, is recognised by its files.

        Raises:
            JournalMismatch: the journal belongs to another folder.
        """
        if self._moved and self.listed() and not self._knows_one_of(files):
            raise JournalMismatch("The report with this name belongs to a scan of another folder.")
        with self._transaction():
            self._database.execute("DELETE FROM listing")
            self._database.executemany(
                "INSERT OR REPLACE INTO listing VALUES (?, ?, ?)",
                ((f.path, f.size, f.mtime_ns) for f in files),
            )
            self._database.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (self._root,))
        self._moved = False

    def forget(self, paths: Sequence[bytes]) -> None:
        """Do these files again, whatever is known about them."""
        with self._transaction():
            self._database.executemany(
                "DELETE FROM results WHERE path = ? AND settings = ?",
                ((path, self._settings) for path in paths),
            )

    def listed(self) -> int:
        """How many files the last run was about."""
        with _reading():
            return int(self._database.execute("SELECT COUNT(*) FROM listing").fetchone()[0])

    def pending(self) -> list[FileIdentity]:
        """Files of this run that need work: new, changed, other settings, or a failure worth retrying."""
        done = f"SELECT listing.path {_CURRENT} AND NOT transient"
        query = f"SELECT path, size, mtime_ns FROM listing WHERE path NOT IN ({done}) ORDER BY path"
        with _reading():
            return [FileIdentity(*row) for row in self._database.execute(query, (self._settings,))]

    def suspects(self) -> set[bytes]:
        """Files that were being read when the program last died."""
        with _reading():
            return {path for (path,) in self._database.execute("SELECT path FROM in_flight")}

    def start(self, paths: Sequence[bytes]) -> None:
        """Remember that these files are about to be read."""
        with self._transaction():
            self._database.executemany(
                "INSERT OR IGNORE INTO in_flight VALUES (?)", ((path,) for path in paths)
            )

    def commit(self, rows: Sequence[tuple[FileIdentity, ImageRecord, bool]]) -> None:
        """Store finished rows durably: (file, record, whether a failure is worth another try)."""
        with self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (f.path, self._settings, f.size, f.mtime_ns, transient, encode_record(record))
                    for f, record, transient in rows
                ),
            )
            self._database.executemany(
                "DELETE FROM in_flight WHERE path = ?", ((f.path,) for f, _, _ in rows)
            )

    def clear_in_flight(self) -> None:
        """The run stops in an orderly way: nothing it was reading is under suspicion."""
        with self._transaction():
            self._database.execute("DELETE FROM in_flight")

    # --- results ---------------------------------------------------------------------------------

    def records(self, *, settled: bool = False) -> Iterator[ImageRecord]:
        """Finished rows of this run in path order, one at a time; `settled` leaves out those that
        `pending` will offer again."""
        also = "AND NOT transient" if settled else ""
        query = f"SELECT record {_CURRENT} {also} ORDER BY listing.path"
        with _reading():
            rows = self._database.execute(query, (self._settings,))
        while True:
            with _reading():  # not round the yield: what the reader of the rows does is not ours to judge
                row = rows.fetchone()
                record = None if row is None else decode_record(row[0])
            if record is None:
                return
            yield record

    def close(self) -> None:
        """Fold the write-ahead log into the file and let others in. Safe to call twice."""
        self._database.close()
        self._lock.release()

    # --- inside ----------------------------------------------------------------------------------

    def _knows_one_of(self, files: Sequence[FileIdentity]) -> bool:
        query = "SELECT 1 FROM listing WHERE path = ? AND size = ? AND mtime_ns = ?"
        with _reading():
            return any(
                self._database.execute(query, (f.path, f.size, f.mtime_ns)).fetchone() is not None
                for f in files
            )

    def _remove_files(self) -> None:
        try:
            remove_database(self.path)
        except OSError as error:
            raise OutputUnwritable(
                f"The old journal beside the report could not be removed ({error.strerror})."
            ) from error

    def _prepare(self) -> None:
        self._refuse_newer()  # before anything is changed
        with _writing():
            self._database.execute("PRAGMA journal_mode = WAL")
            # A power cut must not lose a row that was reported: sync at every commit.
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        with _reading():
            meta = dict(self._database.execute("SELECT key, value FROM meta").fetchall())
        self._moved = meta.get("root", self._root) != self._root
        with self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                (("schema", str(SCHEMA)), ("owner", owner())),
            )

    def _refuse_newer(self) -> None:
        with _reading():
            tables = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'"
            if self._database.execute(tables).fetchone() is None:
                return
            stated = self._database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            schema = SCHEMA if stated is None else int(stated[0])
        if schema > SCHEMA:
            raise JournalMismatch(
                "The journal beside this report was written by a newer lungviewer.",
                hint="Update lungviewer, or choose another output name.",
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _writing(), transaction(self._database):
            yield


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a journal holds: of which `root`, the files `listed` by its last run, and those that are
    `settled` under some settings."""

    root: str
    listed: frozenset[FileIdentity]
    settled: frozenset[FileIdentity]


def glimpse(path: Path, settings: str | None) -> Glimpse:
    """Look into a journal without locking or changing it; `settings` None: whatever they were.

    Raises:
        JournalMismatch: it cannot be read, or is none.
    """
    with _reading(), contextlib.closing(sqlite3.connect(read_only_uri(path), uri=True)) as database:
        roots = dict(database.execute("SELECT key, value FROM meta WHERE key = 'root'"))
        listed = database.execute("SELECT path, size, mtime_ns FROM listing")
        settled = database.execute(
            "SELECT path, size, mtime_ns FROM results WHERE NOT transient AND settings = ifnull(?, settings)",
            (settings,),
        )
        return Glimpse(
            roots.get("root", ""),
            frozenset(FileIdentity(*row) for row in listed),
            frozenset(FileIdentity(*row) for row in settled),
        )


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """SQLite's words for a full disk or a folder taken away, as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputUnwritable(
            f"The journal beside the report could not be written ({error}).", hint=_RESUMES
        ) from error
    except sqlite3.DatabaseError as error:
        raise JournalMismatch(_DAMAGED) from error


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """A damaged file, as ours."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
        raise JournalMismatch(_DAMAGED) from error


def encode_record(record: ImageRecord) -> str:
    """A row as text."""
    return json.dumps(asdict(record), ensure_ascii=True, separators=(",", ":"))


def decode_record(text: str) -> ImageRecord:
    """The row that `encode_record` was given. Raises ValueError, TypeError or KeyError for another text."""
    values = json.loads(text)
    return ImageRecord(**{**values, "status": Status(values["status"])})
