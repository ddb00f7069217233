"""What must be said about a Keras file before it can be a pack."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import MissingDependency
from lungviewer.services.training_process import require_tensorflow, training_command
from lungviewer.ui.icons import icon
from lungviewer.ui.models.import_request import SCALINGS, ImportRequest, class_lines, proposed_id
from lungviewer.ui.prose import Prose, Sentence


class ImportForm(QDialog):
    """Asks for file, classes, input and scaling. `answered` carries an `ImportRequest` without a problem."""

    answered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import a Keras model"))
        self._missing = ""
        self._make_fields()
        self._arrange()
        for field in (self.file, self.name, self.stain):
            field.textChanged.connect(self._check)
        self.classes.textChanged.connect(self._check)
        self.modality.currentIndexChanged.connect(self._check)
        self._check()

    def _make_fields(self) -> None:
        self.file = QLineEdit()
        self.browse = QPushButton(icon("open-file"), self.tr("Choose…"))
        self.browse.clicked.connect(self._browse)
        self.name = QLineEdit()
        self.classes = QPlainTextEdit()
        self.classes.setTabChangesFocus(True)
        self.classes.setPlaceholderText(
            self.tr("Adenocarcinoma: tumour\nBenign lung tissue: benign\nSquamous cell carcinoma: tumour")
        )
        self.size_box = QSpinBox()
        self.size_box.setRange(32, 1024)
        self.size_box.setValue(224)
        self.size_box.setSuffix(self.tr(" pixels"))
        self.modality = QComboBox()
        self.modality.addItem(self.tr("Histology"), "histology")
        self.modality.addItem(self.tr("CT"), "ct")
        self.stain = QLineEdit("H&E")
        self.scaling = QComboBox()
        self.scaling.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        words = (
            self.tr("0 to 255, as it is"),
            self.tr("0 to 1"),
            self.tr("−1 to 1"),
            self.tr("ImageNet mean and deviation (PyTorch)"),
            self.tr("BGR less ImageNet mean (Caffe, Keras ResNet50)"),
        )
        for value, text in zip(SCALINGS, words, strict=True):
            self.scaling.addItem(text, value)
        self.scale = QDoubleSpinBox()
        self.scale.setRange(0, 1000)
        self.scale.setDecimals(3)
        self.scale.setSingleStep(0.05)
        self.scale.setSuffix(self.tr(" µm per pixel"))
        self.scale.setSpecialValueText(self.tr("not known"))

    def _arrange(self) -> None:
        whole = QVBoxLayout(self)
        whole.addWidget(
            Prose(
                self.tr(
                    "The model is converted and compared with the original; nothing in its file is run. "
                    "It will be marked “not validated”."
                )
            )
        )
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(self.browse)
        form.addRow(self.tr("&File"), row)
        form.labelForField(row).setBuddy(self.file)
        form.addRow(self.tr("&Name"), self.name)
        form.addRow(self.tr("&Classes, one a line,\nin the order of outputs"), self.classes)
        form.addRow(self.tr("&Input"), self.size_box)
        form.addRow(self.tr("&Modality"), self.modality)
        form.addRow(self.tr("S&tain"), self.stain)
        form.addRow(self.tr("&Pixel values"), self.scaling)
        form.addRow(self.tr("&Scale at input"), self.scale)
        whole.addLayout(form)
        self.message = Sentence()
        whole.addWidget(self.message)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = self.buttons.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._answer)
        self.buttons.rejected.connect(self.reject)
        whole.addWidget(self.buttons)
        self._name_fields()

    def _name_fields(self) -> None:
        """For screen readers: labels of several lines, and a row of two controls, are not found by them."""
        self.file.setAccessibleName(self.tr("Model file"))
        self.classes.setAccessibleName(self.tr("Classes, one a line, in the order of the model's outputs"))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        try:
            training_command(())
            require_tensorflow()
        except MissingDependency as error:
            self._missing = error.sentence
        else:
            self._missing = ""
        self._check()

    def request(self) -> ImportRequest:
        """What is in the fields."""
        return ImportRequest(
            file=self.file.text().strip(),
            id=self.name.text().strip(),
            classes=class_lines(self.classes.toPlainText()),
            input_size=self.size_box.value(),
            modality=self.modality.currentData(),
            stain=self.stain.text().strip(),
            scaling=self.scaling.currentData(),
            um_per_px=self.scale.value(),
        )

    @Slot()
    def _check(self) -> None:
        """Say what is missing; importing is possible when nothing is."""
        self.stain.setEnabled(self.modality.currentData() == "histology")
        problem = self._missing or self.request().problem()
        self.message.say("warning" if self._missing else "info", problem)
        self.go.setEnabled(not problem)

    @Slot()
    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a Keras model"), "", self.tr("Keras models (*.keras *.h5 *.hdf5)")
        )
        if name:
            self.file.setText(name)
            if not self.name.text():
                self.name.setText(proposed_id(Path(name)))
            self.classes.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _answer(self) -> None:
        self.accept()
        self.answered.emit(self.request())
