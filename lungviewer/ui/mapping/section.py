"""The section about a whole slide: how far its map is, what was found, and how it was looked at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.core.slide_summary import SlideSummary, rule_sentence
from lungviewer.services.slide_result import SlideMap
from lungviewer.ui.icons import icon
from lungviewer.ui.mapping import words
from lungviewer.ui.mapping.more import MoreAboutSlide
from lungviewer.ui.mapping.slides import SlideMapping
from lungviewer.ui.panels.section import Section
from lungviewer.ui.panels.shown import Phase, Shown
from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.symbol import Swatch


class SlideSection(QWidget):
    """Shown for whole slides only (`concerns`). What it says of the map comes from the state that it is
    given, so that nothing is told to a blinded reviewer; how far the map is may be told to anybody."""

    scale_asked = Signal()
    export_asked = Signal()
    pictures_asked = Signal()

    def __init__(self, mapping: SlideMapping, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mapping = mapping
        self._state = Shown(Phase.NO_IMAGE)
        self._listed: tuple[tuple[str, str], ...] = ()
        self.how_far = Prose(selectable=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the map"))
        self.bar.setMaximumHeight(round(self.fontMetrics().height() * 0.6))
        self.problem = Prose(selectable=True)
        self.toggle = QPushButton()
        self.toggle.clicked.connect(mapping.toggle)
        self.export = QPushButton(icon("save"), self.tr("Export…"))
        self.export.clicked.connect(self.export_asked)
        self.scale = QPushButton(icon("ruler"), self.tr("Set scale…"))
        self.scale.clicked.connect(self.scale_asked)
        self.table = QGridLayout()
        self.numbers: dict[str, tuple[Plain, Plain]] = {}
        self.tissue, self.refused = Prose(selectable=True), Prose(selectable=True)
        self.rule = Prose(faint=True, selectable=True)
        self.rule_section = Section(self.tr("How a slide is called"), self.rule, opened=False)
        self.more = MoreAboutSlide(mapping)
        self.more.pictures_asked.connect(self.pictures_asked)
        self.more_section = Section(self.tr("More"), self.more, opened=False)
        self._lay_out()
        mapping.changed.connect(self._show_progress)
        self._show()

    def _lay_out(self) -> None:
        self.table.setColumnStretch(1, 1)
        self.table.setHorizontalSpacing(8)
        self.table.setVerticalSpacing(2)
        buttons = QHBoxLayout()
        for button in (self.toggle, self.scale, self.export):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        # What is pressed while a map grows stays where it is: only what is below it may come and go.
        column.addWidget(self.how_far)
        column.addLayout(buttons)
        for part in (self.bar, self.problem):
            column.addWidget(part)
        column.addLayout(self.table)
        for part in (self.tissue, self.refused, self.rule_section, self.more_section):
            column.addWidget(part)

    def concerns(self, state: Shown) -> bool:
        """Whether a whole slide is looked at, as far as it is known."""
        return state.path is not None and self._mapping.is_slide(state.path)

    def show_state(self, state: Shown) -> None:
        self._state = state
        self._show()

    @property
    def _slide(self) -> SlideMap | None:
        return None if self._state.result is None else self._state.result.slide

    def _show(self) -> None:
        self._show_progress()
        summary = None if self._slide is None else self._slide.summary
        self._show_areas(summary, self._state.spec)
        self.tissue.say("" if summary is None else words.tissue_line(summary))
        self.refused.say("" if summary is None else "\n".join(words.refused_lines(summary)))
        spec, path = self._state.spec, self._state.path
        concerns = path is not None and self.concerns(self._state) and not self._mapping.impossible
        self.rule.setText(rule_sentence(spec) if concerns and spec is not None else "")
        self.rule_section.setVisible(concerns and spec is not None)
        self.more_section.setVisible(concerns)
        if path is not None and concerns:
            self.more.show_slide(path)

    @Slot()
    def _show_progress(self) -> None:
        mapping, known = self._mapping, self._mapping.map
        running, numbers = mapping.running, mapping.mapper.numbers
        if running:
            said = words.how_far(numbers, mapping.mapper.stopping)
        elif known is not None:
            said = words.standing(known)
        elif mapping.lacks_scale:
            said = self.tr("Not mapped: its scale is not known.")
        elif mapping.impossible:
            said = self.tr("Not mapped: the slide is too small.")
        else:
            said = self.tr("Looking for tissue…") if self._state.phase is Phase.LOOKING else ""
        self.how_far.say(said)
        # The line may wrap or not as its numbers change: what is below it must not move meanwhile.
        self.how_far.setMinimumHeight(2 * self.how_far.fontMetrics().lineSpacing() if running else 0)
        self.bar.setVisible(running)
        self.bar.setRange(0, max(1, numbers.wanted))
        self.bar.setValue(numbers.done)
        self.problem.say("" if mapping.error is None or running else mapping.error.sentence)
        self.toggle.setVisible(running or mapping.can_start)
        self.toggle.setEnabled(not mapping.mapper.stopping)
        self.toggle.setIcon(icon("stop" if running else "resume"))
        begun = known is not None and bool(known.tiles)
        start = self.tr("Go on mapping") if begun else self.tr("Map slide")
        self.toggle.setText(self.tr("Stop") if running else start)
        self.toggle.setToolTip(self.tr("What is done is kept, and gone on with later") if running else "")
        self.scale.setVisible(mapping.lacks_scale)
        self.export.setVisible(known is not None)
        told = self._slide is not None
        self.export.setEnabled(told and known is not None and bool(known.tiles))
        hidden = known is not None and not told
        self.export.setToolTip(self.tr("Exported when you have decided") if hidden else "")

    def _show_areas(self, summary: SlideSummary | None, spec: ModelSpec | None) -> None:
        """A line a class, in the pack's order."""
        classes = () if summary is None or spec is None or summary.analysed_mm2 <= 0 else spec.classes
        listed = tuple((c.label, c.colour) for c in classes)
        if listed != self._listed:
            self._listed = listed
            self._list_classes(spec if listed else None)
        if summary is None:
            return
        for class_id, (mm2, share) in self.numbers.items():
            mm2.setText(words.area(summary.class_mm2.get(class_id, 0.0)))
            share.setText(words.share(summary.class_share.get(class_id, 0.0)))

    def _list_classes(self, spec: ModelSpec | None) -> None:
        while (item := self.table.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.numbers.clear()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for row, known in enumerate(() if spec is None else spec.classes):
            numbers = Plain(), Plain()
            self.table.addWidget(Swatch(known.colour), row, 0)
            self.table.addWidget(Prose(known.label, selectable=True), row, 1)
            for column, number in enumerate(numbers, 2):
                number.setAlignment(right)
                self.table.addWidget(number, row, column)
            numbers[0].setAccessibleName(self.tr("Area of {label}").format(label=known.label))
            numbers[1].setAccessibleName(self.tr("Share of {label}").format(label=known.label))
            self.numbers[known.id] = numbers
