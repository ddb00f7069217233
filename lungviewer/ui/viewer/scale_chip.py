"""Scale bar and magnification, or the way to say what the scale is."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.exporters.overlay_frame import scale_bar
from lungviewer.ui.prose import Plain, bold_font
from lungviewer.ui.viewer.chip import Chip
from lungviewer.ui.viewer.scales import zoom_words

TISSUE, HU_SLICE, SAVED_SLICE = "tissue", "hu", "saved"
"""What has a scale: tissue under a microscope, a slice in Hounsfield units, a picture saved of a slice."""


class ScaleChip(Chip):
    """`show_scale` says what to draw; `set_asked` is emitted by the button that sets it or puts it right."""

    set_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, passes_mouse=False)
        self._shown: tuple[float, float | None, int, str] | None = None
        self._printing = False
        self._zoom = Plain()
        self._zoom.setFont(bold_font())
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._bar = _Bar()
        self._unknown = QLabel()
        self.button = QPushButton(self.tr("Set…"))
        self.button.setAccessibleName(self.tr("Set the scale of this image"))
        self.button.clicked.connect(self._ask)
        top = QHBoxLayout()
        top.addWidget(self.button)
        top.addStretch()
        top.addWidget(self._zoom)
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(2)
        column.addWidget(self._unknown)
        column.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(top)

    def show_scale(self, zoom: float, um_per_px: float | None, view_width: int, kind: str = TISSUE) -> None:
        """`zoom` in screen pixels per level-0 pixel, `um_per_px` of level 0 or None, `view_width` in screen
        pixels: the bar takes at most a quarter of it. `kind`: `TISSUE`, `HU_SLICE` or `SAVED_SLICE`."""
        self._shown = (zoom, um_per_px, view_width, kind)
        tissue, known = kind == TISSUE, um_per_px is not None
        # A magnification has no meaning for CT: what a microscope shows has.
        words = zoom_words(zoom, um_per_px if tissue else None)
        self._zoom.setText(words)
        self._bar.setVisible(known)
        self._unknown.setVisible(not known)
        text, why = self._unknown_words(kind)
        self._unknown.setText(text)
        self._unknown.setToolTip(why)
        self._unknown.setAccessibleDescription(why)
        self.button.setVisible(tissue and not self._printing)
        self.button.setText(self.tr("Change…") if known else self.tr("Set…"))
        if um_per_px is not None:
            self._bar.show_length(*scale_bar(max(40, view_width), um_per_px / zoom), in_mm=not tissue)
        if known and tissue:
            self._zoom.setToolTip(self.tr("Magnification: at 10×, one pixel of the screen covers 1 µm"))
        else:
            self._zoom.setToolTip(self.tr("Pixels of the screen per pixel of the image"))
        self.setAccessibleName(self.tr("Magnification {words}").format(words=words))

    def _unknown_words(self, kind: str) -> tuple[str, str]:
        """What stands where no scale is known, and why none is."""
        if kind == HU_SLICE:
            return self.tr("No mm"), self.tr(
                "The file states no pixel spacing, so nothing is measured in mm."
            )
        if kind == SAVED_SLICE:
            return self.tr("No HU, no mm"), self.tr(
                "A JPEG or PNG of a slice keeps neither Hounsfield units nor millimetres, so there is no "
                "window and no scale bar. Open the DICOM files for both."
            )
        return self.tr("Scale unknown"), ""

    def printed(self) -> ScaleChip:
        """The same for a picture: without the button."""
        copy = ScaleChip()
        copy._printing = True
        copy.button.hide()
        if self._shown is not None:
            copy.show_scale(*self._shown)
        return copy

    @property
    def zoom_text(self) -> str:
        return self._zoom.text()

    @property
    def bar_text(self) -> str:
        """The length that the bar stands for, "" when the scale is unknown."""
        return "" if self._bar.isHidden() else self._bar.words

    @property
    def bar_px(self) -> float:
        """How long the bar is, in screen pixels."""
        return self._bar.length_px

    def _ask(self) -> None:
        self.set_asked.emit()


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.length_px = "", 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_length(self, um: float, px: float, in_mm: bool = False) -> None:
        """`in_mm`: also what is shorter than one."""
        in_mm = in_mm or um >= 1000
        number = QLocale().toString(um / 1000 if in_mm else um, "g", 6)
        words = self.tr("{number} mm") if in_mm else self.tr("{number} µm")
        self.words, self.length_px = words.format(number=number), px
        self.setAccessibleName(self.tr("Scale bar: {length}").format(length=self.words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        wide = max(math.ceil(self.length_px) + 2, metrics.horizontalAdvance(self.words))
        return QSize(wide, metrics.height() + self._tick + 2)

    @property
    def _tick(self) -> int:
        return max(6, self.fontMetrics().height() // 3)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 2))
        align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(self.rect(), align, self.words)
        # Fractions of a pixel count: a short bar would be some per cent too long or too short without them.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right, bottom = self.width() - 1.0, self.height() - 2.0
        left = right - self.length_px
        painter.drawLine(QLineF(left, bottom, right, bottom))
        for end in (left, right):
            painter.drawLine(QLineF(end, bottom - self._tick, end, bottom))
