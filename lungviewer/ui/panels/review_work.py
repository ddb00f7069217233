"""What is done with the review log away from the GUI thread: plain functions that return records."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import FileChanged, ImageError, ReadFailed
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.types import ImageRecord
from lungviewer.services.file_state import FileState, state_of
from lungviewer.services.reviewing import ImageIdentity, draft_review, find_reviews, identify_files
from lungviewer.store.review_entry import Action, ReviewEntry
from lungviewer.store.reviews import BrokenEntry, ReviewLog

Files = tuple[Path, ...]
"""What an image is made of: one file, or those of the slices of a series."""


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose content is known, as long as its state stays the same."""

    identity: ImageIdentity
    state: FileState


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the log has about a file; `error` when the file cannot be read, then nobody can say."""

    path: Path
    known: Known | None
    history: tuple[ReviewEntry, ...]
    error: ImageError | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks to be written down; `shown`: what the `files` were like when they looked at them;
    `record`: the program's answer at this time; `told`: whether they know it already; `told_files`: images
    whose answers they know, as they were then, which may be copies of this one."""

    path: Path
    files: Files
    shown: FileState
    record: ImageRecord | None
    told: bool
    reviewer: str
    action: Action
    chosen: str
    comment: str
    told_files: tuple[tuple[Files, FileState], ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """What was wrong with the log, and the name under which the damaged one was kept ("" for none)."""

    broken: BrokenEntry
    aside: str


def look_up(path: Path, files: Files, known: Known | None, log: ReviewLog, ctx: JobContext) -> OnRecord:
    """The reviews of one image. Errors of `ReviewLog` pass through."""
    try:
        now = _identified(files, known, ctx)
    except ImageError as error:
        return OnRecord(path, None, (), error)
    return OnRecord(path, now, log.history(now.identity.sha256))


class Order:
    """A wish that is carried out exactly once: by a job, or at the end by whoever closes the window."""

    def __init__(self, wish: Wish, known: Known | None, log: ReviewLog) -> None:
        self.wish = wish
        self._known, self._log = known, log
        self._free = threading.Lock()
        self._over = threading.Event()
        self._written = False

    def carry_out(self, _ctx: JobContext) -> tuple[ReviewEntry, OnRecord] | None:
        """Add the entry; None when somebody else does. Once begun it is not stopped: a person has decided.

        Raises, and then nothing was added:
            FileChanged: it is another file than the one that was looked at.
            ImageError, and those of `ReviewLog`: as they come.
        """
        if not self._free.acquire(blocking=False):
            return None
        path = self.wish.path
        try:
            now = _as_shown(self.wish.files, self.wish.shown, self._known)
            entry = self._append(now)
        finally:
            self._over.set()
        return entry, OnRecord(path, now, self._log.history(now.identity.sha256))

    def ended(self, within_s: float) -> bool:
        """Whether the entry is on the disk. Waits for whoever writes it; when nobody does, adds it here if
        that can be done without reading the file. Errors of `ReviewLog` pass through."""
        seen = self._known is not None and self._known.state == self.wish.shown
        if seen and self._free.acquire(blocking=False):
            self._append(self._known)
            return True
        return self._over.wait(within_s) and self._written

    def _append(self, now: Known) -> ReviewEntry:
        wish = self.wish
        action = self._action(now)
        draft = draft_review(now.identity, wish.record, wish.reviewer, action, wish.chosen, wish.comment)
        entry = self._log.append(draft)
        self._written = True
        return entry

    def _action(self, now: Known) -> Action:
        """A first read is one only of an answer that was not told: it is after every class that was given."""
        wish = self.wish
        if wish.action is not Action.FIRST_READ:
            return wish.action
        history = self._log.history(now.identity.sha256)
        told = wish.told or any(entry.chosen and entry.reviewer == wish.reviewer for entry in history)
        return Action.REREAD if told or _is_copy(now, wish.told_files) else Action.FIRST_READ


def look_up_many(
    images: Mapping[Path, Files], log: ReviewLog, ctx: JobContext
) -> dict[Path, tuple[ReviewEntry, ...]]:
    """The reviews of those images that have any. Errors of `ReviewLog` pass through."""
    return find_reviews([(path, path) for path in images], log, ctx, images.__getitem__)


def check_log(log: ReviewLog, ctx: JobContext) -> Repair | None:
    """Verify the log, and put it aside when it is damaged. Errors of `ReviewLog` pass through."""
    broken = log.verify(ctx.check)
    if broken is None:
        return None
    aside = log.put_aside()
    return Repair(broken, "" if aside is None else aside.name)


def _identified(files: Files, known: Known | None, ctx: JobContext) -> Known:
    state = state_of(files)
    if known is not None and known.state == state:
        return known
    identity = identify_files(files, ctx.check)  # says by name what is wrong
    if state is None or state_of(files) != state:
        raise ReadFailed("The file changed while it was read.")
    return Known(identity, state)


def _is_copy(now: Known, images: Sequence[tuple[Files, FileState]]) -> bool:
    """Whether one of these images has this content, or may have had: of one that is not there any more, or
    has changed, only its size is known, and what nobody knows is not claimed."""
    for files, state in images:
        if state.size != now.state.size:
            continue
        try:
            if state_of(files) != state or identify_files(files).sha256 == now.identity.sha256:
                return True
        except ImageError:
            return True
    return False


def _as_shown(files: Files, shown: FileState, known: Known | None) -> Known:
    """The content of files that are still what it was when somebody looked at it."""
    if state_of(files) not in (None, shown):  # that it is gone is said in its own words
        raise FileChanged("The file has changed since it was shown.")
    now = _identified(files, known, NullContext())
    if now.state != shown or state_of(files) != shown:
        raise FileChanged("The file has changed since it was shown.")
    return now
