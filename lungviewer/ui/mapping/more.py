"""How a slide is looked at: overlap of its tiles, and what counts as tissue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.ui.calm import CalmComboBox, CalmSlider
from lungviewer.ui.icons import icon
from lungviewer.ui.mapping.slides import SlideMapping
from lungviewer.ui.mapping.wishes import SlideWish
from lungviewer.ui.prose import Prose

_OVERLAPS = (0.0, 0.5)
_STEPS = 150
_LARGEST_THRESHOLD = 0.3


class MoreAboutSlide(QWidget):
    """Nothing that is chosen here counts before "Apply"; until then the slide view shows what the threshold
    would take for tissue."""

    pictures_asked = Signal()

    def __init__(self, mapping: SlideMapping, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mapping = mapping
        self._path: Path | None = None
        self._used: float | None = None
        self._automatic = True
        self.overlap = CalmComboBox(letters=6)
        for value, text in zip(_OVERLAPS, (self.tr("none"), self.tr("half")), strict=True):
            self.overlap.addItem(text, value)
        self.threshold = CalmSlider()
        self.threshold.setRange(0, _STEPS)
        self.threshold.setMinimumWidth(60)
        self.words = QLabel()
        self.automatic = QPushButton(self.tr("Automatic"))
        self.automatic.setToolTip(self.tr("Chosen for each slide from its own stain"))
        self.apply = QPushButton(self.tr("Apply"))
        self.hint = Prose(faint=True, selectable=True)
        self.pictures = QPushButton(icon("image"), self.tr("Show label and macro…"))
        self.pictures.clicked.connect(self.pictures_asked)
        self._lay_out()
        self.overlap.activated.connect(self._compare)
        self.threshold.valueChanged.connect(self._moved)
        self.automatic.clicked.connect(self._reset)
        self.apply.clicked.connect(self._apply)
        mapping.trial.failed.connect(self._failed)

    def _lay_out(self) -> None:
        overlap = QLabel(self.tr("Overl&ap of tiles"))
        overlap.setBuddy(self.overlap)
        self.overlap.setAccessibleName(overlap.text().replace("&", ""))
        self.words.setBuddy(self.threshold)
        self.words.setWordWrap(True)
        self.threshold.setAccessibleName(self.tr("How much stain counts as tissue"))
        grid = QGridLayout()
        grid.addWidget(overlap, 0, 0)
        grid.addWidget(self.overlap, 0, 1)
        grid.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        for button in (self.automatic, self.apply):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 4)
        column.addLayout(grid)
        column.addWidget(self.words)
        column.addWidget(self.threshold)
        column.addLayout(buttons)
        column.addWidget(self.hint)
        column.addWidget(self.pictures, 0, Qt.AlignmentFlag.AlignLeft)

    def show_slide(self, path: Path) -> None:
        """Show how this slide is looked at; what is being chosen for it stays."""
        slide = self._mapping.map
        used = None if slide is None else slide.tissue.threshold
        self.setEnabled(slide is not None)
        if path != self._path or (used is not None and used != self._used):
            self._path, self._used = path, used
            self._show_wish(self._mapping.wish(path))
        self._compare()

    @property
    def chosen(self) -> SlideWish:
        """What the controls say."""
        threshold = None if self._automatic else self._threshold
        return SlideWish(self.overlap.currentData(), threshold)

    @property
    def _threshold(self) -> float:
        return self.threshold.value() * _LARGEST_THRESHOLD / _STEPS

    def _show_wish(self, wish: SlideWish) -> None:
        blockers = [QSignalBlocker(control) for control in (self.overlap, self.threshold)]
        self.overlap.setCurrentIndex(max(0, self.overlap.findData(wish.overlap)))
        self._automatic = wish.tissue_threshold is None
        now = self._used if self._automatic else wish.tissue_threshold
        self.threshold.setValue(round((now or 0.0) * _STEPS / _LARGEST_THRESHOLD))
        for blocker in blockers:
            blocker.unblock()

    @Slot()
    def _compare(self) -> None:
        """Say what Apply would do."""
        wish = SlideWish() if self._path is None else self._mapping.wish(self._path)
        threshold = QLocale().toString(self._threshold, "f", 3)
        if self._automatic:
            threshold = self.tr("automatic")
        self.words.setText(
            self.tr("How much s&tain counts as tissue: {threshold}").format(threshold=threshold)
        )
        self.automatic.setEnabled(not self._automatic)
        changed = self.chosen != wish
        self.apply.setEnabled(changed)
        self.hint.say(
            self.tr(
                "Applying this plans the tiles anew and maps them from the start. What was found so far is "
                "kept, and comes back when the earlier choice is applied again."
            )
            if changed
            else ""
        )

    @Slot(int)
    def _moved(self, _value: int) -> None:
        self._automatic = False
        self._compare()
        if self._path is None:
            return
        if self.chosen == self._mapping.wish(self._path):
            self._mapping.trial.end()
        else:
            self._mapping.trial.look(self._path, self._threshold)

    @Slot()
    def _reset(self) -> None:
        wish = SlideWish(self.overlap.currentData())
        self._show_wish(wish)
        self._mapping.trial.end()
        self._compare()

    @Slot()
    def _apply(self) -> None:
        if self._path is not None:
            self._mapping.give_wish(self._path, self.chosen)
            self._compare()

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self.hint.say(error.sentence)
