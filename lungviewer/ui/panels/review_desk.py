"""The review log as the window sees it: what is on record is looked up, and added to, in the background."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import FileChanged, LungviewerError, ReviewLogDamaged
from lungviewer.core.paths import user_review_log
from lungviewer.services.file_state import FileState
from lungviewer.store.review_entry import Action, ReviewEntry
from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.crash import note_failure
from lungviewer.ui.jobs import Job
from lungviewer.ui.notice import Notice
from lungviewer.ui.panels.blinding import Blinding
from lungviewer.ui.panels.review_words import done
from lungviewer.ui.panels.review_work import (
    Known,
    OnRecord,
    Order,
    Repair,
    Wish,
    check_log,
    look_up,
    look_up_many,
)
from lungviewer.ui.panels.seen import Seen
from lungviewer.ui.session import ViewerSession

_NOW, _SOON, _LATER = -10, 0, 10
_AT_ONCE = 16  # files; between such groups other work gets its turn
_WRITTEN_WITHIN_S = 11.0  # the log waits for another window for ten


class ReviewDesk(QObject):
    """Reviews of images by their content. `blinding` says whether an answer may be told, `seen` whether it
    was."""

    known = Signal(object)  # Path: what is on record for it is there, or has changed
    recorded = Signal(object, object)  # Path, ReviewEntry: it is on the disk
    failed = Signal(object, object)  # Path, LungviewerError: nothing was recorded
    idle = Signal()  # nothing is being written any more

    def __init__(
        self, session: ViewerSession, log: ReviewLog | None = None, parent: QObject | None = None
    ) -> None:
        """`log`: instead of the person's own."""
        super().__init__(parent)
        self._session = session
        self.log = log or ReviewLog(user_review_log())
        self._files: dict[Path, Known] = {}
        self._histories: dict[Path, tuple[ReviewEntry, ...]] = {}
        self._errors: dict[Path, str] = {}
        self._looking: Job | None = None
        self._many: Job | None = None
        self._checking: Job | None = None
        self._checked = False
        self._orders: dict[Job, Order] = {}
        self._unread: deque[Path] = deque()
        self._read: set[Path] = set()
        self.blinding = Blinding(session.settings, self.history, self)
        self.blinding.changed.connect(self._read_folder)
        self.seen = Seen(session, self.blinding, self._content, self)
        self.known.connect(self.seen.note)
        session.current_changed.connect(self._look)
        session.folder_changed.connect(self._forget)
        session.files_changed.connect(self._read_folder)
        session.file_changed.connect(self._file_changed)
        self._look()

    # --- what is on record -----------------------------------------------------------------------

    def history(self, path: Path) -> tuple[ReviewEntry, ...] | None:
        """Entries about a file, oldest first; None while nobody has looked."""
        return self._histories.get(path)

    def done(self, path: Path) -> str:
        """What people did about a file, in a word, as far as it may be told; "" for nothing."""
        history = self._histories.get(path)
        return done(history) if history and not self.blinding.hidden(path) else ""

    def problem(self, path: Path) -> str:
        """Why nothing can be recorded about a file; "" when nothing is in the way."""
        return self._errors.get(path, "")

    def shown(self, path: Path) -> FileState | None:
        """What a file was like when it came to be looked at; None while nobody knows, and nothing can be
        recorded about it."""
        known = self._files.get(path)
        return self._session.state_of(path) or (None if known is None else known.state)

    def _content(self, path: Path) -> str:
        """SHA-256 of what was answered about; "" while nobody knows."""
        known = self._files.get(path)
        fits = known is not None and self._session.state_of(path) in (None, known.state)
        return known.identity.sha256 if known is not None and fits else ""

    @property
    def writing(self) -> bool:
        """Whether an entry is on its way to the disk."""
        return bool(self._orders)

    @Slot()
    def _look(self) -> None:
        """Look the current image up; a slide that is left is not read to its end."""
        if self._looking is not None:
            self._looking.abandon()
            self._looking = None
        path = self._session.current
        if path is None:
            return
        self._put_off()
        log, known, of = self.log, self._files.get(path), self._session.opened.files_of(path)
        jobs = self._session.file_jobs
        self._looking = jobs.submit(lambda ctx: look_up(path, of, known, log, ctx), rank=_SOON)
        self._looking.finished.connect(self._found)
        self._looking.failed.connect(self._not_found)
        self._read_more()
        if not self._checked:
            self._check()

    @Slot(object)
    def _found(self, found: OnRecord) -> None:
        self._looking = None
        self._take(found)

    @Slot(object)
    def _not_found(self, error: LungviewerError) -> None:
        self._looking = None
        if (path := self._session.current) is not None:
            self._errors[path] = error.sentence
            self.known.emit(path)
        self._heal(error)

    def _take(self, found: OnRecord) -> None:
        self._errors.pop(found.path, None)
        if found.known is not None:
            self._files[found.path] = found.known
            self._histories[found.path] = found.history
        if found.error is not None:
            self._errors[found.path] = found.error.sentence
        self.known.emit(found.path)
        self.blinding.look_again()

    @Slot(object)
    def _file_changed(self, path: Path) -> None:
        """What is on record was about another content."""
        for kept in (self._files, self._histories, self._errors):
            kept.pop(path, None)
        self._read.discard(path)
        self.known.emit(path)
        self.blinding.look_again()
        if path == self._session.current:
            self._look()

    def _show_again(self, path: Path) -> None:
        if self._session.state_of(path) is not None:
            self._session.look_again()
            self._file_changed(path)
        else:  # the session never saw the file itself, and could not notice
            self._session.ask_again(path)
            self._session.file_changed.emit(path)

    # --- adding ----------------------------------------------------------------------------------

    def record(
        self, path: Path, shown: FileState, action: Action, chosen: str = "", comment: str = ""
    ) -> None:
        """Write down what the reviewer of the settings says about an image that was like `shown` when they
        looked, beside the program's answer of this moment; `recorded` or `failed` follows."""
        reviewer = self._session.settings.current.reviewer
        answer, told = self._session.record(path), self.seen.by_reviewer(path)
        files, others = self._session.opened.files_of(path), self.seen.unnamed()
        wish = Wish(path, files, shown, answer, told, reviewer, action, chosen, comment, others)
        order = Order(wish, self._files.get(path), self.log)
        job = self._session.file_jobs.submit(order.carry_out, rank=_NOW)
        self._orders[job] = order
        job.finished.connect(self._written)
        job.failed.connect(self._not_written)
        job.ended.connect(self._ended)

    @Slot(object)
    def _written(self, done: tuple[ReviewEntry, OnRecord]) -> None:
        entry, found = done
        self._take(found)
        self.recorded.emit(found.path, entry)

    @Slot(object)
    def _not_written(self, error: LungviewerError) -> None:
        path = self._orders[self.sender()].wish.path
        self.failed.emit(path, error)
        if isinstance(error, FileChanged):
            self._show_again(path)
        self._heal(error)

    @Slot()
    def _ended(self) -> None:
        self._orders.pop(self.sender(), None)
        if self._session.current is not None:
            self.known.emit(self._session.current)
        if not self._orders:
            self.idle.emit()

    # --- the whole folder: which images are done --------------------------------------------------

    @Slot()
    def _read_folder(self) -> None:
        read = self._read | self._histories.keys()
        self._unread = deque(path for path in self._session.files if path not in read)
        self._read_more()

    def _put_off(self) -> None:
        """The image that is looked at comes first, though a slide is being read."""
        if self._many is not None:
            self._many.abandon()
            self._unread.extendleft(reversed(self._many.property("paths")))
            self._many = None

    def _read_more(self) -> None:
        if not self._unread or self._many is not None:
            return
        paths = [self._unread.popleft() for _ in range(min(_AT_ONCE, len(self._unread)))]
        log, images = self.log, {path: self._session.opened.files_of(path) for path in paths}
        self._many = self._session.file_jobs.submit(lambda ctx: look_up_many(images, log, ctx), rank=_LATER)
        self._many.setProperty("paths", paths)
        self._many.finished.connect(self._folder_read)
        self._many.failed.connect(self._not_read)

    @Slot(object)
    def _folder_read(self, found: dict[Path, tuple[ReviewEntry, ...]]) -> None:
        self._read.update(self._many.property("paths"))
        self._many = None
        self._histories.update(found)
        for path in found:
            self.known.emit(path)
        if found:
            self.blinding.look_again()
        self._read_more()

    @Slot(object)
    def _not_read(self, error: LungviewerError) -> None:
        self._many = None
        self._unread.clear()
        self._heal(error)

    @Slot()
    def _forget(self) -> None:
        if self._many is not None:
            self._many.abandon()
            self._many = None
        for kept in (self._unread, self._read, self._histories, self._errors, self._files):
            kept.clear()
        self._look()

    def _tell_doubt(self) -> None:
        if self._session.settings.current.review_in_doubt:
            self._session.settings.update(review_in_doubt=False)
            text = self.tr(
                "The last review before the program was closed may not have been written down. Look at the "
                "history of its image, and give the review again if it is not there."
            )
            self._session.noticed.emit(Notice("warning", text))

    # --- a damaged log ---------------------------------------------------------------------------

    def _heal(self, error: LungviewerError) -> None:
        if isinstance(error, ReviewLogDamaged):
            self._check()

    def _check(self) -> None:
        if self._checking is not None:
            return
        self._checked = True
        self._tell_doubt()
        log = self.log
        self._checking = self._session.file_jobs.submit(lambda ctx: check_log(log, ctx), rank=_SOON)
        self._checking.finished.connect(self._log_checked)
        self._checking.failed.connect(self._log_not_checked)

    @Slot(object)
    def _log_checked(self, repair: Repair | None) -> None:
        self._checking = None
        if repair is None:
            return
        text = self.tr("{what} The entries before it are kept.").format(what=repair.broken.sentence)
        if repair.aside:
            text += " " + self.tr("The damaged log lies beside the new one as {name}.").format(
                name=repair.aside
            )
        self._session.noticed.emit(Notice("error", text))
        self._forget()
        self.blinding.changed.emit()  # everybody asks again, this desk the new log

    @Slot(object)
    def _log_not_checked(self, error: LungviewerError) -> None:
        self._checking = None
        self._session.noticed.emit(Notice("error", error.sentence))

    # --- the end ---------------------------------------------------------------------------------

    def give_up(self) -> None:
        """Wait no longer for what is being written: the person wants to leave."""
        for job in self._orders:
            job.abandon()
        self._orders.clear()

    def shutdown(self, within_s: float = _WRITTEN_WITHIN_S) -> bool:
        """Ask for nothing more. A review that is under way is waited for, and one that waits for its turn is
        written now: a person has decided. False when one is not on the disk; the next start says so."""
        self._unread.clear()
        for job in (self._looking, self._many, self._checking):
            if job is not None:
                job.abandon()
        until = time.monotonic() + within_s
        ended = [self._ended_by(order, until) for order in self._orders.values()]
        self.give_up()
        if not all(ended):
            self._session.settings.update(review_in_doubt=True)
        return all(ended)

    def _ended_by(self, order: Order, until: float) -> bool:
        try:
            return order.ended(max(0.0, until - time.monotonic()))
        except LungviewerError as error:
            note_failure(error)
            return False
