"""What the colours over the image mean."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QBrush, QFontMetrics, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.core.colourmap import lookup_table
from lungviewer.ui.prose import Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.chip import Chip
from lungviewer.ui.viewer.explained import Explained
from lungviewer.ui.viewer.hatch_item import hatch_brush


class Legend(Chip):
    """Name of the class, colours from low to high, what hatching means, and what this is not for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = Prose(bold=True)
        self._note = Prose()
        self._ramp = _Ramp()
        low, high = QLabel(self.tr("low")), QLabel(self.tr("high"))
        self._colours = QWidget()
        colours = QHBoxLayout(self._colours)
        colours.setContentsMargins(0, 0, 0, 0)
        colours.setSpacing(6)
        colours.addWidget(low)
        colours.addWidget(self._ramp, 1)
        colours.addWidget(high)
        self._caption = Prose()
        self._caption.setText(self.tr("Evidence, relative to the strongest"))
        self._hatched = QWidget()
        row = QHBoxLayout(self._hatched)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(_HatchSample())
        row.addWidget(QLabel(self.tr("refused")))
        row.addStretch()
        self._research = Prose()
        self._research.setText(self.tr("Research use only, not for diagnosis"))
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(2)
        for part in (self._name, self._note, self._colours, self._caption, self._hatched, self._research):
            column.addWidget(part)

    def explain(self, what: Explained, colour_map: str, threshold: float, unknown_share: float) -> None:
        """Say what is shown. `threshold` 0–1: scores below it are clear; `unknown_share` 0–1 of the map was
        not analysed. When nothing was, there are no colours to explain."""
        self._name.setText(what.label)
        note = ""
        if not what.called:
            note = (
                self.tr("chosen; not the answer")
                if what.chosen
                else self.tr("most probable; no answer is given")
            )
        self._note.setText(note)
        self._note.setVisible(bool(note) and unknown_share < 1)
        self._ramp.show_map(colour_map, threshold)
        self._hatched.setVisible(unknown_share > 0)
        for part in (self._name, self._colours, self._caption):
            part.setVisible(unknown_share < 1)
        self.setAccessibleName(self.tr("Heat map of {label}").format(label=what.label))
        self.setAccessibleDescription(self._caption.text())

    @property
    def text(self) -> str:
        """Class and remark, as they are shown."""
        return " ".join(label.text() for label in (self._name, self._note) if not label.isHidden())

    def size_within(self, most: QSize) -> QSize:
        """As wide as its longest line, if there is room."""
        advance = self.fontMetrics().horizontalAdvance
        longest = max(advance(label.text()) for label in (self._note, self._caption, self._research))
        name = QFontMetrics(self._name.font()).horizontalAdvance(self._name.text())
        width = min(max(longest, name) + 2 * self.pad + 4, most.width())
        return QSize(width, self.layout().heightForWidth(width))


class _Ramp(QWidget):
    """The colours; the part below the threshold is left empty."""

    def __init__(self) -> None:
        super().__init__()
        self._colour_map, self._threshold = "", 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_map(self, colour_map: str, threshold: float) -> None:
        if (colour_map, threshold) != (self._colour_map, self._threshold):
            self._colour_map, self._threshold = colour_map, threshold
            self.update()

    def sizeHint(self) -> QSize:
        height = self.fontMetrics().height()
        return QSize(6 * height, max(8, height * 2 // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._colour_map:
            return
        painter = QPainter(self)
        box = self.rect().adjusted(0, 0, -1, -1)
        picture: QImage = rgb_image(lookup_table(self._colour_map)[None])
        first = round(self._threshold * picture.width())
        left = box.left() + round(self._threshold * box.width())
        if first < picture.width():
            painter.drawImage(
                QRect(left, box.top(), box.right() - left + 1, box.height()),
                picture,
                QRect(first, 0, picture.width() - first, 1),
            )
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawRect(box)


class _HatchSample(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._brush: QBrush = hatch_brush()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        height = self.fontMetrics().height()
        return QSize(2 * height, max(8, height * 2 // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._brush)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
