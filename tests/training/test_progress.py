"""What a job says, on a terminal and as JSON lines."""

from __future__ import annotations

import io
import json

import pytest

from lungviewer.core.errors import Cancelled
from training.history import Epoch
from training.notes import Note
from training.progress import ConsoleProgress, JsonProgress
from training.stages import ADAPT, EMBEDDING, Stages

EPOCH = Epoch(3, 0.001, 0.2, 0.95, 0.3, 0.91)


def test_json_lines_carry_everything() -> None:
    stream = io.StringIO()
    ctx = JsonProgress(stream)
    ctx.progress(2, 10, "Checking images")
    ctx.partial(EPOCH)
    ctx.partial(Note("GROUPS ARE NOT KNOWN"))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [e["event"] for e in events] == ["progress", "epoch", "note"]
    assert events[0] == {"event": "progress", "done": 2, "total": 10, "text": "Checking images"}
    assert events[1]["validation_accuracy"] == 0.91
    assert events[2]["text"] == "GROUPS ARE NOT KNOWN"


def test_progress_says_which_stage_it_belongs_to() -> None:
    stream = io.StringIO()
    ctx = JsonProgress(stream)
    ctx.progress(1, 2, "Before any stage")
    Stages(ctx, ADAPT).begin(EMBEDDING)
    ctx.progress(1, 10, "Backbone")
    first, begun, within = (json.loads(line) for line in stream.getvalue().splitlines())
    assert "stage" not in first
    assert (begun["done"], begun["total"], begun["text"]) == (0, 0, EMBEDDING)
    assert within["text"] == "Backbone"
    for event in (begun, within):
        assert (event["stage"], event["step"], event["steps"]) == (EMBEDDING, 2, len(ADAPT))


def test_a_log_file_gets_one_line_a_stage_and_one_an_epoch() -> None:
    stream = io.StringIO()
    ctx = ConsoleProgress(stream)
    for done in range(1, 101):
        ctx.progress(done, 100, "Backbone")
    ctx.partial(EPOCH)
    ctx.partial(Note("Careful."))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Backbone: 100/100")
    assert "validation 0.3000 0.9100" in lines[1]
    assert lines[2] == "Careful."


def test_the_pace_is_told_in_the_unit_that_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 110.0, 200.0, 204.0, 300.0, 301.0, 301.0])
    monkeypatch.setattr("training.progress.time.monotonic", lambda: next(now))
    stream = io.StringIO()
    ctx = ConsoleProgress(stream)
    for done, total, text in (
        (1, 50, "Reading"),
        (50, 50, "Reading"),
        (1, 2, "Training"),
        (2, 2, "Training"),
        (1, 2, "Training"),  # of the next network
        (2, 2, "Training"),
        (9, 9, "Done at once"),
    ):
        ctx.progress(done, total, text)
    assert stream.getvalue().splitlines() == [
        "Reading: 50/50 (5/s)",
        "Training: 2/2 (2 s each)",
        "Training: 2/2 (2/s)",
        "Done at once: 9/9",
    ]


def test_cancel_is_seen_at_the_next_check() -> None:
    ctx = ConsoleProgress(io.StringIO())
    ctx.check()
    ctx.cancel()
    with pytest.raises(Cancelled):
        ctx.check()
