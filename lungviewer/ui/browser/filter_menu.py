"""Boxes to tick: which answers and which classes are shown, with how many there are of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIcon, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from lungviewer.core.types import Status
from lungviewer.ui import words
from lungviewer.ui.browser.arranging import Answers, Filter, Reviewed, Standing, Unmapped, Untold
from lungviewer.ui.icons import icon
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.symbol import swatch_icon

_STATUSES: tuple[Standing, ...] = (Status.OK, Status.REVIEW, Status.REFUSED, Status.ERROR, None)
_Key = Standing | Reviewed | str


class FilterMenu(QMenu):
    """Stays open while boxes are ticked."""

    changed = Signal(object)  # Filter, without text

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filter = Filter()
        self._answers = Answers()
        self._total = 0
        self._boxes: dict[_Key, QCheckBox] = {}
        self._everything = QPushButton()
        self._fill()
        self.aboutToShow.connect(self._fill)

    @property
    def boxes(self) -> list[QCheckBox]:
        return list(self._boxes.values())

    def show_filter(self, wanted: Filter) -> None:
        """Tick what is wanted."""
        self._filter = replace(wanted, text="")
        for key, box in self._boxes.items():
            box.blockSignals(True)
            box.setChecked(key in wanted.statuses | wanted.classes | wanted.reviewed)
            box.blockSignals(False)
        self._everything.setEnabled(wanted.chosen > 0)

    def show_counts(self, answers: Answers, total: int) -> None:
        """How many files there are of each kind."""
        self._answers, self._total = answers, total
        if self.isVisible():
            for key, box in self._boxes.items():
                box.setText(self._text(key))

    def showEvent(self, event: QShowEvent) -> None:
        """Keys go to the boxes: Tab and the arrows move, Space ticks, Escape closes."""
        super().showEvent(event)
        next(iter(self._boxes.values())).setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def _fill(self) -> None:
        """Build the boxes anew: another model has other classes."""
        self.clear()
        page, self._boxes = _Page(), {}
        page.setAutoFillBackground(True)  # boxes are drawn for the ground of windows, not that of menus
        column = QVBoxLayout(page)
        column.setContentsMargins(10, 8, 14, 8)
        column.setSpacing(4)
        for title, part in (
            (self.tr("Answers"), self._statuses()),
            (self.tr("Classes"), self._classes()),
            (self.tr("Reviews"), tuple(Reviewed)),
        ):
            if part:
                column.addWidget(QLabel(title))
            for key in part:
                column.addWidget(self._box(key))
        self._everything = QPushButton(self.tr("Show everything"))
        self._everything.clicked.connect(self._clear_all)
        column.addSpacing(4)
        column.addWidget(self._everything)
        action = QWidgetAction(self)
        action.setDefaultWidget(page)
        self.addAction(action)
        self.show_filter(self._filter)

    def _statuses(self) -> Sequence[_Key]:
        """Hidden answers and slides without a map are kinds of their own, where there are any."""
        further = [
            key
            for key in (Unmapped.SLIDE, Untold.ANSWER)
            if self._answers.by_status[key] or key in self._filter.statuses
        ]
        return (*_STATUSES[:-1], *further, None)

    def _classes(self) -> Sequence[_Key]:
        """The classes of the model, then those that answers name."""
        spec = self._session.spec
        classes = list(spec.class_ids) if spec is not None else []
        classes += sorted(c for c, n in self._answers.by_class.items() if n and c and c not in classes)
        classes += sorted(self._filter.classes.difference(classes))
        return classes

    def _box(self, key: _Key) -> QCheckBox:
        box = QCheckBox(self._text(key))
        if isinstance(key, Status):
            box.setIcon(icon(key.value))
        elif key is Reviewed.YES:
            box.setIcon(icon("reviewed"))
        elif isinstance(key, str):
            box.setIcon(self._swatch(key))
        box.toggled.connect(self._toggled)
        self._boxes[key] = box
        return box

    def _text(self, key: _Key) -> str:
        counts = self._answers.by_status
        reviewed = len(self._answers.reviewed)
        if key is Reviewed.YES:
            name, count = self.tr("Reviewed"), reviewed
        elif key is Reviewed.NO:
            name, count = self.tr("Not reviewed"), self._total - reviewed
        elif key is None:
            name, count = self.tr("No answer yet"), self._total - counts.total()
        elif isinstance(key, Unmapped):
            name, count = self.tr("Slide or series, not looked at"), counts[key]
        elif isinstance(key, Untold):
            name, count = self.tr("Answer hidden"), counts[key]
        elif isinstance(key, Status):
            name, count = words.status_word(key), counts[key]
        else:
            name, count = words.class_label(key, self._session.spec), self._answers.by_class[key]
        return self.tr("{name} ({count})").format(name=name.replace("&", "&&"), count=count)

    def _swatch(self, class_id: str) -> QIcon:
        spec = self._session.spec
        if spec is None or class_id not in spec.class_ids:
            return QIcon()
        return swatch_icon(spec.class_by_id(class_id).colour, self)

    @Slot()
    def _toggled(self) -> None:
        ticked = [key for key, box in self._boxes.items() if box.isChecked()]
        self._filter = Filter(
            statuses=frozenset(k for k in ticked if k is None or isinstance(k, Status | Untold | Unmapped)),
            classes=frozenset(k for k in ticked if isinstance(k, str) and not isinstance(k, Status)),
            reviewed=frozenset(k for k in ticked if isinstance(k, Reviewed)),
        )
        self._everything.setEnabled(bool(ticked))
        self.changed.emit(self._filter)

    @Slot()
    def _clear_all(self) -> None:
        self.show_filter(Filter())
        self.changed.emit(self._filter)


class _Page(QWidget):
    """Holds the boxes. Tab and the arrows stay among them: a menu would take the keys for itself."""

    def focusNextPrevChild(self, forward: bool) -> bool:
        stops = [w for w in self.findChildren(QAbstractButton) if w.isEnabled()]
        here = stops.index(self.focusWidget()) if self.focusWidget() in stops else -1
        stops[(here + (1 if forward else -1)) % len(stops)].setFocus(Qt.FocusReason.TabFocusReason)
        return True
