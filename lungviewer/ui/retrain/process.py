"""A training in a process of its own, seen from the window: its events as signals, and how it is stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from lungviewer.core.errors import LungviewerError, MissingDependency
from lungviewer.services.training_events import (
    Chatter,
    Done,
    EpochEnd,
    Event,
    EventLines,
    Failed,
    Remark,
    Step,
    plain_text,
)
from lungviewer.services.training_process import (
    is_chatter,
    lower_priority,
    training_command,
    training_environment,
)

KILL_AFTER_MS = 10_000
_LAST_WORDS = 12
_CANCEL = b"cancel\n"
_CANCELLED = "cancelled"  # the code of a run that stopped because it was told to


class TrainingProcess(QObject):
    """Runs one training at a time. Every start is answered by exactly one of `done`, `failed` and `stopped`.

    The process listens to its standard input: a line asks it to stop, and so does the end of this program,
    however it comes about.
    """

    progressed = Signal(object)  # Step, at most one for every delivery of bytes
    epoch = Signal(object)  # EpochEnd
    noted = Signal(object)  # Remark
    logged = Signal(str)  # a line for the log: whatever else the process says
    done = Signal(object)  # Done
    failed = Signal(object)  # LungviewerError
    stopped = Signal()

    def __init__(self, parent: QObject | None = None, kill_after_ms: int = KILL_AFTER_MS) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._lines = EventLines()
        self._errors = b""
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._outcome: Done | Failed | None = None
        self._cancelled = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(kill_after_ms)
        self._patience.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run `training ARGUMENTS`; that the training part is missing is told by `failed`."""
        try:
            program, *rest = training_command([*arguments, "--json-lines", "--stop-on-stdin"])
        except MissingDependency as error:
            self.failed.emit(error)
            return
        self._lines, self._errors, self._outcome, self._cancelled = EventLines(), b"", None, False
        self._words.clear()
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in training_environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.started.connect(self._started)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._went_wrong)
        self._process = process
        process.start(program, rest)

    def cancel(self) -> None:
        """Ask the process to stop; it is killed when it does not. `stopped` follows."""
        if self._process is None or self._cancelled:
            return
        self._cancelled = True
        self._process.write(_CANCEL)
        self._patience.start()

    def shutdown(self, wait_ms: int = 3000) -> None:
        """End the process before the program ends: asked first, killed after `wait_ms`. No signal follows."""
        process, self._process = self._process, None
        self._patience.stop()
        if process is None:
            return
        process.write(_CANCEL)
        process.closeWriteChannel()
        if not process.waitForFinished(wait_ms):
            process.kill()
            process.waitForFinished(wait_ms)
        process.deleteLater()

    @Slot()
    def _started(self) -> None:
        if self._process is not None:
            lower_priority(self._process.processId())

    @Slot()
    def _read(self) -> None:
        if self._process is not None:
            self._take(self._lines.feed(self._process.readAllStandardOutput().data()))

    def _take(self, events: Sequence[Event]) -> None:
        step: Step | None = None
        for event in events:
            if isinstance(event, Step):
                step = event
            elif isinstance(event, EpochEnd):
                self.epoch.emit(event)
            elif isinstance(event, Remark):
                self.noted.emit(event)
            elif isinstance(event, Chatter):
                self._say(event.text)
            else:
                self._outcome = event
        if step is not None:
            self.progressed.emit(step)

    @Slot()
    def _read_errors(self) -> None:
        if self._process is None:
            return
        *lines, self._errors = (self._errors + self._process.readAllStandardError().data()).split(b"\n")
        for line in lines:
            self._say_line(line)
        if len(self._errors) > 10_000:  # a progress bar that never ends its line
            self._errors = b""

    def _say_line(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if not is_chatter(text):
            self._say(plain_text(text))

    def _say(self, text: str) -> None:
        if text:
            self._words.append(text)
            self.logged.emit(text)

    @Slot(QProcess.ProcessError)
    def _went_wrong(self, error: QProcess.ProcessError) -> None:
        """Only a program that did not start: everything else is told by `finished`."""
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._leave()
            self.failed.emit(
                LungviewerError(
                    f"The training program could not be started ({plain_text(reason)}).",
                    hint="Install lungviewer with its training part again.",
                )
            )

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        self._read()
        self._read_errors()
        self._take(self._lines.end())
        self._say_line(self._errors)
        outcome, cancelled = self._outcome, self._cancelled
        crashed = status == QProcess.ExitStatus.CrashExit
        self._leave()
        if isinstance(outcome, Failed) and outcome.code != _CANCELLED and not cancelled:
            self.failed.emit(LungviewerError(outcome.sentence))
        elif code == 0 and not crashed and not isinstance(outcome, Failed):
            self.done.emit(outcome or Done({}))
        elif cancelled or isinstance(outcome, Failed):
            self.stopped.emit()
        else:
            self.failed.emit(self._death(code, crashed))

    def _death(self, code: int, crashed: bool) -> LungviewerError:
        how = f"signal {code}" if crashed else f"exit code {code}"
        last = f" Its last words: {self._words[-1]}" if self._words else ""
        return LungviewerError(
            f"The training ended without a result ({how}).{last}",
            hint="Often memory is short: close other programs and start it again; it goes on where it was.",
        )

    @Slot()
    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _leave(self) -> None:
        self._patience.stop()
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
