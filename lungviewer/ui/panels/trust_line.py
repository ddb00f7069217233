"""Whether to trust the answer, and every reason for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.services.gate import Gate
from lungviewer.ui.gate_words import gate_title
from lungviewer.ui.icons import icon
from lungviewer.ui.panels.shown import Shown
from lungviewer.ui.prose import Prose
from lungviewer.ui.symbol import Symbol
from lungviewer.ui.unmapped import cannot_be_mapped, waits
from lungviewer.ui.words import count, of_other_kind, reason_codes, reason_sentence, status_word, strangeness


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
        if state.record is not None and state.mapping:
            self._say_unfinished(state)
            return
        record = state.record
        if record is not None and waits(record):
            record = None
        self.symbol.show_icon(self._sign(record))
        self.status.say(self.tr("Nothing to judge yet.") if record is None else self._standing(record))
        self.copy.setVisible(record is not None and record.status is Status.ERROR)
        reasons, notes = ([], []) if record is None else _told(state, record)
        if record is not None and record.status is Status.OK and not reasons:
            reasons = [self.tr("No doubt that the program can measure.")]
        self.reasons.say("\n".join(reasons))
        self.notes.say("\n".join([self.tr("Also noted:"), *notes]) if notes else "")
        self.strangeness.say("" if record is None else self._strangeness(state, record))
        self.model.say(self._model(state))

    def _say_unfinished(self, state: Shown) -> None:
        """The same words from the first tile to the last: nothing below moves while somebody aims at it."""
        self.symbol.show_icon(Status.REVIEW.value)
        self.status.say(self.tr("Not finished"))
        self.reasons.say(self.tr("The reasons are told when the map is complete, or when it is stopped."))
        self.copy.hide()
        for part in (self.strangeness, self.notes):
            part.say("")
        self.model.say(self._model(state))

    @staticmethod
    def _sign(record: ImageRecord | None) -> str:
        if record is None or cannot_be_mapped(record):
            return ""
        return record.status.value

    def _standing(self, record: ImageRecord) -> str:
        return self.tr("Not mapped") if cannot_be_mapped(record) else status_word(record.status)

    def _strangeness(self, state: Shown, record: ImageRecord) -> str:
        if state.spec is None or record.status is Status.ERROR or record.kind == SLIDE:
            return ""
        if of_other_kind(record):
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
        told = () if state.record is None else reason_codes(state.record)
        known = [reason_sentence(code) for code in state.spec.standing_doubts if code not in told]
        if state.spec.validated:
            known.append(self._gate(state.standing.gate))
        return " ".join(filter(None, known))

    def _gate(self, gate: Gate) -> str:
        if gate.passes:
            return ""
        if gate.passes is None:
            return gate_title(gate)
        return self.tr(
            "This model misses {n} of the {all} quality goals that are set for every model (see Models)."
        ).format(n=count(len(gate.failing)), all=count(gate.judged))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.status.text()}: {self.reasons.text()}")


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
