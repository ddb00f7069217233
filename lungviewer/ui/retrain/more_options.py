"""The options of a training that few people need."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QLineEdit, QSpinBox, QWidget

from lungviewer.ui.path_line import PathLine

_VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}")


class MoreOptions(QWidget):
    """Version and unreadable images; for a full training also weights, stains and the number of networks."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(24, 0, 0, 0)
        self.version = QLineEdit()
        self.skip = QCheckBox(self.tr("&Leave unreadable images out, instead of stopping"))
        self.members = QSpinBox()
        self.members.setRange(1, 5)
        self.members.setToolTip(
            self.tr("So many networks are trained from different seeds, and their weights averaged.")
        )
        self.weights = PathLine(self.tr("Starting weights"), self.tr("Choose…"))
        self.weights.line.setPlaceholderText(self.tr("none: the network begins knowing nothing"))
        self.stains = PathLine(self.tr("Images of other laboratories"), self.tr("Choose…"))
        self.stains.line.setPlaceholderText(self.tr("none; a folder of unlabelled images of the same stain"))
        self._form.addRow(self.tr("&Version"), self.version)
        self._form.addRow(self.skip)
        self._form.addRow(self.tr("Starting &weights (Keras)"), self.weights)
        self._form.addRow(self.tr("Stains of &others"), self.stains)
        self._form.addRow(self.tr("Net&works"), self.members)
        self.version.textChanged.connect(self.changed)
        for line in (self.weights, self.stains):
            line.line.textChanged.connect(self.changed)
        self.weights.asked.connect(self._choose_weights)
        self.stains.asked.connect(self._choose_stains)
        self.set_full(False)

    def set_full(self, full: bool) -> None:
        """Show what only a full training uses."""
        for widget in (self.weights, self.stains, self.members):
            self._form.setRowVisible(widget, full)
        self.changed.emit()

    def what_is_wrong(self, full: bool) -> str:
        """A sentence about a value that cannot be; "" when all are well. Only names are looked at."""
        if _VERSION.fullmatch(self.version.text()) is None:
            return self.tr("The version is three numbers, such as 1.0.0 (under “More options”).")
        for line in (self.weights, self.stains) if full else ():
            text = line.text()
            if text and not Path(text).is_absolute():
                return self.tr("Give whole paths for weights and stains (under “More options”).")
        return ""

    @Slot()
    def _choose_weights(self) -> None:
        title, kinds = self.tr("Keras weights of the network"), self.tr("Weights (*.h5 *.keras)")
        chosen, _ = QFileDialog.getOpenFileName(self, title, self.weights.text(), kinds)
        if chosen:
            self.weights.take(Path(chosen))

    @Slot()
    def _choose_stains(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Unlabelled images of other laboratories"))
        if chosen:
            self.stains.take(Path(chosen))
