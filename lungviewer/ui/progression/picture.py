"""A square picture that fits its room; what a simulator drew says SYNTHETIC on itself."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from lungviewer.core.ct import as_rgb
from lungviewer.core.simulator import Grey
from lungviewer.ui.qimage import rgb_image

_LEAST_BAND_PX = 14


class SquarePicture(QWidget):
    """`name` is for screen readers; `synthetic`: drawn by a simulator."""

    def __init__(self, name: str, smallest: int, *, synthetic: bool = True) -> None:
        super().__init__()
        self._image = QImage()
        self._synthetic = synthetic
        self._words = self.tr("SYNTHETIC")  # also what a person hears
        self._hint = smallest
        self.setMinimumSize(smallest, smallest)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{name}, {self._words}" if synthetic else name)

    @property
    def empty(self) -> bool:
        return self._image.isNull()

    def show_grey(self, pixels: Grey | None, told: str = "") -> None:
        """Show a picture S×S, or nothing; `told` is what a screen reader says of it."""
        self._image = QImage() if pixels is None else rgb_image(as_rgb(pixels))
        self.setAccessibleDescription(told)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._hint, self._hint)

    def heightForWidth(self, width: int) -> int:
        return width

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = min(self.width(), self.height())
        place = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
        if self.empty:
            painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
            painter.drawRect(place.adjusted(0, 0, -1, -1))
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)
        if self._synthetic:
            self._paint_band(painter, place)

    def _paint_band(self, painter: QPainter, place: QRect) -> None:
        """White on black in both themes: it belongs to the picture."""
        height = max(_LEAST_BAND_PX, place.width() // 12)
        band = QRect(place.left(), place.bottom() + 1 - height, place.width(), height)
        painter.fillRect(band, QColor("black"))
        font = QFont(self.font())
        font.setPixelSize(round(height * 0.72))
        painter.setFont(font)
        painter.setPen(QColor("white"))
        painter.drawText(band, Qt.AlignmentFlag.AlignCenter, self._words)
