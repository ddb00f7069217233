"""Frames of boxes and rounds to tick that are seen in the dark as well.

Fusion draws them in a darker shade of the window, which in a dark theme is what lies in and around them.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

_BOX = QStyle.PrimitiveElement.PE_IndicatorCheckBox
_ROUND = QStyle.PrimitiveElement.PE_IndicatorRadioButton


class MarkedBoxes(QProxyStyle):
    """Fusion, with a frame in the faint colour of text around what can be ticked."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        super().drawPrimitive(element, option, painter, widget)
        if element not in (_BOX, _ROUND):
            return
        frame = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.save()
        painter.setPen(QPen(option.palette.color(QPalette.ColorRole.PlaceholderText), 1))
        if element == _BOX:
            painter.drawRect(frame)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(frame)
        painter.restore()
