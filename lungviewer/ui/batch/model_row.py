"""Which model a scan would use, and whether it reads what was found."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.services.preview import ScanPreview
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.words import count


class ModelRow(QWidget):
    """The model's name and what it reads, and why it is not the window's, where it is not; a warning, and a
    way to the other model, where it does not read all that was found."""

    def __init__(self, controller: ScanController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._controller, self._model = controller, controller.model
        self.name = Prose(selectable=True)
        self.why = Sentence()
        self.warning = Sentence()
        self.switch = QPushButton(self.tr("Use the other model"))
        self.switch.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.switch.clicked.connect(self._switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.name, self.why, self.warning, self.switch):
            column.addWidget(part)
        self.show_state()

    @Slot()
    def show_state(self) -> None:
        """Look again at model and preview."""
        info, preview = self._model.info, self._controller.preview_made
        self.switch.hide()
        self.why.say("info", self._reason() if self._model.by_itself and preview is not None else "")
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

    def _reason(self) -> str:
        if self._model.choice.modality == CT:
            return self.tr("What can be read there is CT: the CT model scans it. The window keeps its model.")
        return self.tr("No CT is there: the histology model scans it. The window keeps its model.")

    def _unfit(self, spec: ModelSpec, preview: ScanPreview) -> str:
        """What the model would refuse, by the beginnings of files: pictures are taken for what it reads."""
        kinds = preview.kinds
        if spec.modality == HISTOLOGY and kinds.ct:
            if kinds.modality == CT:
                return self.tr("These files are CT. This model reads histology and would refuse all of them.")
            text = self.tr("{n} of the files are CT. This model reads histology and would refuse them.")
            if kinds.ct == 1:
                text = self.tr("1 of the files is CT. This model reads histology and would refuse it.")
            return text.format(n=count(kinds.ct))
        if spec.modality == CT and preview.slides:
            text = self.tr("{n} of the files are whole slides. This model reads CT and would refuse them.")
            if preview.slides == 1:
                text = self.tr("1 of the files is a whole slide. This model reads CT and would refuse it.")
            return text.format(n=count(preview.slides))
        return ""

    @Slot()
    def _switch(self) -> None:
        info = self._model.info
        if info is not None and info.other:
            self._model.use(info.other)
