"""Whether to trust the answer, and every reason for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.slide_summary import NOT_FINISHED
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.ui.gate_words import gate_title
from lungviewer.ui.icons import icon
from lungviewer.ui.panels.shown import Shown
from lungviewer.ui.prose import Prose
from lungviewer.ui.symbol import Symbol
from lungviewer.ui.words import count, reason_codes, reason_sentence, status_word, strangeness

_NOT_VALIDATED = "not_validated"


class TrustSection(QWidget):
    """Status in a symbol and a word, reasons as sentences, strangeness, what was changed on the way in, and
    what is known against the model itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.symbol = Symbol()
        self.status = Prose(bold=True, selectable=True)
        self.reasons = Prose(selectable=True)
        self.strangeness = Prose(faint=True, selectable=True)
        self.notes = Prose(faint=True, selectable=True)
        self.model = Prose(faint=True, selectable=True)
        self.copy = QPushButton(icon("copy"), self.tr("Copy this message"))
        self.copy.clicked.connect(self._copy)
        line = QHBoxLayout()
        line.addWidget(self.symbol, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.status, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addLayout(line)
        for part in (self.reasons, self.copy, self.strangeness, self.notes, self.model):
            column.addWidget(part)

    def show_state(self, state: Shown) -> None:
        record = state.record
        if record is not None and _untouched(record):
            record = None
        self.symbol.show_icon("" if record is None else record.status.value)
        self.status.say(self.tr("Nothing to judge yet.") if record is None else status_word(record.status))
        self.copy.setVisible(record is not None and record.status is Status.ERROR)
        reasons, notes = ([], []) if record is None else _told(state, record)
        if record is not None and record.status is Status.OK and not reasons:
            reasons = [self.tr("No doubt that the program can measure.")]
        self.reasons.say("\n".join(reasons))
        self.notes.say("\n".join([self.tr("Also noted:"), *notes]) if notes else "")
        self.strangeness.say("" if record is None else self._strangeness(state, record))
        self.model.say(self._model(state))

    def _strangeness(self, state: Shown, record: ImageRecord) -> str:
        if state.spec is None or record.status is Status.ERROR or record.kind == SLIDE:
            return ""
        if record.trust_score is None:
            return self.tr("This model does not measure how unlike its training images an image is.")
        text = strangeness(record.trust_score, state.spec.trust.refuse_above)
        return (
            text if record.tiles in (None, 1) else self.tr("{text} (Mean of the fields.)").format(text=text)
        )

    def _model(self, state: Shown) -> str:
        """What is known against the model, whatever it says of this image; each thing once."""
        if state.spec is None or state.standing is None:
            return ""
        if not state.spec.validated:
            told = state.record is not None and _NOT_VALIDATED in reason_codes(state.record)
            return "" if told else reason_sentence(_NOT_VALIDATED)
        gate = state.standing.gate
        if gate.passes:
            return ""
        if gate.passes is None:
            return gate_title(gate)
        return self.tr(
            "The model fails {n} of {all} rows of the gate, which asks the same of all models (see Models)."
        ).format(n=count(len(gate.failing)), all=count(gate.judged))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.status.text()}: {self.reasons.text()}")


def _untouched(record: ImageRecord) -> bool:
    """A slide of which no tile was looked at yet is not refused."""
    return record.kind == SLIDE and not record.tiles and NOT_FINISHED in reason_codes(record)


def _told(state: Shown, record: ImageRecord) -> tuple[list[str], list[str]]:
    """Sentences that decided, and sentences that only inform."""
    if record.status is Status.ERROR:
        return [record.error], []
    codes = reason_codes(record)
    if state.result is not None:
        decisive = set(state.result.prediction.reasons)
    else:
        # A scan's row does not keep them apart; a note never makes an answer doubtful.
        decisive = set(REASON_SENTENCES) if record.status is not Status.OK else set()
    reasons = [reason_sentence(code) for code in codes if code in decisive]
    return reasons, [reason_sentence(code) for code in codes if code not in decisive]
