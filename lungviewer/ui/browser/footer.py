"""Below the list: how many, how many of them need a person, and what is still to be classified."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lungviewer.core.types import Status
from lungviewer.ui import words
from lungviewer.ui.browser.arranging import Standing, Unmapped
from lungviewer.ui.browser.model import BrowserModel
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose
from lungviewer.ui.session import ViewerSession


class BrowserFooter(QWidget):
    """Quiet lines; the offer and the work line are there only when there is something to say."""

    classify_asked = Signal()
    scan_asked = Signal()
    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts, self._work = Prose(faint=True), Prose(faint=True)
        self._stop = QToolButton()
        self._stop.setIcon(icon("stop"))
        self._stop.setText(self.tr("Stop"))
        self._stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._stop.setAutoRaise(True)
        self._stop.clicked.connect(self.stop_asked)
        self._classify, self._scan = QPushButton(), QPushButton(self.tr("Scan into a report…"))
        self._classify.setIcon(icon("model"))
        self._scan.setIcon(icon("scan"))
        for button in (self._classify, self._scan):
            button.setFlat(True)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._classify.clicked.connect(self.classify_asked)
        self._scan.clicked.connect(self.scan_asked)
        work = QHBoxLayout()
        work.addWidget(self._work, 1)
        work.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 2, 0)
        column.setSpacing(2)
        column.addWidget(self._classify)
        column.addWidget(self._scan)
        column.addWidget(self._counts)
        column.addLayout(work)
        self.offer(0)
        self.show_work(0, 0, False)

    @property
    def text(self) -> str:
        """Everything that is said."""
        shown = [label for label in (self._counts, self._work) if not label.isHidden()]
        return "\n".join(label.text() for label in shown if label.text())

    @property
    def classify_button(self) -> QPushButton:
        return self._classify

    @property
    def scan_button(self) -> QPushButton:
        return self._scan

    @property
    def stop_button(self) -> QToolButton:
        return self._stop

    def count(self, session: ViewerSession, model: BrowserModel, waiting: int) -> None:
        """Count anew; `waiting` images were not handed to the model yet."""
        answers = model.answers
        # Of a series or slide that is being looked at, something is known, and more is to come.
        awaited = {path for path in session.files if session.is_pending(path)}
        done, pending = len(answers.known.keys() - awaited), len(awaited)
        self.show_counts(
            model.rowCount(),
            model.total,
            model.filter.active,
            answers.by_status,
            len(answers.reviewed),
            series=len(session.opened.series),
        )
        self.show_work(done, pending + waiting, waiting > 0)
        if waiting or model.total <= session.settings.current.classify_up_to:
            self.offer(0)
        else:
            rest = model.total - done - pending
            self.offer(len(model.unanswered()) if model.filter.active else max(0, rest))

    def show_counts(
        self,
        shown: int,
        total: int,
        filtered: bool,
        by_status: Mapping[Standing, int],
        reviewed: int = 0,
        *,
        series: int = 0,
    ) -> None:
        """`series` of the `total` rows stand for the slices of one."""
        if not total:
            self._counts.setText("")
            self._counts.hide()
            return
        if filtered:
            first = self.tr("{shown} of {total} shown").format(
                shown=words.count(shown), total=words.count(total)
            )
        else:
            first = self._how_many(total - series, series)
        kinds = (Status.REVIEW, Status.REFUSED, Status.ERROR, Unmapped.SLIDE)
        review, refused, unread, unmapped = (by_status.get(kind, 0) for kind in kinds)
        waiting = self.tr("{n} not looked at") if series else self.tr("{n} not mapped")
        parts = (
            first,
            self.tr("{n} need review").format(n=words.count(review)) if review > 1 else "",
            self.tr("1 needs review") if review == 1 else "",
            self.tr("{n} refused").format(n=words.count(refused)) if refused else "",
            self.tr("{n} cannot be read").format(n=words.count(unread)) if unread else "",
            waiting.format(n=words.count(unmapped)) if unmapped else "",
            self.tr("{n} reviewed").format(n=words.count(reviewed)) if reviewed else "",
        )
        self._counts.setText(" · ".join(part.replace(" ", "\u00a0") for part in parts if part))
        self._counts.show()

    def _how_many(self, images: int, series: int) -> str:
        text = self.tr("1 image") if images == 1 else self.tr("{n} images")
        both = [text.format(n=words.count(images))] if images or not series else []
        if series:
            both.append(self.tr("{n} series").format(n=words.count(series)))
        return self.tr(" and ").join(both)

    def show_work(self, done: int, to_do: int, stoppable: bool) -> None:
        """`done` answers are there, `to_do` are awaited."""
        self._work.setText(
            self.tr("classifying {done} of {total}").format(
                done=words.count(done), total=words.count(done + to_do)
            )
            if to_do
            else ""
        )
        self._work.setVisible(to_do > 0)
        self._stop.setVisible(stoppable)

    def offer(self, count: int) -> None:
        """Offer to classify so many images of a large folder; 0: no offer."""
        text = self.tr("Classify this image") if count == 1 else self.tr("Classify these {n} images")
        self._classify.setText(text.format(n=words.count(count)))
        self._classify.setVisible(count > 0)
        self._scan.setVisible(count > 0)
