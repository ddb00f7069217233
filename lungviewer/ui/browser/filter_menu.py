"""Boxes to tick: which answers and which classes are shown, with how many there are of each."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QMenu, QWidget, QWidgetAction

from lungviewer.core.types import Status
from lungviewer.ui import words
from lungviewer.ui.browser.arranging import Answers, Filter
from lungviewer.ui.icons import icon
from lungviewer.ui.session import ViewerSession

_STATUSES: tuple[Status | None, ...] = (Status.OK, Status.REVIEW, Status.REFUSED, Status.ERROR, None)


class FilterMenu(QMenu):
    """Stays open while boxes are ticked."""

    changed = Signal(object)  # Filter, without text

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filter = Filter()
        self._answers = Answers()
        self._total = 0
        self._boxes: dict[Status | str | None, QCheckBox] = {}
        self._clear = self.addAction(self.tr("Show everything"))
        self._clear.triggered.connect(self._clear_all)
        self.aboutToShow.connect(self._fill)

    def show_filter(self, wanted: Filter) -> None:
        """Tick what is wanted."""
        self._filter = replace(wanted, text="")
        for key, box in self._boxes.items():
            box.blockSignals(True)
            box.setChecked(key in wanted.statuses or key in wanted.classes)
            box.blockSignals(False)
        self._clear.setEnabled(wanted.chosen > 0)

    def show_counts(self, answers: Answers, total: int) -> None:
        """How many files there are of each kind."""
        self._answers, self._total = answers, total
        if self.isVisible():
            if set(self._boxes) != set(self._keys()):
                self._fill()
            for key, box in self._boxes.items():
                box.setText(self._text(key))

    @Slot()
    def _fill(self) -> None:
        """Build the boxes anew: another model has other classes."""
        for action in self.actions():
            self.removeAction(action)
            if action is not self._clear:
                action.deleteLater()
        self._boxes = {}
        self.addSection(self.tr("Answers"))
        keys = self._keys()
        for key in keys[: len(_STATUSES)]:
            self._add(key, icon(key.value) if isinstance(key, Status) else QIcon())
        if keys[len(_STATUSES) :]:
            self.addSection(self.tr("Classes"))
        for key in keys[len(_STATUSES) :]:
            self._add(key, self._swatch(str(key)))
        self.addSeparator()
        self.addAction(self._clear)
        self.show_filter(self._filter)

    def _keys(self) -> list[Status | str | None]:
        """Statuses, then the classes of the model and those that answers name."""
        spec = self._session.spec
        classes = list(spec.class_ids) if spec is not None else []
        classes += sorted(c for c, n in self._answers.by_class.items() if n and c and c not in classes)
        classes += sorted(self._filter.classes.difference(classes))
        return [*_STATUSES, *classes]

    def _add(self, key: Status | str | None, sign: QIcon) -> None:
        box = QCheckBox(self._text(key), self)
        box.setIcon(sign)
        box.setContentsMargins(6, 2, 12, 2)
        box.setStyleSheet("QCheckBox { padding: 3px 12px 3px 8px; }")
        box.toggled.connect(self._toggled)
        action = QWidgetAction(self)
        action.setDefaultWidget(box)
        self.addAction(action)
        self._boxes[key] = box

    def _text(self, key: Status | str | None) -> str:
        counts = self._answers.by_status
        if key is None:
            name, count = self.tr("No answer yet"), self._total - counts.total()
        elif isinstance(key, Status):
            name, count = words.status_word(key), counts[key]
        else:
            name, count = words.class_label(key, self._session.spec), self._answers.by_class[key]
        return self.tr("{name} ({count})").format(name=name.replace("&", "&&"), count=count)

    def _swatch(self, class_id: str) -> QIcon:
        spec = self._session.spec
        if spec is None or class_id not in spec.class_ids:
            return QIcon()
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(16 * ratio), round(16 * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(QColor(spec.class_by_id(class_id).colour))
        painter.drawRect(QRectF(2.5, 2.5, 11, 11))
        painter.end()
        return QIcon(pixmap)

    @Slot()
    def _toggled(self) -> None:
        ticked = [key for key, box in self._boxes.items() if box.isChecked()]
        self._filter = Filter(
            statuses=frozenset(k for k in ticked if k is None or isinstance(k, Status)),
            classes=frozenset(k for k in ticked if isinstance(k, str) and not isinstance(k, Status)),
        )
        self._clear.setEnabled(bool(ticked))
        self.changed.emit(self._filter)

    @Slot()
    def _clear_all(self) -> None:
        self.show_filter(Filter())
        self.changed.emit(self._filter)
