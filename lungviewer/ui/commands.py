"""What menu entries do that no part of the window does by itself: dialogs, saving, printing, full screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QFileDialog, QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.core.paths import bundled, user_log_dir
from lungviewer.readers.sniff import IMAGE_SUFFIXES
from lungviewer.ui.explaining import SLIDE_LAYERS
from lungviewer.ui.names import shown
from lungviewer.ui.notice import Notice
from lungviewer.ui.outside import open_outside
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.theme import other_theme
from lungviewer.ui.viewer.snapshot import copy_view, print_view, save_view

if TYPE_CHECKING:
    from lungviewer.ui.main_window import MainWindow

_SAVED_TOPIC = "saved"


class Commands(QObject):
    """Belongs to the main window."""

    def __init__(self, window: MainWindow, session: ViewerSession) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._hidden: list[QWidget] = []
        self._told_saved = False
        session.current_changed.connect(self._forget_saved)

    # --- opening ---------------------------------------------------------------------------------

    @Slot()
    def open_file(self) -> None:
        """Ask for images; one is shown with its neighbours, several alone."""
        kinds = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        filters = self.tr("Images and slides ({kinds});;All files (*)").format(kinds=kinds)
        names, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Open images"), self._start(), filters)
        self._session.open_paths([Path(name) for name in names])

    @Slot()
    def open_folder(self) -> None:
        """Ask for a folder."""
        name = QFileDialog.getExistingDirectory(self._window, self.tr("Open folder"), self._start())
        if name:
            self._session.open_paths([Path(name)])

    @Slot()
    def open_samples(self) -> None:
        """The synthetic images that came with the program."""
        self._session.open_paths([bundled("resources") / "samples"])

    def _start(self) -> str:
        return str(self._session.folder or Path.home())

    # --- the view --------------------------------------------------------------------------------

    @Slot()
    def copy_view(self) -> None:
        """What is seen, into the clipboard."""
        copy_view(self._window.viewer)
        self._tell(Notice("info", self.tr("The view was copied, as it is seen.")))

    @Slot()
    def next_layer(self) -> None:
        """Show another thing of the map of a slide."""
        explaining = self._session.explaining
        after = SLIDE_LAYERS.index(explaining.layer) + 1
        explaining.set_layer(SLIDE_LAYERS[after % len(SLIDE_LAYERS)])

    @Slot()
    def save_overlay(self) -> None:
        """What is seen, into a PNG."""
        current = self._session.current
        if current is None:
            return
        dialog = QFileDialog(self._window, self.tr("Save picture of the view"), str(Path.home()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("PNG (*.png)"))
        dialog.setDefaultSuffix("png")  # so that it asks about the file that will be written
        what = "heat map" if self._window.viewer.shows_map else "view"
        dialog.selectFile(f"{shown(current.stem)} {what}.png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._save_as)
        dialog.open()

    @Slot(str)
    def _save_as(self, name: str) -> None:
        self.save_overlay_as(Path(name))

    def save_overlay_as(self, target: Path) -> None:
        """Write the PNG in the background; a notice tells the end. Images are never replaced."""
        view, images = self._window.viewer.snapshot(), tuple(self._session.files)
        if self._session.current is not None:
            images = (self._session.current, *images)
        job = self._session.file_jobs.submit(lambda _ctx: save_view(view, target, images))
        job.finished.connect(self._saved)
        job.failed.connect(self._not_saved)

    @Slot(object)
    def _saved(self, target: Path) -> None:
        self._told_saved = True
        self._tell(Notice("info", self.tr("Saved as {name}.").format(name=shown(target.name)), _SAVED_TOPIC))

    @Slot()
    def _forget_saved(self) -> None:
        """It was a picture of the image before."""
        if self._told_saved:
            self._told_saved = False
            self._tell(Notice("info", "", _SAVED_TOPIC))

    @Slot(object)
    def _not_saved(self, error: LungviewerError) -> None:
        self._tell(Notice("error", error.sentence))

    @Slot()
    def print_view(self) -> None:
        """What is seen, on paper."""
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self._window)
        if dialog.exec() == QPrintDialog.DialogCode.Accepted:
            print_view(self._window.viewer, printer)

    # --- the window ------------------------------------------------------------------------------

    @Slot(bool)
    def full_screen(self, on: bool) -> None:
        """The picture alone, as large as the screen."""
        window = self._window
        if on == window.isFullScreen():
            return
        window.actions_.by_id["leave-full-screen"].setEnabled(on)
        if on:
            around = (window.browser_dock, window.side_dock, window.statusBar(), window.menuBar())
            self._hidden = [part for part in around if part.isVisible()]
            window.showFullScreen()
        else:
            window.showNormal()
        for part in self._hidden:
            part.setVisible(not on)

    @Slot()
    def leave_full_screen(self) -> None:
        """Back, when it was full screen."""
        self._window.actions_.by_id["full-screen"].setChecked(False)

    @Slot()
    def go_to_menu(self) -> None:
        """The keyboard to the first menu, from which the arrow keys reach all."""
        bar = self._window.menuBar()
        if bar.isVisible():
            bar.setActiveAction(bar.actions()[0])

    @Slot()
    def switch_theme(self) -> None:
        """Light to dark and back."""
        store = self._session.settings
        store.update(theme=other_theme(store.current.theme))

    @Slot()
    def open_log_folder(self) -> None:
        """Show the logs in the file manager."""
        folder = user_log_dir()
        if not open_outside(folder):
            self._tell(Notice("info", self.tr("Logs are kept in {folder}.").format(folder=folder)))

    def _tell(self, notice: Notice) -> None:
        self._session.noticed.emit(notice)
