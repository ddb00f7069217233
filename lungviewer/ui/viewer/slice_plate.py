"""Which slice is seen, where it lies, and through which window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale, QSize
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lungviewer.core.ct import CtSeries
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.prose import Plain, bold_font
from lungviewer.ui.viewer.chip import Chip


class SlicePlate(Chip):
    """A few short lines in a corner."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = tuple(Plain() for _ in range(4))
        self._lines[0].setFont(bold_font())
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(1)
        for line in self._lines:
            column.addWidget(line)
        self.hide()

    def say(self, series: CtSeries, index: int, levels: WindowLevel, called: str) -> bool:
        """Speak of slice `index`; `called`: what it was called, "" when nothing may be told. True when it
        needs another room than before."""
        before = self.isHidden(), self.size_within()
        lines = (head_words(series, index), place_words(series, index), window_words(levels), called)
        for line, words in zip(self._lines, lines, strict=True):
            line.setText(words)
            line.setVisible(bool(words))
        self.setAccessibleName(self.text)
        self.show()
        return (False, self.size_within()) != before

    @property
    def text(self) -> str:
        """Everything that it says."""
        return "\n".join(line.text() for line in self._lines if line.text())

    def size_within(self) -> QSize:
        """As large as its words."""
        shown = [line for line in self._lines if line.text()]
        widths = [QFontMetrics(line.font()).horizontalAdvance(line.text()) for line in shown]
        height = sum(line.sizeHint().height() for line in shown) + max(0, len(shown) - 1)
        return QSize(max(widths, default=0) + 2 * self.pad + 4, height + 2 * self.pad)


def slice_words(series: CtSeries, index: int) -> str:
    """ "Slice 12 of 32"."""
    return _tr("Slice {number} of {count}").format(number=index + 1, count=len(series.slices))


def head_words(series: CtSeries, index: int) -> str:
    """ "Slice 12 of 32 · Image 67": also the number that the slice's file gives itself. Frames of one file
    have none of their own."""
    own = len(series.slices) == 1 or series.slices[0].path != series.slices[-1].path
    number = series.slices[index].instance if own else None
    words = slice_words(series, index)
    return words if number is None else _tr("{slice} · Image {number}").format(slice=words, number=number)


def place_words(series: CtSeries, index: int) -> str:
    """Where the slice lies, how far it is to the next one, and how thick it is, as far as that is stated."""
    position, said = series.slices[index].position_mm, []
    if position is not None:
        said.append(_tr("at {mm}").format(mm=mm_words(position)))
    if series.step_mm is not None:
        said.append(_tr("every {mm}").format(mm=_fine(series.step_mm)))
    if series.thickness_mm is not None:
        said.append(_tr("{mm} thick").format(mm=_fine(series.thickness_mm)))
    return ", ".join(said)


def window_words(levels: WindowLevel) -> str:
    """ "W 1500 L −600, Lung"."""
    window, preset = levels.window, levels.preset
    centre = with_minus(round(window.centre))
    said = [_tr("W {width} L {centre}").format(width=round(window.width), centre=centre)]
    if preset is not None:
        said.append(preset.label)
    if levels.inverted:
        said.append(_tr("inverted"))
    return ", ".join(said)


def mm_words(mm: float, decimals: int = 1) -> str:
    """ "−123.5 mm"."""
    return _tr("{number} mm").format(number=with_minus(QLocale().toString(float(mm), "f", decimals)))


def with_minus(number: float | str) -> str:
    """A number with a minus sign, where it has a hyphen."""
    return str(number).replace("-", "−")


def _fine(mm: float) -> str:
    """With a second decimal where it says something."""
    return mm_words(mm, 1 if round(mm, 2) == round(mm, 1) else 2)


def _tr(text: str) -> str:
    return QCoreApplication.translate("slice_plate", text)
