"""The pages of the settings dialog. Each shows its part of the settings and gives it back."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from lungviewer.core.colourmap import COLOUR_MAPS, lookup_table
from lungviewer.ui.dialogs.settings_work import EightBits, Machine
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.settings import DEVICES, PRECISIONS, THEMES, Settings

SMALLEST_SCALE = 0.02  # µm per pixel; readers refuse less


class Page(QWidget):
    """A form; names of settings go with their controls."""

    title = ""

    def __init__(self) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.setVerticalSpacing(10)

    def show_settings(self, settings: Settings) -> None:
        """Put the settings into the controls."""

    def values(self) -> dict[str, Any]:
        """Name → value of what this page sets."""
        return {}


class LookPage(Page):
    """Theme, size of text, colours of the heat map."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.tr("Appearance")
        themes = (self.tr("As the system"), self.tr("Light"), self.tr("Dark"))
        self.theme = _choice(THEMES, themes)
        self.text_size = QSpinBox()
        self.text_size.setRange(80, 200)
        self.text_size.setSingleStep(10)
        self.text_size.setSuffix(self.tr(" %"))
        maps = tuple(name.capitalize() for name in COLOUR_MAPS)
        self.colour_map = _choice(COLOUR_MAPS, maps)
        self.preview = ColourBar()
        self.form.addRow(self.tr("&Theme"), self.theme)
        self.form.addRow(self.tr("Text &size"), self.text_size)
        self.form.addRow(self.tr("Heat map &colours"), self.colour_map)
        self.form.addRow("", self.preview)
        words = self.tr(
            "From little evidence (left) to most (right). Viridis and cividis suit colour blindness."
        )
        self.form.addRow(Prose(words))
        self.colour_map.currentIndexChanged.connect(self._show_map)

    def show_settings(self, settings: Settings) -> None:
        _choose(self.theme, settings.theme)
        self.text_size.setValue(round(settings.text_scale * 100))
        _choose(self.colour_map, settings.colour_map)
        self._show_map()

    def values(self) -> dict[str, Any]:
        return {
            "theme": self.theme.currentData(),
            "text_scale": self.text_size.value() / 100,
            "colour_map": self.colour_map.currentData(),
        }

    @Slot()
    def _show_map(self) -> None:
        self.preview.show_map(self.colour_map.currentData())


class MachinePage(Page):
    """Where and how the model runs."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.tr("Computing")
        self._names = (
            self.tr("Automatic: the fastest that is right"),
            self.tr("CUDA (NVIDIA)"),
            self.tr("DirectML (Windows)"),
            self.tr("Processor"),
        )
        self.device = _choice(DEVICES, self._names)
        self.in_use = Prose(selectable=True)
        self.devices = Prose(self.tr("Being looked at…"), selectable=True)
        self.threads = QSpinBox()
        self.threads.setRange(0, 64)
        self.threads.setSpecialValueText(self.tr("all but one"))
        self.precision = _choice(
            PRECISIONS, (self.tr("Full (32 bits)"), self.tr("Eight bits, processor only"))
        )
        self.eight_bits = Prose(self.tr("Being read…"), selectable=True)
        self.form.addRow(self.tr("&Device"), self.device)
        self.form.addRow(self.in_use)
        self.form.addRow(self.devices)
        self.form.addRow(self.tr("T&hreads"), self.threads)
        self.form.addRow(self.tr("P&recision"), self.precision)
        self.form.addRow(self.eight_bits)

    def show_settings(self, settings: Settings) -> None:
        _choose(self.device, settings.device)
        self.threads.setValue(settings.threads)
        _choose(self.precision, settings.precision)

    def values(self) -> dict[str, Any]:
        return {
            "device": self.device.currentData(),
            "threads": self.threads.value(),
            "precision": self.precision.currentData(),
        }

    def show_machine(self, machine: Machine) -> None:
        """Say which devices there are; what cannot be used cannot be chosen, unless it is already."""
        words = dict(zip(DEVICES, self._names, strict=True))
        lines = [machine.problem] if machine.problem else []
        for report in machine.devices:
            state = self.tr("available") if report.available else self.tr("not available")
            line = self.tr("{device}: {state}. {detail}")
            name = words.get(report.name, report.name)
            lines.append(line.format(device=name, state=state, detail=report.detail).strip())
            _allow(self.device, report.name, report.available)
        self.devices.setText("\n".join(lines))

    def show_eight_bits(self, found: EightBits) -> None:
        """Say what the pack's card says about eight bits."""
        _allow(self.precision, "int8", found.there)
        self.eight_bits.setText(
            found.words or self.tr("The card of this model says nothing about eight bits.")
            if found.there
            else " ".join(filter(None, (self.tr("The chosen model has no eight-bit form."), found.words)))
        )


