"""What the colours over the image mean."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontMetrics, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lungviewer.core.model import ModelSpec
from lungviewer.ui.explaining import IN_SERIES, colours_of
from lungviewer.ui.prose import Prose
from lungviewer.ui.viewer.chip import Chip
from lungviewer.ui.viewer.class_key import ClassKey
from lungviewer.ui.viewer.explained import Explained
from lungviewer.ui.viewer.legend_samples import HatchSample, Ramp
from lungviewer.ui.words import in_percent

_MOST_SHARE = 1 / 3


class Legend(Chip):
    """Name of what is shown, colours from low to high or of the classes, what hatching means, and what this
    is not for. Where that would take more than a third of the height, the name alone, until it is pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = Prose(bold=True)
        self._note = Prose()
        self._ramp = Ramp()
        self._low, self._high = QLabel(), QLabel()
        self._colours = QWidget()
        colours = QHBoxLayout(self._colours)
        colours.setContentsMargins(0, 0, 0, 0)
        colours.setSpacing(6)
        colours.addWidget(self._low)
        colours.addWidget(self._ramp, 1)
        colours.addWidget(self._high)
        self._classes = ClassKey()
        self._caption, self._faint = Prose(), Prose()
        self._faint.setText(self.tr("Fainter from 10× on, for the cells"))
        self._faint.hide()
        self._hatching = Prose()
        self._hatched = QWidget()
        row = QHBoxLayout(self._hatched)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(HatchSample())
        row.addWidget(self._hatching, 1)
        self._research = Prose()
        self._research.setText(self.tr("Research use only, not for diagnosis"))
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        column.setSpacing(2)
        column.addLayout(self._head())
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2)
        parts = (self._note, self._colours, self._classes, self._caption, self._faint, self._hatched)
        for part in (*parts, self._research):
            body.addWidget(part)
        column.addWidget(self._body)
        self._opened = False
        self._explained: tuple[Explained, str, float, float, ModelSpec | None] | None = None

    def _head(self) -> QHBoxLayout:
        self.fold = QToolButton()
        self.fold.setAutoRaise(True)
        self.fold.clicked.connect(self._open_or_close)
        self.fold.hide()
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        return head

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
        self._explained = (what, colour_map, threshold, unknown_share, spec)
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
        self._ramp.show_colours(colours_of(what.layer, colour_map), threshold)
        low, high, caption = self._words(what.layer)
        self._low.setText(low)
        self._high.setText(high)
        self._caption.setText(caption)
        self._classes.show_classes(spec.classes if calls and spec is not None else ())
        self._classes.setVisible(calls)
        self._colours.setVisible(known and not calls)
        self._hatched.setVisible(unknown_share > 0)
        slide = what.slide is not None
        self._hatching.setText(self.tr("refused or unreadable") if slide else self.tr("refused"))
        self._name.setVisible(known)
        self._caption.setVisible(known and bool(caption))
        name = self._name.text() if calls else self.tr("Heat map of {label}").format(label=what.label)
        self.setAccessibleName(name)
        self.setAccessibleDescription(f"{caption} {self._classes.text}".strip())

    def say_faint(self, faint: bool) -> None:
        """Whether the colours are fainter than was chosen."""
        if faint == self._faint.isHidden():
            self._faint.setVisible(faint)

    def printed(self) -> Legend:
        """The same for a picture: open, and without the line that such a picture has below it."""
        copy = Legend()
        if self._explained is not None:
            copy.explain(*self._explained)
        copy.say_faint(not self._faint.isHidden())
        copy._research.hide()
        return copy

    def _words(self, layer: str) -> tuple[str, str, str]:
        """Both ends of the colours, and what they measure."""
        if layer == "probability":
            return in_percent("0"), in_percent("100"), self.tr("Probability of this class, tile by tile")
        if layer == "activation":
            return self.tr("low"), self.tr("high"), self.tr("Evidence, relative to the slide's strongest")
        if layer == IN_SERIES:
            return self.tr("low"), self.tr("high"), self.tr("Evidence, relative to the series' strongest")
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
        """As wide as its longest line, if there is room; folded when it would be too high."""
        advance = self.fontMetrics().horizontalAdvance
        longest = max(
            advance(label.text()) for label in (self._note, self._caption, self._faint, self._research)
        )
        hatched = (
            0
            if self._hatched.isHidden()
            else advance(self._hatching.text()) + 4 * self.fontMetrics().height()
        )
        name = QFontMetrics(self._name.font()).horizontalAdvance(self._name.text())
        widest = max(
            longest,
            hatched,
            name + 2 * self.fold.sizeHint().width(),
            0 if self._classes.isHidden() else self._classes.sizeHint().width(),
        )
        width = min(widest + 2 * self.pad + 4, most.width())
        inner = width - 2 * self.pad
        head = 0 if self._name.isHidden() else self._name.heightForWidth(inner) + self.layout().spacing()
        whole = head + self._body.layout().totalHeightForWidth(inner) + 2 * self.pad
        self._fold(foldable=head > 0 and whole > most.height() * _MOST_SHARE)
        return QSize(width, self.layout().totalHeightForWidth(width))

    def _fold(self, foldable: bool) -> None:
        closed = foldable and not self._opened
        self._body.setVisible(not closed)
        self.fold.setVisible(foldable)
        self.fold.setArrowType(Qt.ArrowType.UpArrow if closed else Qt.ArrowType.DownArrow)
        self.fold.setAccessibleName(self.tr("Open the legend") if closed else self.tr("Fold the legend"))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not foldable)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._open_or_close()

    @Slot()
    def _open_or_close(self) -> None:
        self._opened = not self._opened
        self.updateGeometry()
