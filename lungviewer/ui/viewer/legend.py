"""What the colours over the image mean."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QBrush, QFontMetrics, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.core.colourmap import lookup_table
from lungviewer.core.model import ModelSpec
from lungviewer.ui.prose import Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.viewer.chip import Chip
from lungviewer.ui.viewer.class_key import ClassKey
from lungviewer.ui.viewer.explained import Explained
from lungviewer.ui.viewer.hatch_item import hatch_brush
from lungviewer.ui.words import in_percent


class Legend(Chip):
    """Name of what is shown, colours from low to high or of the classes, what hatching means, and what this
    is not for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = Prose(bold=True)
        self._note = Prose()
        self._ramp = _Ramp()
        self._low, self._high = QLabel(), QLabel()
        self._colours = QWidget()
        colours = QHBoxLayout(self._colours)
        colours.setContentsMargins(0, 0, 0, 0)
        colours.setSpacing(6)
        colours.addWidget(self._low)
        colours.addWidget(self._ramp, 1)
        colours.addWidget(self._high)
        self._classes = ClassKey()
        self._caption = Prose()
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
        parts = (self._name, self._note, self._colours, self._classes, self._caption, self._hatched)
        for part in (*parts, self._research):
            column.addWidget(part)

    def explain(
        self,
        what: Explained,
        colour_map: str,
        threshold: float,
        unknown_share: float,
        spec: ModelSpec | None = None,
    ) -> None:
        """Say what is shown. `threshold` 0–1: scores below it are clear; `unknown_share` 0–1 of the map was
        not analysed, or refused. When nothing was, there are no colours to explain. `spec`: whose classes
        have colours."""
        calls, known = what.layer == "calls", unknown_share < 1
        self._name.setText(self.tr("What each tile was called") if calls else what.label)
        note = ""
        if not what.called and not calls:
            note = (
                self.tr("chosen; not the answer")
                if what.chosen
                else self.tr("most probable; no answer is given")
            )
        self._note.setText(note)
        self._note.setVisible(bool(note) and known)
        self._ramp.show_map(colour_map, threshold)
        low, high, caption = self._words(what.layer)
        self._low.setText(low)
        self._high.setText(high)
        self._caption.setText(caption)
        self._classes.show_classes(spec.classes if calls and spec is not None else ())
        self._classes.setVisible(calls)
        self._colours.setVisible(known and not calls)
        self._hatched.setVisible(unknown_share > 0)
        self._name.setVisible(known)
        self._caption.setVisible(known and bool(caption))
        name = self._name.text() if calls else self.tr("Heat map of {label}").format(label=what.label)
        self.setAccessibleName(name)
        self.setAccessibleDescription(f"{caption} {self._classes.text}".strip())

    def _words(self, layer: str) -> tuple[str, str, str]:
        """Both ends of the colours, and what they measure."""
        if layer == "probability":
            return in_percent("0"), in_percent("100"), self.tr("Probability of this class, tile by tile")
        if layer == "activation":
            return self.tr("low"), self.tr("high"), self.tr("Evidence, relative to the slide's strongest")
        if layer == "calls":
            return "", "", ""
        return self.tr("low"), self.tr("high"), self.tr("Evidence, relative to the strongest")

    @property
    def text(self) -> str:
        """Name and remark, as they are shown."""
        return " ".join(label.text() for label in (self._name, self._note) if not label.isHidden())

    @property
    def caption(self) -> str:
        """What the colours measure, with both ends; the classes, where they have colours."""
        if not self._classes.isHidden():
            return self._classes.text
        return f"{self._caption.text()}: {self._low.text()} – {self._high.text()}"

    def size_within(self, most: QSize) -> QSize:
        """As wide as its longest line, if there is room."""
        advance = self.fontMetrics().horizontalAdvance
        longest = max(advance(label.text()) for label in (self._note, self._caption, self._research))
        name = QFontMetrics(self._name.font()).horizontalAdvance(self._name.text())
        widest = max(longest, name, 0 if self._classes.isHidden() else self._classes.sizeHint().width())
        width = min(widest + 2 * self.pad + 4, most.width())
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
