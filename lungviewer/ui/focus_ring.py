"""A ring around what has the keyboard: the style marks some controls faintly and others not at all."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar, QWidget

_WIDTH = 2
_CORNER = 3


class FocusRing(QObject):
    """Draws the ring while the window is used by keyboard; the mouse needs none."""

    def __init__(self, app: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ring: _Ring | None = None
        app.focusChanged.connect(self._moved)

    @Slot(QWidget, QWidget)
    def _moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._ring is not None and shiboken6.isValid(self._ring):
            self._ring.hide()
            self._ring.deleteLater()
        self._ring = None
        if new is None or isinstance(new, QMenu | QMenuBar) or new.isWindow():
            return
        if new.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            self._ring = _Ring(new)


class _Ring(QWidget):
    """Lies on the inside of a control's edge, as its child: parents of every kind leave that alone, and no
    margin is needed around it."""

    def __init__(self, focused: QWidget) -> None:
        super().__init__(focused)
        self.setObjectName("focus-ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        focused.installEventFilter(self)
        self._follow(focused)
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self._follow(watched)
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), _WIDTH))
        half = _WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), _CORNER, _CORNER)

    def _follow(self, focused: QWidget) -> None:
        self.setGeometry(focused.rect())
        # Only the edge: what scrolls inside is not painted again for the sake of the ring.
        inner = self.rect().adjusted(_CORNER, _CORNER, -_CORNER, -_CORNER)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(inner)))
        self.raise_()
