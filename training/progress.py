"""How a training job talks: lines for a person, or JSON lines for a window that started the process.

One JSON object a line, "event" says which; readers pass over events and keys that they do not know:

    progress  done, total, text       of the work that `text` names; total 0: not known. Of `fit` also stage,
                                      step, steps: the stage it is part of, which begins with 0 of 0
    epoch     epoch, learning_rate, train_loss, train_accuracy, validation_loss, validation_accuracy
                                      losses in nats, accuracies as shares; each network begins at 1
    note      text, level             "note", "warning", "stop" (an audit: must be corrected), or "result":
                                      the outcome in words
    error     code, sentence          the last line of a run that failed; "cancelled": of one that was stopped
    done      see training/outcome.py the last line of a run that succeeded; `fit`: pack, comparison, and more

`comparison` is null, or the pack that the run began from beside the new one on the same test images:
{"parent": {"id", "version", "title"}, "test": {"images", "groups", "split_unit"}, "rows": [{"key", "class",
"parent", "new"}]} with "key" accuracy, recall (of "class", a class id, otherwise null), ece, coverage or
selective_accuracy, and "parent" and "new" each null (not measured) or the fields of `metrics.Measured`.

The exit code is 0 after `done`, 1 (failed) or 2 (bad use) after `error`, 130 when stopped. A process that
ends without either has crashed, or was given options that do not exist; standard error says how.

With `--stop-on-stdin` a line "cancel" on standard input, or its end, stops the job as Ctrl-C does.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, is_dataclass
from typing import IO, Any

from lungviewer.core.job import CancellableContext
from training.history import Epoch
from training.notes import Note, Stage


class ConsoleProgress(CancellableContext):
    """One line a stage on a terminal, rewritten at most five times a second; epochs stay as lines."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._last, self._text, self._started, self._done = 0.0, "", 0.0, 0

    def progress(self, done: int, total: int, text: str = "") -> None:
        now = time.monotonic()
        if text != self._text or done <= self._done:
            self._text, self._started, self._last = text, now, 0.0
        self._done = done
        if done < total and now - self._last < 0.2:
            return
        self._last = now
        line = f"{text}: {done}/{total}{_pace(done, now - self._started)}"
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{line}" + ("\n" if done >= total else ""))
        elif done >= total:
            self._stream.write(line + "\n")
        self._stream.flush()

    def partial(self, value: object) -> None:
        if isinstance(value, Epoch):
            self.say(
                f"epoch {value.epoch:3d}  train {value.train_loss:.4f} {value.train_accuracy:.4f}  "
                f"validation {value.validation_loss:.4f} {value.validation_accuracy:.4f}"
            )

        elif isinstance(value, Note):
            self.say(value.text)

    def say(self, text: str) -> None:
        """A line that stays."""
        erase = "\r\x1b[K" if self._stream.isatty() else ""
        self._stream.write(f"{erase}{text}\n")
        self._stream.flush()

    def result(self, text: str) -> None:
        """What was asked for: on standard output, where it can be kept without the progress."""
        print(text, flush=True)


def _pace(done: int, seconds: float) -> str:
    """How fast it goes, once there is something to tell it by."""
    if seconds < 0.2 or not done:
        return ""
    rate = done / seconds
    return f" ({rate:.0f}/s)" if rate >= 1 else f" ({1 / rate:.0f} s each)"


class JsonProgress(CancellableContext):
    """One JSON object a line on standard output; the events are described above."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stdout
        self._stage: dict[str, Any] = {}

    def event(self, kind: str, **values: Any) -> None:
        try:
            self._stream.write(json.dumps({"event": kind, **values}) + "\n")
            self._stream.flush()
        except OSError:  # nobody reads any more: there is nobody to work for
            self.cancel()

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.event("progress", done=done, total=total, text=text, **self._stage)

    def partial(self, value: object) -> None:
        if isinstance(value, Stage):
            self._stage = {"stage": value.text, "step": value.step, "steps": value.steps}
            self.progress(0, 0, value.text)
        elif is_dataclass(value) and not isinstance(value, type):
            self.event(type(value).__name__.lower(), **asdict(value))

    def result(self, text: str) -> None:
        """The outcome in words."""
        self.partial(Note(text, "result"))
