import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.errors import JournalMismatch, OutputBusy, OutputUnwritable
from lungviewer.core.types import ImageRecord, Status
from lungviewer.store.journal import FileIdentity, Journal

FILES = [FileIdentity(name, 10, 1000) for name in (b"a.png", b"b.png", b"c \xff\n.png")]


def row(file, status=Status.OK, transient=False, **more):
    return file, ImageRecord(path=os.fsdecode(file.path), kind="image", status=status, **more), transient


@pytest.fixture
def where(tmp_path):
    return tmp_path / "report.csv.journal"


def opened(where, settings="s1", root="root", **options):
    return Journal(where, root, settings, **options)


def finish(journal, files=FILES):
    journal.begin(FILES)
    journal.commit([row(f) for f in files])


def test_everything_is_pending_at_first(where):
    journal = opened(where)
    journal.begin(FILES)
    assert journal.pending() == sorted(FILES, key=lambda f: f.path)
    journal.close()


def test_what_was_committed_is_there_after_reopening(where):
    journal = opened(where)
    finish(journal, FILES[:2])
    journal.close()
    again = opened(where)
    again.begin(FILES)
    assert again.pending() == FILES[2:]
    assert [r.path for r in again.records()] == ["a.png", "b.png"]
    again.close()


@pytest.mark.parametrize("changed", [FileIdentity(b"a.png", 11, 1000), FileIdentity(b"a.png", 10, 1001)])
def test_a_changed_file_is_done_again(where, changed):
    journal = opened(where)
    finish(journal)
    journal.begin([changed, *FILES[1:]])
    assert journal.pending() == [changed]
    assert len(list(journal.records())) == 2
    journal.close()


def test_other_settings_start_over_but_lose_nothing(where):
    journal = opened(where)
    finish(journal)
    journal.close()
    other = opened(where, settings="s2")
    other.begin(FILES)
    assert len(other.pending()) == 3
    other.close()
    back = opened(where)
    back.begin(FILES)
    assert back.pending() == []
    back.close()


def test_only_failures_that_may_pass_are_tried_again(where):
    journal = opened(where)
    journal.begin(FILES)
    journal.commit(
        [
            row(FILES[0], Status.ERROR, transient=True, reason="permission_denied"),
            row(FILES[1], Status.ERROR, reason="truncated"),
            row(FILES[2]),
        ]
    )
    assert journal.pending() == [FILES[0]]
    assert len(list(journal.records())) == 3
    assert len(list(journal.records(settled=True))) == 2
    journal.close()


def test_a_file_that_is_gone_leaves_the_report(where):
    journal = opened(where)
    finish(journal)
    journal.begin(FILES[:1])
    assert [r.path for r in journal.records()] == ["a.png"]
    journal.close()


def test_files_in_flight_at_a_crash_are_suspects_until_they_are_done(where):
    journal = opened(where)
    journal.begin(FILES)
    journal.start([f.path for f in FILES])
    journal.close()  # no clear_in_flight: as if the program had died
    again = opened(where)
    assert again.suspects() == {f.path for f in FILES}
    again.commit([row(FILES[0])])
    assert again.suspects() == {f.path for f in FILES[1:]}
    again.clear_in_flight()
    assert again.suspects() == set()
    again.close()


@given(
    st.builds(
        ImageRecord,
        path=st.text(),
        kind=st.sampled_from(["image", "slide"]),
        status=st.sampled_from(Status),
        confidence=st.none() | st.floats(0, 1),
        probabilities=st.dictionaries(st.text(), st.floats(0, 1)),
        trust_score=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        error=st.text(),
    )
)
def test_any_record_comes_back_as_it_was(tmp_path_factory, record):
    where = tmp_path_factory.mktemp("journal") / "j"
    journal = opened(where)
    journal.begin(FILES[:1])
    journal.commit([(FILES[0], record, False)])
    assert list(journal.records()) == [record]
    journal.close()


