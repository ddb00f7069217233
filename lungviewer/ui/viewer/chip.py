"""A small plate over the picture: legible on glass and on tissue, in light and dark."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

_CORNER = 4.0
_COVER = 232
"""Of 255: what lies below may shine through a little, but never cost a letter."""


class Chip(QWidget):
    """The plate; subclasses put labels on it."""

    def __init__(
        self, parent: QWidget | None = None, *, passes_mouse: bool = True, cover: int = _COVER
    ) -> None:
        """`passes_mouse`: presses go to what lies below. `cover` 0–255: how little of that is seen."""
        super().__init__(parent)
        self._cover = cover
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, passes_mouse)

    @property
    def pad(self) -> int:
        """Between edge and words, in pixels: grows with the text."""
        return max(4, self.fontMetrics().height() // 3)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self.palette().color(QPalette.ColorRole.Window)
        ground.setAlpha(self._cover)
        painter.setBrush(ground)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _CORNER, _CORNER)
