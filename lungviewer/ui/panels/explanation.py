"""How the explanation is shown: class, strength, threshold, colours. Bound both ways to the session."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QBrush, QIcon, QImage, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.colourmap import COLOUR_MAPS, RGBA, lookup_table, over_white
from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.core.types import SLIDE, Status
from lungviewer.ui.calm import CalmComboBox, CalmSlider
from lungviewer.ui.explaining import OF_CT, SLIDE_LAYERS, Explaining, colours_of
from lungviewer.ui.panels.shown import Phase, Shown, shown_class
from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.symbol import swatch_icon
from lungviewer.ui.words import class_label, in_percent

_REMEMBER_MS = 800
_SAMPLE = QSize(48, 12)


class ExplanationSection(QWidget):
    """The controls of the overlay and its legend."""

    def __init__(self, explaining: Explaining, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explaining = explaining
        self._state: Shown | None = None
        self._spec: ModelSpec | None = None
        self._remember = QTimer(self, singleShot=True, interval=_REMEMBER_MS)
        self._remember.timeout.connect(explaining.remember)
        self.visible_box = QCheckBox(self.tr("Show the map"))
        self.layer_box = CalmComboBox(letters=6)
        words = (self.tr("calls of the tiles"), self.tr("class probability"), self.tr("evidence"))
        for layer, text in zip(SLIDE_LAYERS, words, strict=True):
            self.layer_box.addItem(text, layer)
        self.layer_label = QLabel(self.tr("Sho&w"))
        self.class_box, self.map_box = CalmComboBox(letters=6), CalmComboBox(letters=6)
        self.map_box.setIconSize(_SAMPLE)
        for name in COLOUR_MAPS:
            self.map_box.addItem(_sample(name), name, name)
        self.opacity, self.threshold = _slider(), _slider()
        self.opacity_number, self.threshold_number = Plain(), Plain()
        self.strip = Strip()
        self.legend = Prose(faint=True, selectable=True)
        self._lay_out()
        self.visible_box.toggled.connect(explaining.set_visible)
        self.layer_box.activated.connect(self._layer_chosen)
        self.class_box.activated.connect(self._class_chosen)
        self.map_box.activated.connect(self._map_chosen)
        self.opacity.valueChanged.connect(self._opacity_moved)
        self.threshold.valueChanged.connect(self._threshold_moved)
        explaining.changed.connect(self._changed)
        self._sync()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        rows: tuple[tuple[str, QWidget, QLabel | None], ...] = (
            (self.tr("C&lass"), self.class_box, None),
            (self.tr("O&pacity"), self.opacity, self.opacity_number),
            (self.tr("Hide &below"), self.threshold, self.threshold_number),
            (self.tr("C&olours"), self.map_box, None),
        )
        self.layer_label.setBuddy(self.layer_box)
        self.layer_box.setAccessibleName(self.layer_label.text().replace("&", ""))
        grid.addWidget(self.layer_label, 0, 0)
        grid.addWidget(self.layer_box, 0, 1, 1, 2)
        for row, (text, control, number) in enumerate(rows, 1):
            label = QLabel(text)
            label.setBuddy(control)
            control.setAccessibleName(text.replace("&", ""))
            grid.addWidget(label, row, 0)
            grid.addWidget(control, row, 1, 1, 1 if number else 2)
            if number:
                number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                grid.addWidget(number, row, 2)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addWidget(self.visible_box)
        column.addLayout(grid)
        column.addWidget(self.strip)
        column.addWidget(self.legend)

    def show_state(self, state: Shown) -> None:
        self._state = state
        if state.spec is not self._spec or self.class_box.count() == 0:
            self._spec = state.spec
            self._list_classes()
        self._sync()

    def shutdown(self) -> None:
        """Nothing that was chosen a moment ago is lost."""
        if self._remember.isActive():
            self._remember.stop()
            self._explaining.remember()

    def _list_classes(self) -> None:
        with QSignalBlocker(self.class_box):
            self.class_box.clear()
            self.class_box.addItem(self.tr("The call"), None)
            for spec in self._spec.classes if self._spec else ():
                self.class_box.addItem(swatch_icon(spec.colour, self), spec.label, spec.id)

    @Slot()
    def _changed(self) -> None:
        self._sync()
        self._remember.start()

    def _sync(self) -> None:
        """Controls show what is in force, whoever changed it."""
        now = self._explaining
        controls = (
            *(self.visible_box, self.layer_box, self.class_box, self.map_box),
            *(self.opacity, self.threshold),
        )
        blockers = [QSignalBlocker(control) for control in controls]
        self.visible_box.setChecked(now.visible)
        self.layer_box.setCurrentIndex(self.layer_box.findData(now.layer))
        self.class_box.setCurrentIndex(max(0, self.class_box.findData(now.class_id)))
        self.map_box.setCurrentIndex(self.map_box.findData(now.colour_map))
        self.opacity.setValue(round(now.opacity * 100))
        self.threshold.setValue(round(now.threshold * 100))
        for blocker in blockers:
            blocker.unblock()
        self.opacity_number.setText(in_percent(str(self.opacity.value())))
        self.threshold_number.setText(in_percent(str(self.threshold.value())))
        layer = self._layer
        for widget in (self.layer_label, self.layer_box):
            widget.setVisible(bool(layer))
        for control in (self.class_box, self.map_box, self.threshold, self.threshold_number):
            control.setEnabled(layer != "calls")
            control.setToolTip(
                self.tr("The calls show all classes, in colours of their own") if layer == "calls" else ""
            )
        self.strip.setVisible(layer != "calls")
        ends = (in_percent("0"), in_percent("100")) if layer == "probability" else ()
        of_ct = self._spec is not None and self._spec.modality == CT
        self.strip.show_colours(colours_of(OF_CT if of_ct else layer, now.colour_map), now.threshold, *ends)
        self.legend.say(self._legend_text())

    @property
    def _layer(self) -> str:
        """What is shown of a slide; "" for what is none."""
        slide = (
            self._state is not None and self._state.record is not None and self._state.record.kind == SLIDE
        )
        return self._explaining.layer if slide else ""

    def _legend_text(self) -> str:
        state, layer = self._state, self._layer
        class_id = shown_class(state, self._explaining) if state is not None else None
        if state is None or state.phase is Phase.HIDDEN or (class_id is None and state.record is None):
            return self.tr("The map comes with the answer.")
        if state.record is not None and state.record.status is Status.ERROR:
            return self.tr("There is no map: the image could not be read.")
        if layer == "calls":
            return self.tr(
                "What each tile was called, in the colour of its class. All classes are shown. "
                "Grey hatching: refused or unreadable."
            )
        if state.slices and class_id is not None:
            text = self.tr(
                "Evidence for {label} in this slice, relative to the strongest place of all slices. "
                "Where there is little, the slice is left clear."
            )
            return text.format(label=class_label(class_id, self._spec))
        if class_id is None:
            return self.tr("No class was called. Choose one to see what speaks for it.")
        text = {
            "": self.tr(
                "Evidence for {label}, relative to its strongest place. Grey hatching: not analysed."
            ),
            "activation": self.tr(
                "Evidence for {label} inside the tiles, relative to the slide's strongest place. "
                "Grey hatching: refused or unreadable."
            ),
            "probability": self.tr(
                "Probability of {label}, tile by tile. Grey hatching: refused or unreadable."
            ),
        }[layer]
        return text.format(label=class_label(class_id, self._spec))

    @Slot(int)
    def _layer_chosen(self, index: int) -> None:
        self._explaining.set_layer(self.layer_box.itemData(index))

    @Slot(int)
    def _class_chosen(self, index: int) -> None:
        self._explaining.set_class(self.class_box.itemData(index))

    @Slot(int)
    def _map_chosen(self, index: int) -> None:
        self._explaining.set_colour_map(self.map_box.itemData(index))

    @Slot(int)
    def _opacity_moved(self, value: int) -> None:
        self._explaining.set_opacity(value / 100)

    @Slot(int)
    def _threshold_moved(self, value: int) -> None:
        self._explaining.set_threshold(value / 100)


class Strip(QWidget):
    """The colours from the least to the most; what the threshold hides is hatched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QImage()
        self._threshold = 0.0
        self._ends = self.tr("low"), self.tr("high")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Colours from the least to the most"))

    def show_colours(self, colours: RGBA, threshold: float, low: str = "", high: str = "") -> None:
        """256×4 colours, shown as over glass. `low`, `high`: what the ends are, where they are
        numbers."""
        self._picture = rgb_image(over_white(colours)[None])
        self._threshold = threshold
        self._ends = (low, high) if low else (self.tr("low"), self.tr("high"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(150, 12 + self.fontMetrics().height())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, high = QPainter(self), 10
        painter.drawImage(QRectF(0, 0, self.width(), high), self._picture)
        hidden = QRectF(0, 0, self.width() * self._threshold, high)
        painter.fillRect(hidden, self.palette().color(QPalette.ColorRole.Window))
        ink = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.fillRect(hidden, QBrush(ink, Qt.BrushStyle.BDiagPattern))
        painter.setPen(ink)
        words = QRectF(0, high + 1, self.width(), self.height() - high - 1)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, self._ends[0])
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, self._ends[1])


def _slider() -> CalmSlider:
    slider = CalmSlider()
    slider.setRange(0, 100)
    slider.setSingleStep(5)
    slider.setPageStep(20)
    slider.setMinimumWidth(60)
    return slider


def _sample(name: str) -> QIcon:
    table = np.repeat(lookup_table(name)[None], _SAMPLE.height(), axis=0)
    return QIcon(QPixmap.fromImage(rgb_image(table)).scaled(_SAMPLE))
