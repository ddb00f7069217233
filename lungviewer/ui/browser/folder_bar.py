"""Which folder is open, its parents to click on, and what else could be opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from lungviewer.core.job import JobContext
from lungviewer.services.folders import subfolders
from lungviewer.ui.icons import icon
from lungviewer.ui.jobs import Job
from lungviewer.ui.names import folder_name, menu_text, shown, tooltip
from lungviewer.ui.session import ViewerSession

_SEPARATOR = "›"
_LATER = 5
_LETTERS = 46
"""Longest text of a menu entry."""


class FolderBar(QWidget):
    """Bread crumbs and the button that opens a folder."""

    subfolders_found = Signal()

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._crumbs = _Crumbs(self)
        self._crumbs.picked.connect(self._open)
        self.subfolders: tuple[Path, ...] = ()
        self._looked_in: Path | None = None
        self._job: Job | None = None
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._menu_chosen)
        self._crumbs.here.setMenu(self._menu)
        self._button = QToolButton()
        self._button.setIcon(icon("open-folder"))
        self._button.setAutoRaise(True)
        self._button.setToolTip(self.tr("Open a folder"))
        self._button.setAccessibleName(self.tr("Open a folder"))
        self._button.clicked.connect(self.ask_for_folder)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._crumbs, 1)
        row.addWidget(self._button)
        session.folder_changed.connect(self._show)
        session.files_changed.connect(self._show)
        self._show()

    @Slot()
    def ask_for_folder(self) -> None:
        """Let the person choose a folder; the window stays usable meanwhile."""
        dialog = QFileDialog(self, self.tr("Open a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._session.folder is not None:
            dialog.setDirectory(str(self._session.folder))
        dialog.fileSelected.connect(self._folder_chosen)
        dialog.open()

    @Slot(str)
    def _folder_chosen(self, name: str) -> None:
        if name:
            self._open(Path(name))

    @Slot(object)
    def _open(self, folder: Path) -> None:
        self._session.open_paths([folder])

    @Slot()
    def _show(self) -> None:
        folder = self._session.folder
        self._crumbs.show_folder(folder)
        if folder == self._looked_in:
            return
        self._looked_in, self.subfolders = folder, ()
        if self._job is not None:
            self._job.abandon()
            self._job = None
        if folder is not None:
            self._job = self._session.file_jobs.submit(lambda ctx: _subfolders(folder, ctx), rank=_LATER)
            self._job.finished.connect(self._found)

    @Slot(object)
    def _found(self, folders: tuple[Path, ...]) -> None:
        self.subfolders, self._job = folders, None
        self.subfolders_found.emit()

    # --- the drop-down ---------------------------------------------------------------------------

    @Slot()
    def _fill_menu(self) -> None:
        menu, folder = self._menu, self._session.folder
        menu.clear()
        if self.subfolders:
            menu.addSection(self.tr("Sub-folders"))
            for sub in self.subfolders:
                self._add(sub, folder_name(sub))
        if folder is not None and folder.parents:
            menu.addSection(self.tr("Above"))
            for parent in folder.parents:
                self._add(parent, folder_name(parent))
        recent = [Path(text) for text in self._session.settings.current.recent]
        recent = [path for path in recent if path != folder]
        if recent:
            menu.addSection(self.tr("Recent"))
            for path in recent:
                self._add(path, shown(str(path)))
        if menu.isEmpty():
            menu.addAction(self.tr("Nothing was opened yet")).setEnabled(False)

    def _add(self, path: Path, text: str) -> None:
        metrics = self._menu.fontMetrics()
        room = _LETTERS * metrics.averageCharWidth()
        action = self._menu.addAction(menu_text(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)))
        action.setToolTip(tooltip(shown(str(path))))
        action.setData(path)

    @Slot(QAction)
    def _menu_chosen(self, action: QAction) -> None:
        path = action.data()
        if isinstance(path, Path):
            self._open(path)


class _Crumbs(QWidget):
    """The open folder, with a menu, behind as many of its parents as there is room for."""

    picked = Signal(object)  # Path of a parent

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self._parents: list[QWidget] = []
        self.here = QToolButton()
        self.here.setAutoRaise(True)
        self.here.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.here.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.here.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addWidget(self.here)
        self._row.addStretch(1)

    def show_folder(self, folder: Path | None) -> None:
        self._folder = folder
        self._fill()

    def minimumSizeHint(self) -> QSize:
        return QSize(8 * self.fontMetrics().averageCharWidth(), self.here.sizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(30 * self.fontMetrics().averageCharWidth(), self.here.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def _fill(self) -> None:
        for widget in self._parents:
            self._row.removeWidget(widget)
            widget.deleteLater()
        self._parents = []
        name = self.tr("No folder") if self._folder is None else folder_name(self._folder)
        metrics = self.fontMetrics()
        frame = 4 * metrics.averageCharWidth()  # what the style puts around the text, and the arrow
        room = max(self.width() - frame, 5 * metrics.averageCharWidth())
        text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        self.here.setText(menu_text(text))
        whole = "" if self._folder is None else shown(str(self._folder))
        self.here.setToolTip(tooltip(whole))
        self.here.setAccessibleName(self.tr("Folder {name}: other folders").format(name=name))
        if self._folder is not None:
            self._add_parents(room - metrics.horizontalAdvance(text))

    def _add_parents(self, room: int) -> None:
        for parent in self._folder.parents if self._folder is not None else ():
            button = QToolButton(self)
            button.setAutoRaise(True)
            button.setText(menu_text(folder_name(parent)))
            button.setToolTip(tooltip(shown(str(parent))))
            button.setAccessibleName(self.tr("Open {name}").format(name=folder_name(parent)))
            separator = QLabel(_SEPARATOR, self)
            separator.setEnabled(False)
            room -= button.sizeHint().width() + separator.sizeHint().width()
            if room < 0:
                button.deleteLater()
                separator.deleteLater()
                return
            button.setProperty("folder", parent)
            button.clicked.connect(self._clicked)
            self._row.insertWidget(0, separator)
            self._row.insertWidget(0, button)
            self._parents += [button, separator]
            button.show()
            separator.show()

    @Slot()
    def _clicked(self) -> None:
        self.picked.emit(self.sender().property("folder"))


def _subfolders(folder: Path, ctx: JobContext) -> tuple[Path, ...]:
    return subfolders(folder, check=ctx.check)
