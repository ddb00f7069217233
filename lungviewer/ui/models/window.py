"""The window of models: what is installed, what each says about itself, and which one answers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lungviewer.packs.store import PackEntry
from lungviewer.ui import gate_words
from lungviewer.ui.icons import icon
from lungviewer.ui.models.controller import ModelsController
from lungviewer.ui.models.details import PackDetails
from lungviewer.ui.models.import_form import ImportForm
from lungviewer.ui.models.list_view import PackList
from lungviewer.ui.models.standing import standing
from lungviewer.ui.models.work import Pages
from lungviewer.ui.notice import Notice
from lungviewer.ui.notify import NoticeBar
from lungviewer.ui.outside import open_outside
from lungviewer.ui.prose import Plain
from lungviewer.ui.question import Question
from lungviewer.ui.session import ViewerSession

_FIRST_SIZE = (1100, 680)


class ModelsWindow(QWidget):
    """Lists the packs beside the one that is looked at. The main window can be used meanwhile."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Models"))
        self.controller = ModelsController(session, self)
        self.notices = NoticeBar()
        self.list = PackList()
        self.details = PackDetails()
        self.question = Question(*gate_words.answers())
        self._form: ImportForm | None = None
        self._shown: PackEntry | None = None
        self._asked_about: PackEntry | None = None
        self._wanted = ""
        self._make_buttons()
        self._arrange()
        self._connect()
        self.resize(*_FIRST_SIZE)
        self.details.show_entry(None)
        self._show_state()

    def _make_buttons(self) -> None:
        self.install_button = self._button("download", self.tr("Install from zip…"), self._install)
        self.import_button = self._button("open-file", self.tr("Import .keras…"), self.open_import)
        self.use_button = self._button("check", self.tr("Use this model"), self._use)
        self.export_button = self._button("save", self.tr("Export as zip…"), self._export)
        self.folder_button = self._button("folder", self.tr("Open folder"), self._open_folder)
        self.remove_button = self._button("trash", self.tr("Remove…"), self._remove)
        self.stop_button = self._button("stop", self.tr("Stop"), self.controller.stop)
        self._work = Plain()
        self._work.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("At work"))

    def _button(self, symbol: str, text: str, slot: object) -> QPushButton:
        button = QPushButton(icon(symbol), text)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _arrange(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addWidget(self.install_button)
        column.addWidget(self.import_button)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(6, 0, 0, 0)
        column.addWidget(self.details, 1)
        column.addWidget(self.question)
        row = QHBoxLayout()
        row.addWidget(self.use_button)
        row.addStretch(1)
        for button in (self.export_button, self.folder_button, self.remove_button):
            row.addWidget(button)
        column.addLayout(row)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([300, 800])
        splitter.setStretchFactor(1, 1)
        work = QHBoxLayout()
        work.addWidget(self._work)
        work.addWidget(self._bar, 1)
        work.addWidget(self.stop_button)
        whole = QVBoxLayout(self)
        whole.addWidget(self.notices)
        whole.addWidget(splitter, 1)
        whole.addLayout(work)

    def _connect(self) -> None:
        controller = self.controller
        self.list.chosen.connect(self._show_entry)
        controller.entries_changed.connect(self._fill)
        controller.verdict_changed.connect(self._fill)
        controller.wanted.connect(self._want)
        controller.pages_read.connect(self._show_pages)
        controller.busy_changed.connect(self._show_state)
        controller.told.connect(self.notices.show_notice)
        controller.no_trash.connect(self._offer_deletion)
        controller.doubted.connect(self._doubt)
        self.question.agreed.connect(self._use_anyway)

    def sizeHint(self) -> QSize:
        return QSize(*_FIRST_SIZE)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.controller.refresh()

    def shutdown(self) -> None:
        """Hear no more of what is under way."""
        if self._form is not None:
            self._form.close()
        self.controller.shutdown()

    # --- what is shown ---------------------------------------------------------------------------

    @Slot()
    @Slot(object)
    def _fill(self, _path: Path | None = None) -> None:
        controller = self.controller
        in_use = next((e.name for e in controller.entries if controller.is_chosen(e)), "")
        shown = [(e, standing(e, controller)) for e in controller.entries]
        self.list.show_entries(shown, self._wanted, in_use)
        self._wanted = ""
        self._show_state()

    @Slot(str)
    def _want(self, name: str) -> None:
        self._wanted = name
        self._fill()

    @Slot(object)
    def _show_entry(self, entry: PackEntry | None) -> None:
        if entry != self._shown:
            self._shown = entry
            self.question.take_back()
            self.details.show_entry(entry)
            if entry is not None and entry.spec is not None:
                self.controller.read_pages(entry)
        self._show_state()

    @Slot(object)
    def _show_pages(self, pages: Pages) -> None:
        if self._shown is not None and pages.path == self._shown.path:
            self.details.show_pages(self._shown, pages)

    @Slot()
    def _show_state(self) -> None:
        """Which buttons may be pressed, and what is being done."""
        entry, busy = self._shown, self.controller.busy
        stands = None if entry is None else standing(entry, self.controller)
        if stands is not None:
            self.details.show_standing(stands)
        idle = busy is None
        self.use_button.setEnabled(idle and stands is not None and stands.usable)
        self.export_button.setEnabled(idle and stands is not None and stands.icon != "error")
        self.folder_button.setEnabled(entry is not None)
        self.remove_button.setEnabled(idle and entry is not None and self.controller.can_remove(entry))
        self.install_button.setEnabled(idle)
        self.import_button.setEnabled(idle)
        self._work.setText("" if busy is None else busy.text)
        for widget in (self._work, self._bar):
            widget.setVisible(not idle)
        self.stop_button.setVisible(busy is not None and busy.can_stop)

    # --- what is done ----------------------------------------------------------------------------

    @Slot()
    def _use(self) -> None:
        if self._shown is not None:
            self.controller.use(self._shown)

    @Slot(object, str)
    def _doubt(self, entry: PackEntry, why: str) -> None:
        if entry == self._shown:
            self.question.ask(why)

    @Slot()
    def _use_anyway(self) -> None:
        if self._shown is not None:
            self.controller.use_anyway(self._shown)

    @Slot()
    def _install(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Install a model from a zip"), "", self.tr("Model packs (*.zip)")
        )
        if name:
            self.controller.install(Path(name))

    @Slot()
    def _export(self) -> None:
        if self._shown is None or self._shown.spec is None:
            return
        proposed = f"{self._shown.spec.id}-{self._shown.spec.version}.zip"
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export the model as a zip"), proposed, self.tr("Model packs (*.zip)")
        )
        if name:
            self.controller.export(self._shown, Path(name))

    @Slot()
    def _open_folder(self) -> None:
        if self._shown is not None and not open_outside(self._shown.path):
            words = self.tr("No program here opens it. It lies at {path}").format(path=self._shown.path)
            self.notices.show_notice(Notice("warning", words))

    @Slot()
    def open_import(self) -> None:
        """Ask what is needed to import a Keras file."""
        if self._form is None:
            self._form = ImportForm(self)
            self._form.answered.connect(self.controller.import_model)
        self._form.show()
        self._form.raise_()

    @Slot()
    def _remove(self) -> None:
        if self._shown is not None:
            text = self.tr("Move “{name}” to the trash?")
            self._ask(self._shown, text, self.tr("Move to trash"), self._trash_asked)

    @Slot(object)
    def _offer_deletion(self, path: Path) -> None:
        entry = next((e for e in self.controller.entries if e.path == path), None)
        if entry is not None:
            text = self.tr("“{name}” could not be moved to the trash. Delete it for good?")
            self._ask(entry, text, self.tr("Delete"), self._deletion_asked)

    def _ask(self, entry: PackEntry, text: str, yes: str, slot: object) -> None:
        """Ask about a pack; `slot` is called when the answer is yes."""
        self._asked_about = entry
        words = text.format(name=entry.name)
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Models"), words, parent=self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.accepted.connect(slot)
        box.open()

    @Slot()
    def _trash_asked(self) -> None:
        if self._asked_about is not None:
            self.controller.remove(self._asked_about)

    @Slot()
    def _deletion_asked(self) -> None:
        if self._asked_about is not None:
            self.controller.remove(self._asked_about, for_good=True)
