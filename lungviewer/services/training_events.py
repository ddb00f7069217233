"""What a training process says on its standard output, from bytes to records (training/progress.py).

The process may say anything: half lines, lines of other libraries, bytes that are no text. What is no event
becomes `Chatter`, and an event whose fields make no sense is passed over in the same way.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 2**20
LEVELS = ("note", "warning", "stop", "result")
_MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Step:
    """`done` of `total` units of the work that `text` names; `total` 0: not known. It is part of stage number
    `stage` of `stages`, called `stage_text`; 0 and "" when nothing was said about stages."""

    done: int
    total: int
    text: str
    stage: int = 0
    stages: int = 0
    stage_text: str = ""


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """One epoch's figures; what was not said, or is no number, is NaN."""

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for the person; `level` is "note", "warning", "stop" or "result"."""

    text: str
    level: str = "note"


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the run ended without a result; `code` as in core/errors.py."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """The run's result: the fields of the event as they came."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chatter:
    """A line that is no event."""

    text: str


Event = Step | EpochEnd | Remark | Failed | Done | Chatter


class EventLines:
    """Cuts a stream into lines and lines into events."""

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete. Lines over `MAX_LINE_BYTES` are dropped."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._dropping and lines:
            lines, self._dropping = lines[1:], False
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._dropping = b"", True
        elif self._dropping:
            self._rest = b""
        return [event for line in lines if (event := parse_line(line)) is not None]

    def end(self) -> list[Event]:
        """The event in a last line that was not ended."""
        last, self._rest = self._rest, b""
        event = None if self._dropping else parse_line(last)
        return [] if event is None else [event]


def parse_line(line: bytes) -> Event | None:
    """One line as an event; None when there is nothing in it, or too much."""
    if not line.strip() or len(line) > MAX_LINE_BYTES:
        return None
    text = line.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Chatter(plain_text(text))
    reader = _READERS.get(found.get("event", "")) if _is_event(found) else None
    event = reader(found) if reader else None
    return Chatter(plain_text(text)) if event is None else event


def plain_text(value: object) -> str:
    """Text of others on one line, without control characters and of a bearable length."""
    text = str(value)[:_MAX_TEXT]
    shown = (" " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join("".join(shown).split())


def number(value: object) -> float:
    """A JSON value as a number; NaN when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _is_event(found: object) -> bool:
    return isinstance(found, dict) and isinstance(found.get("event"), str)


def _step(found: Mapping[str, Any]) -> Event | None:
    done, total = number(found.get("done")), number(found.get("total"))
    if not (math.isfinite(done) and math.isfinite(total)):
        return None
    stage, stages = number(found.get("step", 0)), number(found.get("steps", 0))
    told = 0 < stage <= stages < 1000
    return Step(
        max(0, int(done)),
        max(0, int(total)),
        plain_text(found.get("text") or ""),
        int(stage) if told else 0,
        int(stages) if told else 0,
        plain_text(found.get("stage") or "") if told else "",
    )


def _epoch(found: Mapping[str, Any]) -> Event | None:
    epoch = number(found.get("epoch"))
    if not 0 <= epoch < 1e6:
        return None
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    return EpochEnd(int(epoch), *(number(found.get(name)) for name in names))


def _remark(found: Mapping[str, Any]) -> Event | None:
    text, level = found.get("text"), found.get("level")
    if not isinstance(text, str) or not text.strip():
        return None
    return Remark(plain_text(text), level if level in LEVELS else "note")


def _failed(found: Mapping[str, Any]) -> Event | None:
    code, sentence = found.get("code"), found.get("sentence")
    if not isinstance(sentence, str):
        return None
    return Failed(plain_text(code or "failed"), plain_text(sentence))


def _done(found: Mapping[str, Any]) -> Event | None:
    return Done({key: value for key, value in found.items() if key != "event"})


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event | None]] = {
    "progress": _step,
    "epoch": _epoch,
    "note": _remark,
    "error": _failed,
    "done": _done,
}
