"""What is kept of a failure: places in the program, never names."""

import subprocess
import sys
from pathlib import Path

import pytest

from lungviewer.core.paths import user_log_dir
from lungviewer.ui.crash import LOG_NAME, CrashReporter, describe_failure

SECRET = "Mr_Jones_biopsy.png"


def fail():
    raise OSError(f"cannot open {SECRET}")


@pytest.fixture
def failure():
    try:
        fail()
    except OSError as error:
        return error


@pytest.fixture
def reporter():
    told = []
    reporter = CrashReporter(told.append)
    reporter.told = told
    yield reporter
    reporter.stop()


def everything():
    return "\n".join(p.read_text() for p in user_log_dir().rglob("*") if p.is_file())


def test_a_failure_is_described_by_its_places_without_its_message(failure):
    text = describe_failure(failure)
    assert text.startswith("OSError")
    assert "test_crash.py" in text
    assert "in fail" in text
    assert SECRET not in text
    assert str(Path(__file__).parent) not in text


def test_an_uncaught_error_is_told_now_and_shown_at_the_next_start(reporter, failure):
    assert reporter.start() == ""
    sys.excepthook(type(failure), failure, failure.__traceback__)
    assert len(reporter.told) == 1
    reporter.stop()
    report = reporter.start()
    assert "OSError" in report
    assert "in fail" in report
    assert SECRET not in everything()
    reporter.stop()
    assert reporter.start() == ""  # shown once


def test_an_orderly_end_leaves_nothing_to_report(reporter):
    reporter.start()
    reporter.stop()
    assert reporter.start() == ""


def test_a_process_that_was_torn_down_is_reported_at_the_next_start(reporter, own_folders):
    code = (
        "import faulthandler; from lungviewer.ui.crash import CrashReporter;"
        "CrashReporter(print).start(); faulthandler._sigabrt()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert result.returncode != 0
    report = reporter.start()
    assert "Aborted" in report
    assert 'File "<string>"' in report
    assert "/" not in report


def test_a_log_folder_that_cannot_be_made_costs_the_log_only(reporter, own_folders, capsys, monkeypatch):
    blocked = own_folders / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setattr(reporter, "_folder", blocked / "log")
    assert reporter.start() == ""
    assert "no log can be written" in capsys.readouterr().err


def test_the_log_says_when_the_program_started_and_ended(reporter):
    reporter.start()
    reporter.stop()
    text = (user_log_dir() / LOG_NAME).read_text()
    assert "started" in text
    assert "ended" in text
