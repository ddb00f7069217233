"""The rows of slides whose map is finished, found without opening a slide.

One SQLite file beside the maps. Slides and maps are hashes; no name is in it. It holds nothing that could not
be had again from the maps: a file that is damaged, or busy for long, is as if there were none.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

from lungviewer.core.types import ImageRecord
from lungviewer.store.database import remove_database, transaction, uri_of
from lungviewer.store.journal import decode_record, encode_record
from lungviewer.store.slide_store import map_path

_NAME = "index.db"
"""Not named as maps are: `prune` weighs those, and takes the oldest."""

_TABLE = """
CREATE TABLE IF NOT EXISTS rows (
    place TEXT PRIMARY KEY, map TEXT NOT NULL, sum INTEGER NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID
"""
_WAIT_S = 0.5
"""For who writes just now: a row takes milliseconds."""


def find_row(folder: Path, place: str) -> ImageRecord | None:
    """The row of a slide whose map is finished and still there.

    Args:
        folder: of all kept maps.
        place: hash of where the slide lies, of the state of its file, and of what else the map depends on.
    """
    path = folder / _NAME
    if not path.exists():
        return None
    with contextlib.suppress(sqlite3.Error, ValueError, TypeError, KeyError):
        uri = uri_of(path.absolute(), "mode=ro")
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as database:
            found = database.execute("SELECT map, sum, record FROM rows WHERE place = ?", (place,)).fetchone()
        if found is not None:
            key, check_sum, text = found
            if check_sum == _check_sum(place, key, text) and map_path(folder, key).exists():
                return decode_record(text)
    return None


def keep_row(folder: Path, place: str, key: str, record: ImageRecord) -> None:
    """Remember the row of a slide whose map, `key`, is finished, and forget those whose map is gone. Where it
    cannot be written, nothing happens: the slide is looked at when somebody opens it."""
    text = encode_record(record)
    row = (place, key, _check_sum(place, key, text), text)

    def keep(database: sqlite3.Connection) -> None:
        if database.execute("SELECT * FROM rows WHERE place = ?", (place,)).fetchone() == row:
            return
        maps = [found for (found,) in database.execute("SELECT DISTINCT map FROM rows")]
        gone = [(found,) for found in maps if not map_path(folder, found).exists()]
        with transaction(database):
            database.executemany("DELETE FROM rows WHERE map = ?", gone)
            database.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", row)

    _write(folder / _NAME, keep)


def forget_rows(folder: Path, key: str) -> None:
    """Forget what was said of a map that is made anew."""
    if (folder / _NAME).exists():
        _write(folder / _NAME, lambda database: database.execute("DELETE FROM rows WHERE map = ?", (key,)))


def _write(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change the index, if it can be. A damaged one is taken away, and the next row begins another."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=_WAIT_S)) as database:
            database.execute(_TABLE)
            change(database)
    except sqlite3.OperationalError:  # busy, full, read-only
        return
    except (sqlite3.DatabaseError, TypeError):
        with contextlib.suppress(OSError):
            remove_database(path)


def _check_sum(*parts: str) -> int:
    return zlib.crc32("\n".join(parts).encode())
