"""The review log: nothing in it can be changed, removed or moved unnoticed."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from lungviewer.core.errors import Cancelled, OutputBusy, OutputUnwritable, ReviewLogDamaged, UsageError
from lungviewer.core.job import CancellableContext
from lungviewer.store import reviews
from lungviewer.store.review_entry import COLUMNS, FIRST_PREVIOUS, OTHER, Action, is_whole, sealed
from lungviewer.store.reviews import ReviewLog
from tests.contracts.exporter_contract import room_for
from tests.fixtures.reviewing import digest, draft, fill, tamper

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(tmp_path: Path) -> ReviewLog:
    return ReviewLog(tmp_path / "data" / "reviews.sqlite")


@pytest.fixture
def five(log: ReviewLog) -> ReviewLog:
    for number in range(5):
        log.append(draft(str(number)))
    return log


def test_an_entry_is_numbered_dated_chained_and_kept(log: ReviewLog) -> None:
    first = log.append(draft())
    second = log.append(draft(action=Action.OVERRIDE, chosen=OTHER, comment=""))
    assert (first.number, first.previous, second.number, second.previous) == (
        1,
        FIRST_PREVIOUS,
        2,
        first.hash,
    )
    assert first.time.endswith("+00:00")
    assert ReviewLog(log.path).history(digest("a")) == (first, second)
    assert log.head() == (2, second.hash)
    assert log.verify() is None


def test_a_log_that_was_never_written_is_empty_and_makes_no_file(log: ReviewLog) -> None:
    assert log.history(digest("a")) == ()
    assert log.latest(digest("a")) is None
    assert log.head() == (0, FIRST_PREVIOUS)
    assert log.sizes() == frozenset()
    assert log.verify() is None
    assert not log.path.parent.exists()


def test_a_log_of_a_newer_program_is_refused_and_left_as_it_is(five: ReviewLog) -> None:
    with contextlib.closing(sqlite3.connect(five.path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA user_version = 1")
    written = five.path.read_bytes()
    for use in (lambda: five.append(draft()), lambda: five.history(digest("1")), five.head):
        with pytest.raises(OutputUnwritable, match="newer lungviewer"):
            use()
    assert five.path.read_bytes() == written


def test_the_decision_in_force_is_the_last_acceptance_or_override(log: ReviewLog) -> None:
    log.append(draft(action=Action.FIRST_READ, chosen="benign"))
    assert log.latest(digest("a")) is None
    log.append(draft())
    override = log.append(draft(action=Action.OVERRIDE, chosen="benign"))
    log.append(draft(action=Action.COMMENT, chosen="", comment="see the other slide"))
    log.append(draft("another image"))
    assert log.latest(digest("a")) == override
    assert len(log.history(digest("a"))) == 4


def test_entries_of_earlier_versions_are_whole_beside_those_of_a_new_kind(log: ReviewLog) -> None:
    first = sealed(draft(), 1, "2025-01-31T10:00:00+00:00", FIRST_PREVIOUS)
    assert first.hash == "e853ea7537d1987179905c963c2f80900621cc6ef9b3527a5e22c972ef4f5060"
    for action in (Action.FIRST_READ, Action.REREAD):
        log.append(draft(action=action))
    assert log.verify() is None


def test_sizes_are_those_of_reviewed_images(log: ReviewLog) -> None:
    log.append(draft(image_bytes=10))
    log.append(draft("b", image_bytes=20))
    assert log.sizes() == {10, 20}


@pytest.mark.parametrize(
    "wrong",
    [
        {"reviewer": " "},
        {"chosen": ""},
        {"action": Action.FIRST_READ, "chosen": ""},
        {"action": Action.COMMENT, "comment": " \n"},
        {"image": "case7.png"},
    ],
)
def test_half_a_review_is_refused(log: ReviewLog, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        log.append(replace(draft(), **wrong))
    assert log.head()[0] == 0


def test_odd_text_and_numbers_are_stored_as_they_are_hashed(log: ReviewLog) -> None:
    odd = "half \ud800, nul \0, עברית \u202e, 😀\n=1+1"
    entry = log.append(draft(comment=odd, reviewer=odd, confidence=float("nan")))
    assert log.history(digest("a")) == (entry,)
    assert "\\ud800" in entry.comment
    assert "\0" not in entry.comment
    assert "\n" not in entry.comment
    assert entry.confidence is None
    assert log.append(draft(confidence=1)).confidence == 1.0
    assert log.verify() is None


def test_the_database_itself_refuses_changes(five: ReviewLog) -> None:
    database = sqlite3.connect(five.path)
    for statement in ("UPDATE entries SET chosen = 'benign'", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            database.execute(statement)
    database.close()


OTHER_VALUES = {"number": "17", "image_bytes": "99", "confidence": "0.5"}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_field_is_found(five: ReviewLog, column: str) -> None:
    value = OTHER_VALUES.get(column, "'x'")
    tamper(five.path, f"UPDATE entries SET {column} = {value} WHERE number = 3")
    broken = five.verify()
    assert broken is not None
    assert broken.number == 3
    assert "3" in broken.sentence


@pytest.mark.parametrize("value", ["NULL", "x'00ff'", "'text'", "1e400", "-3"])
def test_a_value_of_another_type_is_found(five: ReviewLog, value: str) -> None:
    tamper(five.path, f"UPDATE entries SET confidence = {value} WHERE number = 2")
    assert five.verify() == reviews.BrokenEntry(2, "changed")


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_removed_entry_is_found_the_last_one_too(five: ReviewLog, number: int) -> None:
    tamper(five.path, f"DELETE FROM entries WHERE number = {number}")
    assert five.verify() == reviews.BrokenEntry(number, "missing")


def test_entries_that_changed_places_are_found(five: ReviewLog) -> None:
    tamper(
        five.path,
        "UPDATE entries SET number = 90 WHERE number = 2",
        "UPDATE entries SET number = 2 WHERE number = 4",
        "UPDATE entries SET number = 4 WHERE number = 90",
    )
    assert five.verify() == reviews.BrokenEntry(2, "changed")


def test_a_removed_entry_whose_followers_were_renumbered_is_found(five: ReviewLog) -> None:
    tamper(
        five.path,
        "DELETE FROM entries WHERE number = 2",
        *(f"UPDATE entries SET number = {n - 1} WHERE number = {n}" for n in (3, 4, 5)),
    )
    assert five.verify() == reviews.BrokenEntry(2, "changed")


@pytest.mark.parametrize("how", ["removed", "emptied", "older copy", "rewritten"])
def test_a_log_that_was_replaced_whole_is_found(five: ReviewLog, tmp_path: Path, how: str) -> None:
    other = ReviewLog(tmp_path / "other.sqlite")
    if how == "removed":
        five.path.unlink()
    elif how == "emptied":
        tamper(five.path, "DROP TABLE entries")
    else:
        fill(other, 2 if how == "older copy" else 9)
        other.path.replace(five.path)
    broken = five.verify()
    assert broken is not None
    with pytest.raises(ReviewLogDamaged):
        five.append(draft())


def test_nothing_is_added_to_an_entry_that_was_changed(five: ReviewLog) -> None:
    tamper(five.path, "UPDATE entries SET chosen = 'benign' WHERE number = 5")
    with pytest.raises(ReviewLogDamaged):
        five.append(draft())
    with pytest.raises(ReviewLogDamaged):
        five.history(digest("4"))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, None])
def test_a_file_that_is_no_log_is_told_kept_and_replaced(five: ReviewLog, content: bytes | None) -> None:
    whole = five.path.read_bytes()
    damaged = whole[: len(whole) // 2] if content is None else content
    five.path.write_bytes(damaged)
    broken = five.verify()
    assert broken is not None
    aside = five.put_aside()
    assert aside is not None
    assert aside.read_bytes() == damaged
    assert five.verify() is None
    assert five.append(draft()).number == five.head()[0]


def test_what_was_whole_before_the_damage_goes_on(five: ReviewLog) -> None:
    tamper(five.path, "UPDATE entries SET comment = 'x' WHERE number = 4")
    before = [five.history(digest(str(n))) for n in range(3)]
    aside = five.put_aside()
    assert aside is not None
    assert [five.history(digest(str(n))) for n in range(3)] == before
    assert five.head()[0] == 3
    assert five.append(draft()).number == 4
    assert five.verify() is None
    database = sqlite3.connect(aside)
    assert database.execute("SELECT COUNT(*) FROM entries").fetchone() == (5,)
    database.close()
    assert five.put_aside() is None


def test_a_lost_head_proves_less_and_contradicts_nothing(five: ReviewLog) -> None:
    head = Path(f"{five.path}.head")
    for content in (b"", b"[]", b'{"number": "x"}'):
        head.write_bytes(content)
        assert five.verify() is None
    head.unlink()
    assert five.verify() is None
    assert five.append(draft()).number == 6
    assert head.exists()


def test_ten_thousand_entries_are_verified_and_the_last_one_counts(log: ReviewLog) -> None:
    fill(log, 10_000)
    assert log.verify() is None
    tamper(log.path, "UPDATE entries SET comment = 'x' WHERE number = 10000")
    assert log.verify() == reviews.BrokenEntry(10_000, "changed")


def test_verifying_can_be_stopped(log: ReviewLog) -> None:
    fill(log, 1000)
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        log.verify(ctx.check)


APPENDER = """
import sys
from pathlib import Path
from lungviewer.store.reviews import ReviewLog
from tests.fixtures.reviewing import draft
log = ReviewLog(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    print(log.append(draft(sys.argv[3])).number, flush=True)
"""


def appender(log: ReviewLog, count: int, image: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPENDER, str(log.path), str(count), image]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_windows_that_write_at_once_make_one_chain(log: ReviewLog) -> None:
    writers = [appender(log, 25, image) for image in "ab"]
    told = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(told) == list(range(1, 51))
    assert log.verify() is None
    assert len(log.history(digest("a"))) == len(log.history(digest("b"))) == 25


def test_threads_that_write_at_once_make_one_chain(log: ReviewLog) -> None:
    threads = [
        threading.Thread(target=lambda n=n: [log.append(draft(str(n))) for _ in range(5)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.head()[0] == 20
    assert log.verify() is None


def test_a_killed_window_loses_nothing_that_it_told(log: ReviewLog) -> None:
    for _ in range(3):
        writer = appender(log, 1000, "a")
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(7)]
        writer.kill()
        told += [int(line) for line in writer.communicate()[0].split()]
        assert log.head()[0] >= told[-1]
        assert log.verify() is None


def test_a_crash_before_the_commit_leaves_no_half_entry(five: ReviewLog) -> None:
    script = (
        "import os, sqlite3, sys\n"
        "from dataclasses import astuple\n"
        "from pathlib import Path\n"
        "from lungviewer.store import reviews\n"
        "from tests.fixtures.reviewing import draft\n"
        "def dying(*args):\n"
        "    os._exit(7)\n"
        "reviews.sealed = dying\n"
        "reviews.ReviewLog(Path(sys.argv[1])).append(draft())\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(five.path)], cwd=ROOT).returncode == 7
    assert five.verify() is None
    assert five.append(draft()).number == 6


def test_a_crash_between_entry_and_head_is_no_damage(five: ReviewLog, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ReviewLog, "_write_head", lambda *_: None)
        five.append(draft())
    assert five.verify() is None
    assert five.append(draft()).number == 7


@pytest.mark.parametrize("room", [0, 100, 5000])
def test_a_full_disk_is_said_and_adds_nothing(five: ReviewLog, room: int) -> None:
    with room_for(room), pytest.raises(OutputUnwritable) as caught:
        five.append(draft())
    assert "not recorded" in caught.value.sentence
    assert five.verify() is None
    assert five.head()[0] == 5


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable):
        ReviewLog(tmp_path / "file" / "reviews.sqlite").append(draft())


def test_a_head_that_cannot_be_written_costs_no_review(five: ReviewLog, monkeypatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lungviewer.core.paths.os.fsync", full)
    assert five.append(draft()).number == 6
    assert five.verify() is None


def test_a_window_that_holds_the_log_too_long_is_said(five: ReviewLog, monkeypatch) -> None:
    monkeypatch.setattr(reviews, "_WAIT_S", 0.01)
    with FileLock(f"{five.path}.lock"), pytest.raises(OutputBusy):
        five.append(draft())


def test_a_changed_entry_is_not_whole(log: ReviewLog) -> None:
    entry = log.append(draft())
    assert is_whole(entry)
    assert not is_whole(replace(entry, chosen="benign"))
    assert not is_whole(replace(entry, confidence=b"x"))
