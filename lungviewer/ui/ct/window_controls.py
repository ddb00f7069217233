"""Width and centre as numbers, presets, and inverting."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from lungviewer.ui.ct.window_level import CENTRES, WIDTHS, WindowLevel
from lungviewer.ui.icons import icon

_STEP_HU = 10


class WindowControls(QWidget):
    """A row of controls over one `WindowLevel`. `done`: a number was typed; keys go to the picture again."""

    done = Signal()

    def __init__(self, levels: WindowLevel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels = levels
        self.width_box = self._number(WIDTHS, self.tr("Window width in HU"))
        self.centre_box = self._number(CENTRES, self.tr("Window level (centre) in HU"))
        self.presets = QComboBox()
        self.presets.setAccessibleName(self.tr("Window"))
        self.presets.setToolTip(self.tr("Windows; or drag in the picture with the right button"))
        self.presets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.presets.setMinimumContentsLength(10)
        self.presets.activated.connect(self._preset_chosen)
        self.invert = QToolButton()
        self.invert.setIcon(icon("invert"))
        self.invert.setCheckable(True)
        self.invert.setAccessibleName(self.tr("Invert"))
        self.invert.setToolTip(self.tr("Invert: white for air"))
        self.invert.toggled.connect(levels.set_inverted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for words, box in ((self.tr("W"), self.width_box), (self.tr("L"), self.centre_box)):
            label = QLabel(words)
            label.setBuddy(box)
            label.setToolTip(box.toolTip())
            row.addWidget(label)
            row.addWidget(box)
        row.addWidget(self.presets, 1)
        row.addWidget(self.invert)
        levels.changed.connect(self._show)
        self._show()

    def _number(self, limits: tuple[int, int], name: str) -> QSpinBox:
        box = QSpinBox()
        box.setRange(*limits)
        box.setSingleStep(_STEP_HU)
        box.setKeyboardTracking(False)  # what is half typed is not meant yet
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.valueChanged.connect(self._typed)
        box.lineEdit().returnPressed.connect(self.done)
        return box

    @Slot()
    def _typed(self) -> None:
        self._levels.set_numbers(self.width_box.value(), self.centre_box.value())

    @Slot(int)
    def _preset_chosen(self, row: int) -> None:
        self._levels.choose(self.presets.itemData(row) or "")
        self._show()  # the row for windows without a name chooses nothing

    @Slot()
    def _show(self) -> None:
        window, levels = self._levels.window, self._levels
        for box, value in ((self.width_box, window.width), (self.centre_box, window.centre)):
            quiet = box.blockSignals(True)
            box.setValue(round(value))
            box.blockSignals(quiet)
        wanted = [(preset.label, preset.id) for preset in levels.presets]
        now = levels.preset
        if now is None:
            wanted.append((self.tr("Own window"), ""))
        if wanted != [
            (self.presets.itemText(i), self.presets.itemData(i)) for i in range(self.presets.count())
        ]:
            self.presets.clear()
            for label, preset_id in wanted:
                self.presets.addItem(label, preset_id)
        self.presets.setCurrentIndex(self.presets.findData("" if now is None else now.id))
        self.invert.setChecked(levels.inverted)
