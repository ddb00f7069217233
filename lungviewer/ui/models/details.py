"""One pack: what it is, its card, its figures, its facts."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from lungviewer.packs.store import PackEntry
from lungviewer.ui.models.facts import FactsPage
from lungviewer.ui.models.standing import Standing
from lungviewer.ui.models.work import Pages, Plot
from lungviewer.ui.prose import Prose, Sentence, Sized
from lungviewer.ui.reading import MarkdownView


class PackDetails(QWidget):
    """Title, standing, and the three pages of a pack."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Sized(size=1.25, bold=True)
        self.standing = Sentence()
        self.card = MarkdownView()
        self.card.setAccessibleName(self.tr("Model card"))
        self.figures = _Figures()
        self.facts = FactsPage()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.card, self.tr("Card"))
        self.tabs.addTab(self.figures, self.tr("Figures"))
        self.tabs.addTab(self.facts, self.tr("Facts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.standing)
        column.addWidget(self.tabs, 1)
        self._nothing = QWidget()
        column.addWidget(self._nothing, 1)

    def show_entry(self, entry: PackEntry | None) -> None:
        """Begin to show a pack; its pages follow."""
        spec = None if entry is None else entry.spec
        self.title.setText(self.tr("No model") if entry is None else spec.title if spec else entry.name)
        self.facts.show_spec(spec, "")
        self.figures.show_plots((), self.tr("Being read…"))
        self.card.show_markdown("" if spec is None else self.tr("Being read…"))
        self.tabs.setVisible(spec is not None)
        self._nothing.setVisible(spec is None)
        if entry is None:
            self.standing.say("", "")

    def show_standing(self, stands: Standing) -> None:
        """How it stands, as a sentence."""
        self.standing.say(stands.icon, stands.long)

    def show_pages(self, entry: PackEntry, pages: Pages) -> None:
        """Card, plots and hash have arrived."""
        if entry.spec is not None:
            self.facts.show_spec(entry.spec, pages.sha256)
        card = pages.card or self.tr("This model has no card: nothing is known about how good it is.")
        self.card.show_markdown(pages.problem or card)
        self.figures.show_plots(pages.plots, pages.problem or self.tr("This model came without figures."))


class _Figures(QScrollArea):
    """Pictures under each other, as wide as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Figures of the evaluation"))

    def show_plots(self, plots: tuple[Plot, ...], otherwise: str) -> None:
        """Show these plots, or a sentence when there are none."""
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        for plot in plots:
            title = self._title(plot.name)
            column.addWidget(Prose(title, bold=True))
            column.addWidget(_Picture(QPixmap.fromImage(plot.image), title))
            column.addSpacing(12)
        if not plots:
            column.addWidget(Prose(otherwise))
        column.addStretch(1)
        self.setWidget(inside)

    def _title(self, name: str) -> str:
        known = {
            "confusion": self.tr("Confusion matrix"),
            "coverage": self.tr("How many calls, and how many of them right"),
            "curves": self.tr("Training curves"),
            "external": self.tr("Other laboratories"),
            "reliability": self.tr("Is confidence what it says?"),
            "robustness": self.tr("Damaged images"),
            "roc": self.tr("Receiver operating characteristic"),
            "strange": self.tr("What is not lung"),
        }
        return known.get(name, name.replace("_", " ").capitalize())


class _Picture(QLabel):
    """A plot that shrinks with the window and never grows beyond its own size."""

    def __init__(self, pixmap: QPixmap, name: str) -> None:
        super().__init__()
        self._pixmap = pixmap
        self._shrunk = QPixmap()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return self._size()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self._size().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        size = self._size() * self.devicePixelRatioF()
        if self._shrunk.size() != size:  # slow, and asked for at every step of scrolling
            self._shrunk = self._pixmap.scaled(
                size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self._shrunk.setDevicePixelRatio(self.devicePixelRatioF())
        QPainter(self).drawPixmap(0, 0, self._shrunk)

    def _size(self) -> QSize:
        """In the window's pixels."""
        whole = self._pixmap.size()
        width = min(self.width(), whole.width())
        return QSize(width, round(width * whole.height() / max(1, whole.width())))
