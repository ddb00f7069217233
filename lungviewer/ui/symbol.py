"""Small signs beside words: icons, and squares in a class's colour. The words say the same."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.ui.icons import icon

_ICON = 16
_BESIDE_TEXT = 1.1


class _Sign(QWidget):
    """A square as high as the text beside it or, by `lines`, higher; whatever size that gets."""

    def __init__(self, lines: float) -> None:
        super().__init__()
        self._lines = lines
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        side = round(self.fontMetrics().height() * self._lines)
        return QSize(side, side)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()


class Symbol(_Sign):
    """An icon by its name, in the colour of the text, in light and dark."""

    def __init__(self, name: str = "", lines: float = _BESIDE_TEXT) -> None:
        super().__init__(lines)
        self._name = name
        if not name:
            self.hide()

    @property
    def name(self) -> str:
        return self._name

    def show_icon(self, name: str) -> None:
        """The icon of this name; "" for none, and no room for it."""
        self._name = name
        self.setVisible(bool(name))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._name:
            icon(self._name).paint(QPainter(self), self.rect())


class Swatch(_Sign):
    """A class's colour; the class's name stands beside it."""

    def __init__(self, colour: str) -> None:
        super().__init__(_BESIDE_TEXT)
        self._colour = colour

    def paintEvent(self, event: QPaintEvent) -> None:
        _draw_swatch(QPainter(self), self.rect(), self._colour, self.palette())


def swatch_icon(colour: str, beside: QWidget) -> QIcon:
    """The same for a row of a list or menu: as fine as the screen that `beside` is on."""
    ratio = beside.devicePixelRatioF()
    pixmap = QPixmap(round(_ICON * ratio), round(_ICON * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _draw_swatch(painter, QRect(0, 0, _ICON, _ICON), colour, beside.palette())
    painter.end()
    return QIcon(pixmap)


def _draw_swatch(painter: QPainter, box: QRect, colour: str, palette: QPalette) -> None:
    """With an edge, or a pale class would be lost on a light ground and a dark one on a dark ground."""
    side = round(box.width() * 0.7)
    square = QRectF(0, 0, side, side)
    square.moveCenter(QRectF(box).center())
    painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 1))
    painter.setBrush(QColor(colour))
    painter.drawRect(square)
