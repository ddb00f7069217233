"""What the classifier says about one picture: the malignant share, all classes as bars, the trust."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.core.simulator import Step
from lungviewer.core.types import Prediction, Status
from lungviewer.ui.panels.bars import Bar, Bars
from lungviewer.ui.prose import Plain, Prose, bold_font
from lungviewer.ui.words import percent, reason_sentence, status_word


def malignant_words(step: Step, classifier: ModelSpec | None) -> str:
    """ "Malignant 82 %", or why there is no such number."""
    if classifier is None:
        return ""
    if step.prediction is None:
        return _tr("Asking…")
    share = step.malignant(classifier.classes)
    return _tr("Refused") if share is None else _tr("Malignant {share}").format(share=percent(share))


def class_bars(step: Step, classifier: ModelSpec | None) -> tuple[list[Bar], bool]:
    """A bar a class, and whether they are faded because there is no call."""
    if classifier is None or step.prediction is None:
        return [], False
    found = step.prediction.probabilities
    bars = [Bar(c.label, found[c.id], c.colour, swatch=True) for c in classifier.classes]
    return bars, step.prediction.predicted is None


def trust_words(prediction: Prediction | None) -> str:
    """Whether the classifier stands by it, and why not."""
    if prediction is None or prediction.status is Status.OK:
        return ""
    reasons = " ".join(reason_sentence(code) for code in prediction.reasons)
    return f"{status_word(prediction.status)}: {reasons}"


class Judged(QWidget):
    """For the picture that is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.malignant = Plain()
        self.malignant.setFont(bold_font())
        self.bars = Bars(self.tr("Calibrated probabilities of the picture"))
        self.trust = Prose(selectable=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.malignant, self.bars, self.trust):
            column.addWidget(part)

    def show_step(self, step: Step, classifier: ModelSpec | None) -> None:
        """While the classifier is being asked, the bars stay as they were: they would flicker."""
        if step.prediction is None and classifier is not None:
            self.malignant.setText(malignant_words(step, classifier))
            return
        bars, faded = class_bars(step, classifier)
        self.malignant.setText(malignant_words(step, classifier))
        self.malignant.setVisible(classifier is not None)
        self.bars.show_bars(bars, faded=faded)
        self.trust.say(trust_words(step.prediction))


def _tr(text: str) -> str:
    return QCoreApplication.translate("judged", text)
