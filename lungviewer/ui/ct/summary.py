"""What the slices of a series were called, together: how many, which, how sure; never a call of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.core.ct_summary import ClassInSeries
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.services.ct_result import SeriesResult
from lungviewer.services.ct_words import ranges
from lungviewer.ui.ct import words
from lungviewer.ui.ct.slice_buttons import SliceButtons
from lungviewer.ui.enter_button import EnterButton
from lungviewer.ui.icons import icon
from lungviewer.ui.panels.shown import Phase, Shown
from lungviewer.ui.prose import Plain, Prose, Sentence
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.symbol import Swatch
from lungviewer.ui.words import count, percent, reason_word

_SENTENCES = 3
_WORTH_TELLING = 0.1
"""Of a class that no slice was called: a smaller probability anywhere says nothing."""


class ClassBox(QWidget):
    """One class: its number, its runs, and where it is surest."""

    asked = Signal(int)

    def __init__(self, known: ClassSpec) -> None:
        super().__init__()
        self._label = known.label
        self.number = Plain()
        self.runs = SliceButtons()
        self.runs.asked.connect(self.asked)
        self.detail = Prose(faint=True, selectable=True)
        self.surest = EnterButton()
        self.surest.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.surest.clicked.connect(self._surest_asked)
        self._surest = 0
        head = QHBoxLayout()
        head.addWidget(Swatch(known.colour))
        head.addWidget(Prose(known.label, selectable=True), 1)
        head.addWidget(self.number)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addLayout(head)
        for part in (self.runs, self.detail):
            column.addWidget(part)
        column.addWidget(self.surest, 0, Qt.AlignmentFlag.AlignLeft)

    def show_class(self, found: ClassInSeries) -> None:
        self.number.setText(words.slices(len(found.slices)))
        self.runs.show_slices(found.slices, self._label)
        longest = ranges(found.longest_run)
        several = len(ranges(found.slices)) > 1 and len(found.longest_run) > 1
        text = self.tr("Longest run: {run}, {slices}.")
        self.detail.say(
            text.format(run=longest[0][1], slices=words.slices(len(found.longest_run))) if several else ""
        )
        share = found.probability or 0.0
        self.surest.setVisible(found.surest is not None and (bool(found.slices) or share >= _WORTH_TELLING))
        if found.surest is not None:
            self._surest = found.surest
            text = self.tr("Surest: slice {n}, {share}")
            if not found.slices:
                text = self.tr("Most probable in slice {n}, {share}")
            text = text.format(n=count(found.surest + 1), share=percent(share))
            self.surest.setText(text)
            self.surest.setAccessibleName(f"{self._label}. {text}")

    @Slot()
    def _surest_asked(self) -> None:
        self.asked.emit(self._surest)


class SeriesSection(QWidget):
    """How far the slices were looked at, and what they were called."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._spec: ModelSpec | None = None
        self.about = Prose(selectable=True)
        self.how_far = Prose(selectable=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.toggle = QPushButton()
        self.toggle.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.toggle.clicked.connect(self._toggle)
        self.verdict = Sentence()
        self.classes: dict[str, ClassBox] = {}
        self._boxes = QVBoxLayout()
        self.review, self.review_runs = Prose(selectable=True), SliceButtons()
        self.refused, self.refused_runs = Prose(selectable=True), SliceButtons()
        self.failed, self.failed_runs = Prose(selectable=True), SliceButtons()
        self.notes = Prose(faint=True, selectable=True)
        for runs in (self.review_runs, self.refused_runs, self.failed_runs):
            runs.asked.connect(self._go_to)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        for part in (self.about, self.how_far, self.bar, self.toggle, self.verdict):
            column.addWidget(part)
        column.addLayout(self._boxes)
        for part in (self.review, self.review_runs, self.refused, self.refused_runs):
            column.addWidget(part)
        for part in (self.failed, self.failed_runs, self.notes):
            column.addWidget(part)

    @staticmethod
    def concerns(state: Shown) -> bool:
        """Whether a series is looked at."""
        return state.slices > 0

    def show_state(self, state: Shown) -> None:
        series = None if state.path is None else self._session.series(state.path)
        self.about.say("" if series is None else words.about(series))
        notes = [] if series is None else words.notes(series)
        self.notes.say("\n".join([self.tr("About the files:"), *notes]) if notes else "")
        self._list_classes(None if state.series is None else state.spec)
        self._show_progress(state)
        self._show_result(state.series)

    def _show_progress(self, state: Shown) -> None:
        known, path = state.series, state.path
        pending = path is not None and self._session.is_pending(path)
        done = 0 if known is None else known.summary.looked_at
        hidden = state.phase is Phase.HIDDEN or (known is None and state.record is not None)
        if known is not None and known.complete:
            said = self.tr("Every slice was looked at.")
        elif hidden:
            said = ""
        else:
            said = self.tr("{n} of {all} slices were looked at.").format(
                n=count(done), all=count(state.slices)
            )
        self.how_far.say(said)
        self.bar.setVisible(pending and not hidden)
        self.bar.setRange(0, max(1, state.slices))
        self.bar.setValue(done)
        startable = path is not None and not hidden and (known is None or not known.complete)
        self.toggle.setVisible(startable and (pending or state.phase is not Phase.NO_MODEL))
        self.toggle.setIcon(icon("stop" if pending else "resume"))
        self.toggle.setText(self.tr("Stop") if pending else self.tr("Look at the other slices"))

    def _show_result(self, known: SeriesResult | None) -> None:
        self.verdict.say(
            "review" if known is not None else "",
            self.tr(
                "Needs review. There is no call for a series as a whole: nobody has measured how often one "
                "would be right. Look at the slices."
            )
            if known is not None
            else "",
        )
        for class_id, box in self.classes.items():
            box.setVisible(known is not None)
            if known is not None and class_id in known.summary.classes:
                box.show_class(known.summary.classes[class_id])
        review = () if known is None else known.summary.review
        text = self.tr("To review: {slices}.").format(slices=words.slices(len(review)))
        self.review.say(text if review else "")
        self.review_runs.show_slices(review, self.tr("To review"))
        refused = () if known is None else known.summary.refused
        self.refused.say(self._refused(known) if known is not None and refused else "")
        self.refused_runs.show_slices(refused, self.tr("Refused"))
        failed = () if known is None else known.summary.failed
        self.failed.say(self._failed(known.failed) if known is not None and failed else "")
        self.failed_runs.show_slices(failed, self.tr("Could not be read"))

    def _refused(self, known: SeriesResult) -> str:
        """Refused slices are counted under their first reason."""
        reasons = Counter(known.calls[i].prediction.reasons[0] for i in known.summary.refused)
        each = self.tr("{reason} ({n})") if len(reasons) > 1 else "{reason}"
        listed = ", ".join(
            each.format(reason=reason_word(code), n=count(n)) for code, n in reasons.most_common()
        )
        text = self.tr("Refused: {slices}, as {reasons}.")
        return text.format(slices=words.slices(len(known.summary.refused)), reasons=listed)

    def _failed(self, failed: Mapping[int, str]) -> str:
        text = self.tr("Could not be read: {slices}.").format(slices=words.slices(len(failed)))
        sentences = list(dict.fromkeys(failed.values()))
        more = ["…"] if len(sentences) > _SENTENCES else []
        return "\n".join([text, *sentences[:_SENTENCES], *more])

    def _list_classes(self, spec: ModelSpec | None) -> None:
        if spec is self._spec:
            return
        self._spec = spec
        for box in self.classes.values():
            self._boxes.removeWidget(box)
            box.hide()
            box.deleteLater()
        self.classes.clear()
        for known in () if spec is None else spec.classes:
            box = ClassBox(known)
            box.asked.connect(self._go_to)
            self._boxes.addWidget(box)
            self.classes[known.id] = box

    @Slot(int)
    def _go_to(self, index: int) -> None:
        self._session.slice.select(index)

    @Slot()
    def _toggle(self) -> None:
        path = self._session.current
        if path is None:
            return
        if self._session.is_pending(path):
            self._session.stop(path)
        else:
            self._session.ask(path)
