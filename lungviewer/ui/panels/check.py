"""The check of the explanation: hide the hottest area, run again, show how the call moves."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.types import SLIDE, Status
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import ImageResult
from lungviewer.services.occlusion import DEFAULT_SHARE, OcclusionCheck, check_explanation
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.ui.calm import CalmComboBox
from lungviewer.ui.icons import icon
from lungviewer.ui.jobs import Job, Progress
from lungviewer.ui.panels.bars import Bar, Bars
from lungviewer.ui.panels.check_words import scope_sentence, verdict_sentence
from lungviewer.ui.panels.hidden_picture import HiddenPicture
from lungviewer.ui.panels.shown import Phase, Shown, shown, shown_class
from lungviewer.ui.prose import Prose
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.unmapped import cannot_be_mapped, is_unread
from lungviewer.ui.words import class_label, percent

_SHARES = (0.1, DEFAULT_SHARE, 0.3, 0.4)


class CheckSection(QWidget):
    """A button and what it found. The finding is forgotten when image, answer or class change."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._about: tuple[ImageResult, str] | None = None
        self._state = Shown(Phase.NO_IMAGE)
        self.intro = Prose(faint=True, selectable=True)
        self.choice = QWidget()
        self.share = CalmComboBox(letters=4)
        self.share.setAccessibleName(self.tr("Share of the map that is hidden"))
        for value in _SHARES:
            self.share.addItem(percent(value), value)
        self.share.setCurrentIndex(_SHARES.index(DEFAULT_SHARE))
        self.button = QPushButton(icon("check"), self.tr("Check the explanation"))
        self.button.clicked.connect(self._toggle)
        self.bars = Bars(self.tr("Probability before and after hiding"))
        self.verdict, self.scope = Prose(selectable=True), Prose(faint=True, selectable=True)
        self.picture = HiddenPicture()
        self._lay_out()
        session.explaining.changed.connect(self._explaining_changed)
        self._forget()

    def _lay_out(self) -> None:
        line = QHBoxLayout(self.choice)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(QLabel(self.tr("Hide the hottest")))
        line.addWidget(self.share)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addWidget(self.intro)
        for part in (self.choice, self.button, self.bars, self.verdict, self.scope, self.picture):
            column.addWidget(part)

    def show_state(self, state: Shown) -> None:
        self._state = state
        now = self._subject(state)
        if not _same(now, self._about):
            self._drop_job()
            self._forget()
        reason = self._why_not(state)
        self.intro.say(
            reason or self.tr("Hides the hottest part of the map, runs the model again, and compares.")
        )
        self.button.setEnabled(not reason)
        self.share.setEnabled(not reason)
        offered = not state.slices and (state.record is None or state.record.kind != SLIDE)
        self.choice.setVisible(offered)
        self.button.setVisible(offered)

    @property
    def running(self) -> bool:
        return self._job is not None

    def shutdown(self) -> None:
        self._drop_job()

    # --- running ---------------------------------------------------------------------------------

    @Slot()
    def _toggle(self) -> None:
        if self._job is not None:
            self._drop_job()
            self._forget()
            return
        state = shown(self._session)
        subject = self._subject(state)
        if subject is None or state.path is None or self._why_not(state):
            return
        self._forget()
        self._about = subject
        session, path, (result, class_id) = self._session, state.path, subject
        keeper, choice, share = session.keeper, session.choice, float(self.share.currentData())
        scale, decoder = session.scale_of(path), session.decoder
        self._job = session.model_jobs.submit(
            lambda ctx: _check(path, result, class_id, share, keeper, choice, scale, decoder, ctx)
        )
        self._job.progressed.connect(self._progressed)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self.button.setText(self.tr("Stop the check"))
        self.verdict.say(self.tr("Running again…"))

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        if progress.total > 1:
            self.verdict.say(
                self.tr("Running again: {done} of {total} pictures").format(
                    done=progress.done, total=progress.total
                )
            )

    @Slot(object)
    def _finished(self, check: OcclusionCheck) -> None:
        about = self._about
        if not _same(about, self._subject(shown(self._session))) or about is None:
            self._forget()
            return
        self._idle()
        label = class_label(check.class_id, self._session.spec)
        self.bars.show_bars(
            (
                Bar(self.tr("Before"), check.before),
                Bar(self.tr("Hottest area hidden"), check.after),
                Bar(
                    self.tr("Other areas hidden"),
                    check.control_mean,
                    low=min(check.controls),
                    high=max(check.controls),
                ),
            )
        )
        self.verdict.say(verdict_sentence(check, label))
        self.scope.say(scope_sentence(check))
        self.picture.show_picture(check.picture, check.hidden)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._idle()
        self.verdict.say(error.sentence)

    @Slot()
    def _explaining_changed(self) -> None:
        self.show_state(self._state)

    # --- keeping up ------------------------------------------------------------------------------

    def _subject(self, state: Shown) -> tuple[ImageResult, str] | None:
        """What a finding is about: this answer and this class."""
        class_id = shown_class(state, self._session.explaining)
        return None if state.result is None or class_id is None else (state.result, class_id)

    def _why_not(self, state: Shown) -> str:
        if state.slices:
            return self.tr("It is made for single pictures, and not offered for slices of a series.")
        if state.record is not None and (state.record.kind == SLIDE or cannot_be_mapped(state.record)):
            return self.tr("It is made for single fields, and not offered for whole slides.")
        if state.record is not None and state.record.status is Status.REFUSED:
            return self.tr("The image was refused: there is no call whose explanation could be checked.")
        if state.record is not None and is_unread(state.record):
            return self.tr("The image cannot be read: there is nothing to check.")
        if state.phase is Phase.LOOKING or (state.record is not None and state.result is None):
            return self.tr("The explanation is not there yet.")
        return "" if self._subject(state) is not None else self.tr("There is no explanation to check.")

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.abandon()

    def _idle(self) -> None:
        self._job = None
        self.button.setText(self.tr("Check the explanation"))

    def _forget(self) -> None:
        self._about = None
        self._idle()
        self.bars.show_bars(())
        self.verdict.say("")
        self.scope.say("")
        self.picture.clear()


def _same(one: tuple[ImageResult, str] | None, other: tuple[ImageResult, str] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] is other[0] and one[1] == other[1]


def _check(
    path: Path,
    result: ImageResult,
    class_id: str,
    share: float,
    keeper: EngineKeeper,
    choice: EngineChoice,
    scale: float | None,
    decoder: IsolatedDecoder,
    ctx: JobContext,
) -> OcclusionCheck:
    return check_explanation(
        path,
        result,
        class_id,
        keeper.get(choice),
        share=share,
        um_per_px=scale,
        isolated=decoder,
        ctx=ctx,
    )
