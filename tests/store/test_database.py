"""How the files of SQLite are opened, wherever they lie."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path, PureWindowsPath

import pytest

from lungviewer.store.database import uri_of


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (r"\\server\share\Befunde 1\a#b.journal", "file:////server/share/Befunde%201/a%23b.journal?mode=ro"),
        (r"C:\Users\Jörg\a.journal", "file:///C:/Users/J%C3%B6rg/a.journal?mode=ro"),
    ],
)
def test_paths_of_windows_keep_server_and_drive(path: str, uri: str) -> None:
    assert uri_of(PureWindowsPath(path), "mode=ro") == uri


@pytest.mark.parametrize("name", ["plain", "a b", "100%25?mode=rw#x", "größe ;&="])
def test_any_name_leads_to_the_file_of_that_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with contextlib.closing(sqlite3.connect(uri_of(path, "mode=rwc"), uri=True)) as database:
        database.execute("CREATE TABLE here (x)")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_path_that_begins_with_two_slashes_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    doubled = PureWindowsPath("/" + str(tmp_path / "a"))  # as a share is written: //tmp/…
    with contextlib.closing(sqlite3.connect(uri_of(doubled, "mode=rw"), uri=True)) as database:
        database.execute("CREATE TABLE here (x)")
    assert (tmp_path / "a").stat().st_size > 0
