"""From the bytes of a training process to records, whatever the bytes are."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.services.training_events import (
    MAX_LINE_BYTES,
    Chatter,
    Done,
    EpochEnd,
    EventLines,
    Failed,
    Remark,
    Step,
    parse_line,
    plain_text,
)

EPOCH = {
    "epoch": 3,
    "train_loss": 0.2,
    "train_accuracy": 0.9,
    "validation_loss": 0.3,
    "validation_accuracy": 0.8,
}


def line(event, **values):
    return json.dumps({"event": event, **values}).encode() + b"\n"


def test_every_event_becomes_its_record():
    lines = EventLines()
    stream = (
        line("progress", done=2, total=5, text="Reading", stage="First", step=1, steps=6)
        + line("epoch", **EPOCH)
        + line("note", text="Careful.", level="warning")
        + line("error", code="cancelled", sentence="Stopped.")
        + line("done", pack="p")
    )
    assert lines.feed(stream) == [
        Step(2, 5, "Reading", 1, 6, "First"),
        EpochEnd(3, 0.2, 0.9, 0.3, 0.8),
        Remark("Careful.", "warning"),
        Failed("cancelled", "Stopped."),
        Done({"pack": "p"}),
    ]


def test_lines_may_arrive_in_pieces():
    lines, stream = EventLines(), line("note", text="Größe") + line("note", text="two")
    found = [event for i in range(len(stream)) for event in lines.feed(stream[i : i + 1])]
    assert found == [Remark("Größe"), Remark("two")]
    assert lines.feed(b'{"event": "note", "text": "last"}') == []
    assert lines.end() == [Remark("last")]
    assert lines.end() == []


def test_a_line_without_end_is_dropped_and_the_next_one_heard():
    lines = EventLines()
    found = [event for _ in range(40) for event in lines.feed(b"x" * (MAX_LINE_BYTES // 10))]
    found += lines.feed(b"yy\n" + line("note", text="after"))
    assert found == [Remark("after")]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe garbage",
        b"[" * 50_000,
        b"{}",
        b"[1]",
        b"null",
        b'{"event": 7}',
        b'{"event": ["progress"]}',
        b'{"event": "unheard of"}',
        b'{"event": "progress", "done": "many", "total": 3}',
        b'{"event": "progress", "done": NaN, "total": 3}',
        b'{"event": "progress", "done": 1e999, "total": 3}',
        b'{"event": "progress", "done": true, "total": 3}',
        b'{"event": "epoch", "epoch": -1}',
        b'{"event": "epoch", "epoch": 1e300}',
        b'{"event": "note", "text": 4}',
        b'{"event": "note", "text": "  "}',
        b'{"event": "error", "sentence": null}',
    ],
)
def test_what_is_no_event_is_chatter(raw):
    assert isinstance(parse_line(raw), Chatter)


def test_missing_and_impossible_figures_are_no_numbers():
    found = parse_line(b'{"event": "epoch", "epoch": 1, "train_loss": NaN, "train_accuracy": "0.9"}')
    assert isinstance(found, EpochEnd)
    figures = (found.train_loss, found.train_accuracy, found.validation_loss, found.validation_accuracy)
    assert all(math.isnan(value) for value in figures)
    huge = parse_line(b'{"event": "epoch", "epoch": 1, "train_loss": ' + b"9" * 400 + b"}")
    assert math.isnan(huge.train_loss)


def test_text_of_others_is_one_line_without_control_characters():
    assert plain_text("a\x1b[31mb\u202ec\nd  e") == "a [31mb c d e"
    assert len(plain_text("x" * 100_000)) < 3_000


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    lines = EventLines()
    events = [*lines.feed(data), *lines.end(), *lines.feed(b"\n" + line("note", text="here"))]
    assert events[-1] == Remark("here")
