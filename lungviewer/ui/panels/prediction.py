"""The answer: class, confidence, what such a confidence meant at home and elsewhere, and all classes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_summary import tells_share
from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.services.elsewhere import elsewhere_sentence, laboratory_lines
from lungviewer.services.reliability import how_often_right
from lungviewer.ui.mapping import words as slides
from lungviewer.ui.names import tooltip
from lungviewer.ui.panels.bars import Bar, Bars
from lungviewer.ui.panels.shown import Phase, Shown
from lungviewer.ui.prose import Prose, Sized
from lungviewer.ui.words import count, fields_read, headline, of_other_kind, percent


class PredictionSection(QWidget):
    """Shows one `Shown` after another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slice = Prose(faint=True, selectable=True)
        self.headline = Sized(size=1.3, bold=True)
        self.number = Sized(size=1.9, bold=True)
        self.number.label.setWordWrap(False)
        self.word = Prose(selectable=True)
        self.sentence = Prose(selectable=True)
        self.elsewhere = Prose(selectable=True)
        self.bars_heading = Prose(faint=True, selectable=True)
        self.bars = Bars(self.tr("Probabilities of all classes"))
        self.research = Sized(self.tr("Research use only, not for diagnosis."), 0.9, faint=True)
        confidence = QHBoxLayout()
        confidence.addWidget(self.number, 0, Qt.AlignmentFlag.AlignBottom)
        confidence.addWidget(self.word, 1, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addWidget(self.slice)
        column.addWidget(self.headline)
        column.addLayout(confidence)
        for part in (self.sentence, self.elsewhere, self.bars_heading, self.bars, self.research):
            column.addWidget(part)

    def show_state(self, state: Shown) -> None:
        self._keep_height(state)
        self.slice.say(self._slice(state))
        self.headline.say(self._headline(state))
        number, word, name = self._number(state)
        self.number.say(number)
        self.number.label.setAccessibleName(name)
        self.word.say(word)
        self.sentence.say(self._sentence(state))
        self._say_elsewhere(state)
        self._show_bars(state)

    def _slice(self, state: Shown) -> str:
        """Of a series everything here is about one slice."""
        if not state.slices or (state.series is None and state.record is not None):
            return ""
        return self.tr("Slice {n} of {all}").format(n=count(state.slice_index + 1), all=count(state.slices))

    def _keep_height(self, state: Shown) -> None:
        """While a slide is mapped its call may change with every tile: what is below stays where it is."""
        lines = 2 if state.mapping else 0
        self.headline.label.setMinimumHeight(lines * self.headline.label.fontMetrics().lineSpacing())
        self.headline.label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    def _number(self, state: Shown) -> tuple[str, str, str]:
        """The number beside the call, its word, and both for who hears them. A slide has no confidence:
        what stands in its place is an area."""
        record = state.record
        if record is None or state.mapping:
            return "", "", ""
        if record.confidence is not None:
            number = percent(record.confidence)
            return number, self.tr("confidence"), self.tr("Confidence {percent}").format(percent=number)
        if tells_share(record):
            number = slides.share(record.tumour_share or 0.0)
            word = self.tr("of the analysed tissue called tumour")
            return number, word, self.tr("Tumour share {percent}").format(percent=number)
        return "", "", ""

    def _headline(self, state: Shown) -> str:
        return {
            Phase.NO_IMAGE: self.tr("No image"),
            Phase.LOOKING: self.tr("Looking…"),
            Phase.NO_MODEL: self.tr("The model could not be loaded"),
            Phase.NO_ANSWER: self.tr("No answer"),
            Phase.HIDDEN: self.tr("Answer hidden"),
            Phase.ANSWERED: "" if state.record is None else headline(state.record, state.spec),
        }[state.phase]

    def _sentence(self, state: Shown) -> str:
        if state.phase is Phase.NO_IMAGE:
            return self.tr("Open an image or a folder, or drop one on the window.")
        if state.phase is Phase.NO_MODEL:
            return "" if state.error is None else state.error.sentence
        if state.phase is Phase.NO_ANSWER and state.slices:
            return self.tr("This slice was not looked at yet.")
        if state.phase is Phase.NO_ANSWER:
            return self.tr("The image could not be looked at. Choose another image, then this one again.")
        if state.phase is Phase.HIDDEN:
            return self.tr("It is shown when you have decided.")
        if state.record is not None and state.record.kind == SLIDE:
            return self._about_slide(state.record, state.mapping)
        if state.record is None or state.record.confidence is None or state.spec is None:
            return ""
        return self._meaning(state, state.record, state.spec)

    def _say_elsewhere(self, state: Shown) -> None:
        """How often calls were right on slides of other laboratories: what home does not tell."""
        standing = state.standing
        if standing is None or state.record is None or state.record.confidence is None:
            self.elsewhere.say("")
            return
        lines = laboratory_lines(standing)
        text = elsewhere_sentence(standing)
        self.elsewhere.say(self.tr("{text} See Models.").format(text=text) if lines else text)
        self.elsewhere.setToolTip(tooltip(*lines))
        self.elsewhere.setAccessibleDescription(" ".join(lines))

    def _meaning(self, state: Shown, record: ImageRecord, spec: ModelSpec) -> str:
        """What the confidence is worth; validation knows single fields only."""
        if record.tiles is not None and record.tiles != 1:
            calls = {} if state.result is None else state.result.calls_by_class()
            return self.tr(
                "{fields} The confidence is their mean; how often such means are right was never measured."
            ).format(fields=fields_read(record, calls, spec))
        return how_often_right(spec.calibration, record.confidence or 0.0) or self.tr(
            "The model does not say how often such calls were right."
        )

    def _about_slide(self, record: ImageRecord, mapping: bool) -> str:
        """What the call of a slide rests on."""
        if mapping:
            return self.tr("It may change until the map is complete.")
        read = (record.tiles or 0) - (record.tiles_refused or 0)
        if not record.predicted_class:
            return ""
        return self.tr(
            "Called by a fixed rule from {tiles}. There is no confidence: none was ever measured for slides."
        ).format(tiles=slides.tiles(read))

    def _show_bars(self, state: Shown) -> None:
        record, spec = state.record, state.spec
        slide = record is not None and record.kind == SLIDE  # its areas stand in a section of their own
        foreign = record is not None and of_other_kind(record)
        if slide or foreign or record is None or spec is None or not record.probabilities:
            self.bars_heading.say("")
            self.bars.show_bars(())
            return
        refused = record.status is Status.REFUSED
        self.bars_heading.say(self.tr("Not a call: what the model would have said") if refused else "")
        self.bars.show_bars(
            [Bar(c.label, record.probabilities.get(c.id), c.colour, swatch=True) for c in spec.classes],
            faded=refused,
        )
