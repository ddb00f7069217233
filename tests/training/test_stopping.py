"""A job stops at a word on its standard input, or when the other end of it is gone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lungviewer.core.job import CancellableContext
from tests.fixtures.colour_data import write_colour_data
from training.progress import JsonProgress
from training.stopping import stop_on_input


@pytest.mark.parametrize("words", [[b"cancel\n"], [b"what?\ncan", b"cel\r\n"], [b""]])
def test_a_line_or_the_end_of_the_input_stops_a_job(words: list[bytes]) -> None:
    reading, writing = os.pipe()
    ctx = CancellableContext()
    thread = stop_on_input(ctx, reading)
    for part in words[:-1]:
        os.write(writing, part)
    assert not ctx.cancelled
    os.write(writing, words[-1])
    if not words[-1]:
        os.close(writing)
    thread.join(30)
    assert ctx.cancelled
    os.close(reading)
    if words[-1]:
        os.close(writing)


def test_without_any_input_a_job_stops() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)
    ctx = CancellableContext()
    stop_on_input(ctx, reading).join(30)
    assert ctx.cancelled


def test_when_nobody_reads_the_events_the_job_stops() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "w") as raw:
        ctx = JsonProgress(io.TextIOWrapper(raw, write_through=True))
        ctx.progress(1, 2, "Reading")
        assert ctx.cancelled


def started(data: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "training", "audit", "--data", str(data), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--json-lines", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("last_words", ["cancel\n", ""])
def test_a_command_ends_with_an_event_when_it_is_asked_to_stop(last_words: str, tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=6, copies=1)
    with started(data, tmp_path / "out", "--stop-on-stdin") as process:
        told, errors = process.communicate(last_words, timeout=120)
    assert process.returncode == 130, errors
    last = json.loads(told.splitlines()[-1])
    assert (last["event"], last["code"]) == ("error", "cancelled")
    assert "Traceback" not in errors


def test_a_command_that_was_not_told_to_listen_does_not(tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=6, copies=1)
    with started(data, tmp_path / "out") as process:
        told, errors = process.communicate("cancel\n", timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(told.splitlines()[-1])["event"] == "done"


def test_a_command_that_listens_ends_when_it_is_done(tmp_path: Path) -> None:
    data = write_colour_data(tmp_path / "data", groups=6, copies=1)
    with started(data, tmp_path / "out", "--stop-on-stdin") as process:
        assert process.wait(120) == 0
        events = [json.loads(line) for line in process.stdout]
        assert process.stderr.read() == ""
    assert events[-1]["event"] == "done"
