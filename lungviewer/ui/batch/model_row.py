"""Which model a scan would use, and whether it reads what was found."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.services.preview import ScanPreview
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.model_in_force import ModelInForce
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.words import count


class ModelRow(QWidget):
    """The model's name and what it reads; a warning, and a way to the other model, where it does not read all
    that was found."""

    def __init__(
        self, controller: ScanController, model: ModelInForce, parent: QWidget | None = None
    ) -> None:
        """`model`: the one that a scan would use."""
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._controller, self._model = controller, model
        self.name = Prose(selectable=True)
        self.warning = Sentence()
        self.switch = QPushButton(self.tr("Use the other model"))
        self.switch.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.switch.clicked.connect(self._switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.name, self.warning, self.switch):
            column.addWidget(part)
        self.show_state()

    @Slot()
    def show_state(self) -> None:
        """Look again at model and preview."""
        info, preview = self._model.info, self._controller.preview_made
        self.switch.hide()
        if info is None:
            error = self._model.error
            self.name.setText(self.tr("Being loaded…") if error is None else error.sentence)
            self.warning.say("", "")
            return
        reads = self.tr("reads CT") if info.spec.modality == CT else self.tr("reads histology")
        self.name.setText(f"{info.spec.title} {info.spec.version} ({reads})")
        text = "" if preview is None else self._unfit(info.spec, preview)
        self.warning.say("warning", text)
        self.switch.setVisible(bool(text and info.other))
        ct = info.other == CT
        self.switch.setText(self.tr("Use the CT model") if ct else self.tr("Use the histology model"))

    def _unfit(self, spec: ModelSpec, preview: ScanPreview) -> str:
        """What the model would refuse. Only headers were looked at: pictures are taken for what it reads."""
        files, ct = len(preview.found.files), preview.ct_files
        if spec.modality == HISTOLOGY and ct:
            if ct == files:
                return self.tr("These files are CT. This model reads histology and would refuse all of them.")
            text = self.tr("{n} of the files are CT. This model reads histology and would refuse them.")
            return text.format(n=count(ct))
        if spec.modality == CT and preview.slides:
            text = self.tr("{n} of the files are whole slides. This model reads CT and would refuse them.")
            return text.format(n=count(preview.slides))
        return ""

    @Slot()
    def _switch(self) -> None:
        info = self._model.info
        if info is not None and info.other:
            self._model.use(info.other)
