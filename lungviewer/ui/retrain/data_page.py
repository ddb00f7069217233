"""First page: which images, and what their folders mean."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QFormLayout

from lungviewer.services.retrain_data import what_is_missing
from lungviewer.ui.dropping import local_paths
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.prose import Prose, Sentence, fixed_font
from lungviewer.ui.retrain.classes_table import ClassesTable
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.parts import Page
from lungviewer.ui.retrain.state import Phase

_EXAMPLE = """my-images/
    adenocarcinoma/    a1.jpg  a2.jpg …
    normal/            b1.jpg  b2.jpg …
    manifest.csv       path,label,group"""


class DataPage(Page):
    """Folder, manifest and classes."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__(controller, "")
        self.title = self.tr("Images")
        self.setAcceptDrops(True)
        self._put_together()
        controller.changed.connect(self._show)
        controller.classes_changed.connect(self._show)
        self._show()

    def _put_together(self) -> None:
        words = self.tr(
            "Choose a folder with one sub-folder for each class, or drop it here. About 17 patients or "
            "slides of every class are needed; more is better. The images are only read, and nothing leaves "
            "this computer."
        )
        self.lacking = Sentence(framed=True)
        self.column.addWidget(self.lacking)
        self.column.addWidget(Prose(words))
        example = Prose(_EXAMPLE)
        example.setFont(fixed_font())
        example.setWordWrap(False)
        example.setContentsMargins(16, 0, 0, 0)
        self.column.addWidget(example)
        why = self.tr(
            "The manifest is optional. It says which images belong together (“group”: the patient, the slide "
            "or the original of copies), so that none is learned from and tested on at once. Without it the "
            "figures of the new model are too good."
        )
        self.column.addWidget(Prose(why))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.folder = PathLine(self.tr("Folder of images"), self.tr("Choose &folder…"))
        self.folder.asked.connect(self._choose_folder)
        self.folder.given.connect(self._folder_given)
        self.folder.typing.connect(self.buttons_changed)
        form.addRow(self.tr("Folder"), self.folder)
        self.manifest = PathLine(self.tr("Manifest"), self.tr("Choose &manifest…"))
        self.manifest.line.setPlaceholderText(self.tr("none: every file counts as a group of its own"))
        self.manifest.asked.connect(self._choose_manifest)
        self.manifest.given.connect(self._manifest_given)
        form.addRow(self.tr("Manifest"), self.manifest)
        self.column.addLayout(form)
        self._classes_title = Prose(self.tr("What the folders mean"), bold=True)
        self.column.addWidget(self._classes_title)
        self.classes = ClassesTable(self.controller)
        self.column.addWidget(self.classes)
        self.missing = Sentence()
        self.column.addWidget(self.missing)
        self.column.addStretch(1)

    @Slot()
    def _show(self) -> None:
        self.lacking.say("warning", self.controller.lacking)
        look, busy = self.controller.look, self.controller.busy
        self.folder.show_text("" if look is None else str(look.root))
        self.manifest.show_text("" if look is None or look.manifest is None else str(look.manifest))
        self.folder.setEnabled(not busy)
        self.manifest.setEnabled(not busy and look is not None)
        self.classes.setEnabled(not busy)
        self._classes_title.setVisible(look is not None)
        missing = what_is_missing(self.controller.classes)
        self.missing.say("info", missing)
        self.buttons_changed.emit()

    def forward_text(self) -> str:
        if self.controller.audit is not None:
            return self.tr("&Next: the check")
        return self.tr("&Check the folder")

    def can_go_forward(self) -> bool:
        classes = self.controller.classes
        ready = not self.controller.busy and not self.controller.lacking
        return ready and (self.folder.is_being_typed or (bool(classes) and not what_is_missing(classes)))

    def go_forward(self) -> None:
        if self.folder.is_being_typed:
            self.folder.finish()  # what is in it is shown first
        elif self.controller.audit is None:
            self.controller.check_folder()
        else:
            self.next_asked.emit()

    @Slot()
    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder above the class folders"))
        if chosen:
            self.folder.take(Path(chosen))

    @Slot()
    def _choose_manifest(self) -> None:
        title, kinds = self.tr("Manifest of the images"), self.tr("Tables (*.csv)")
        chosen, _ = QFileDialog.getOpenFileName(self, title, self.folder.text(), kinds)
        if chosen:
            self.manifest.take(Path(chosen))

    @Slot(object)
    def _folder_given(self, folder: Path) -> None:
        self.controller.open_folder(folder)

    @Slot(object)
    def _manifest_given(self, manifest: Path) -> None:
        if self.controller.look is not None:
            self.controller.open_folder(self.controller.look.root, manifest)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.controller.phase is Phase.IDLE and _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        folder = _dropped(event)
        if folder is not None:
            event.acceptProposedAction()
            self.controller.open_folder(folder)


def _dropped(event: QDropEvent) -> Path | None:
    """The one folder that is being dropped."""
    paths = local_paths(event.mimeData())
    return paths[0] if len(paths) == 1 and paths[0].is_dir() else None