def test_a_second_process_is_told_who_holds_the_report(where):
    journal = opened(where)
    code = (
        "import sys; from pathlib import Path; from lungviewer.store.journal import Journal\n"
        "from lungviewer.core.errors import OutputBusy\n"
        "try: Journal(Path(sys.argv[1]), 'root', 's1')\n"
        "except OutputBusy as error: print(error.sentence)"
    )
    command = [sys.executable, "-c", code, str(where)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"process {os.getpid()} on {socket.gethostname()}" in said
    journal.close()


def test_a_fresh_start_does_not_take_a_journal_from_a_running_scan(where):
    journal = opened(where)
    finish(journal)
    with pytest.raises(OutputBusy):
        opened(where, fresh=True)
    assert len(list(journal.records())) == 3
    journal.close()


def test_a_fresh_start_forgets(where):
    journal = opened(where)
    finish(journal)
    journal.close()
    again = opened(where, fresh=True)
    again.begin(FILES)
    assert len(again.pending()) == 3
    again.close()


def test_a_journal_of_another_folder_is_not_overwritten(where):
    journal = opened(where)
    finish(journal)
    journal.close()
    other = opened(where, root="elsewhere")
    with pytest.raises(JournalMismatch, match="another folder"):
        other.begin([FileIdentity(b"other.png", 10, 1000)])
    other.close()
    back = opened(where)
    assert len(list(back.records())) == 3
    back.close()


def test_a_folder_that_was_moved_is_recognised_by_its_files(where):
    journal = opened(where)
    finish(journal, FILES[:2])
    journal.close()
    moved = opened(where, root="elsewhere")
    moved.begin(FILES)
    assert moved.pending() == FILES[2:]
    moved.close()


def test_forgotten_files_are_done_again(where):
    journal = opened(where)
    finish(journal)
    journal.forget([FILES[0].path])
    assert journal.pending() == FILES[:1]
    journal.close()


@pytest.mark.parametrize("damage", ["UPDATE results SET record = '{}'", "UPDATE meta SET value = 'x'"])
def test_a_journal_with_nonsense_in_it_is_a_sentence(where, damage):
    journal = opened(where)
    finish(journal)
    journal.close()
    with sqlite3.connect(where) as database:
        database.execute(damage)
    database.close()
    with pytest.raises(JournalMismatch, match="damaged"):
        use_again(where)


def use_again(where):
    journal = opened(where)
    try:
        journal.begin(FILES)
        list(journal.records())
    finally:
        journal.close()


def test_a_file_that_is_no_journal_is_not_overwritten(where):
    where.write_bytes(b"my thesis" * 1000)
    with pytest.raises(JournalMismatch):
        opened(where)
    assert where.read_bytes().startswith(b"my thesis")


def test_a_journal_from_a_newer_program_is_refused(where):
    opened(where).close()
    with sqlite3.connect(where) as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    written = where.read_bytes()
    with pytest.raises(JournalMismatch, match="newer"):
        opened(where)
    assert where.read_bytes() == written


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(OutputUnwritable):
        opened(tmp_path / "missing" / "journal")


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="a folder where nobody can write")
def test_a_lock_that_cannot_be_made_is_no_other_scan():
    with pytest.raises(OutputUnwritable, match="Nothing can be written"):
        opened(Path("/proc/r.csv.journal"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_no_other_scan(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputUnwritable):
        opened(tmp_path / "r.csv.journal")


def test_a_drive_without_locks_is_a_sentence(where, monkeypatch):
    def none(self, timeout):
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", none)
    with pytest.raises(OutputUnwritable, match="no locks"):
        opened(where)


def test_a_full_disk_is_a_sentence_and_what_was_committed_stays(where):
    journal = opened(where)
    finish(journal, FILES[:1])
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own stand-in for a full disk
    with pytest.raises(OutputUnwritable, match="full"):
        journal.commit([row(FILES[1], error="x" * 100_000)])
    assert [r.path for r in journal.records()] == ["a.png"]
    journal.close()
    again = opened(where)
    again.begin(FILES)
    assert again.pending() == FILES[1:]
    again.close()


def test_the_journal_keeps_no_more_than_the_record(where):
    journal = opened(where)
    finish(journal, FILES[:1])
    journal.close()
    with sqlite3.connect(where) as database:
        (text,) = database.execute("SELECT record FROM results").fetchone()
    database.close()
    assert set(json.loads(text)) == set(ImageRecord.__dataclass_fields__)