class ImagesPage(Page):
    """What happens when images are opened."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.tr("Images")
        self.scale = QDoubleSpinBox()
        self.scale.setRange(0, 20)
        self.scale.setDecimals(4)
        self.scale.setSingleStep(0.05)
        self.scale.setSuffix(self.tr(" µm per pixel"))
        self.scale.setSpecialValueText(self.tr("not assumed"))
        self.count = QSpinBox()
        self.count.setRange(0, 10_000)
        self.count.setSingleStep(50)
        self.count.setSuffix(self.tr(" images"))
        self.count.setSpecialValueText(self.tr("never"))
        self.recursive = QCheckBox(self.tr("Show images of &subfolders too"))
        self.form.addRow(self.tr("Sc&ale, if unknown"), self.scale)
        words = self.tr(
            "Counts for images whose file does not say its scale. A wrong scale gives wrong answers."
        )
        self.form.addRow(Prose(words))
        self.form.addRow(self.tr("Classify &up to"), self.count)
        words = self.tr("Folders with more images are classified one by one as you look, or by a scan.")
        self.form.addRow(Prose(words))
        self.form.addRow(self.recursive)
        self.map_slides = QCheckBox(self.tr("&Map a whole slide as soon as it is looked at"))
        words = self.tr("It stops when another image is chosen, and goes on when you come back.")
        self.form.addRow(self.map_slides)
        self.form.addRow(Prose(words))

    def show_settings(self, settings: Settings) -> None:
        self.scale.setValue(settings.um_per_px)
        self.count.setValue(settings.classify_up_to)
        self.recursive.setChecked(settings.recursive)
        self.map_slides.setChecked(settings.map_opened_slides)

    def values(self) -> dict[str, Any]:
        scale = self.scale.value()
        return {
            "um_per_px": max(scale, SMALLEST_SCALE) if scale else 0.0,
            "classify_up_to": self.count.value(),
            "recursive": self.recursive.isChecked(),
            "map_opened_slides": self.map_slides.isChecked(),
        }


class StoragePage(Page):
    """What is kept in memory and on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.tr("Storage")
        self.tiles = _megabytes(64, self.tr(" MB of memory"))
        self.thumbnails = _megabytes(0, self.tr(" MB on disk"))
        self.thumbnails.setSpecialValueText(self.tr("keep none"))
        self.clear = QPushButton(icon("trash"), self.tr("Clear thumbnail cache"))
        self.cleared = Prose()
        self.log = QPushButton(icon("folder"), self.tr("Open log folder"))
        self.logged = Prose(self.tr("The log says what went wrong, and names no file."), selectable=True)
        self.form.addRow(self.tr("&Slide view keeps"), self.tiles)
        self.form.addRow(self.tr("Thumb&nails keep"), self.thumbnails)
        self.form.addRow(self.clear)
        self.form.addRow(self.cleared)
        self.form.addRow(self.log)
        self.form.addRow(self.logged)
        for button in (self.clear, self.log):
            button.setAutoDefault(False)
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_settings(self, settings: Settings) -> None:
        self.tiles.setValue(settings.tile_cache_mb)
        self.thumbnails.setValue(settings.thumbnail_cache_mb)
        self.cleared.setText("")

    def values(self) -> dict[str, Any]:
        return {"tile_cache_mb": self.tiles.value(), "thumbnail_cache_mb": self.thumbnails.value()}


class ColourBar(QWidget):
    """The colours of a heat map from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self._name = COLOUR_MAPS[0]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Colours from little evidence to most"))

    def show_map(self, name: str) -> None:
        """One of `COLOUR_MAPS`."""
        self._name = name
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        row = np.ascontiguousarray(lookup_table(self._name)[None])
        QPainter(self).drawImage(self.rect(), rgb_image(row))


def _megabytes(least: int, suffix: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, 4096)
    box.setSingleStep(64)
    box.setSuffix(suffix)
    return box


def _choice(values: tuple[str, ...], words: tuple[str, ...]) -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, text in zip(values, words, strict=True):
        box.addItem(text, value)
    return box


def _choose(box: QComboBox, value: str) -> None:
    box.setCurrentIndex(max(0, box.findData(value)))


def _allow(box: QComboBox, value: str, on: bool) -> None:
    """Let a person choose this value, or not; what is chosen already stays so."""
    row, model = box.findData(value), box.model()
    if row >= 0 and isinstance(model, QStandardItemModel):
        model.item(row).setEnabled(on or row == box.currentIndex())
