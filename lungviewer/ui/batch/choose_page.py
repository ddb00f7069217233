"""The first step of a scan: which folder, what was found there, and where the report goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import LungviewerError
from lungviewer.ui.batch import words
from lungviewer.ui.batch.controller import ScanController
from lungviewer.ui.batch.model_row import ModelRow
from lungviewer.ui.batch.options_box import OptionsBox
from lungviewer.ui.batch.state import ScanState
from lungviewer.ui.icons import icon
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.settings import SettingsStore

_BETWEEN = "; "


class ChoosePage(QWidget):
    """Shows the controller's preview and outlook; starts the scan."""

    def __init__(
        self, controller: ScanController, settings: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self._settings = controller, settings
        self._paths: tuple[Path, ...] = ()
        self._folder = PathLine(self.tr("Folder to scan"), self.tr("&Browse …"))
        self._folder.line.setPlaceholderText(self.tr("Choose a folder, or drop one here"))
        self._recursive = QCheckBox(self.tr("Include s&ub-folders"))
        self._recursive.setChecked(settings.current.recursive)
        self._found = _paragraph(self.tr("What was found"))
        self.model_row = ModelRow(controller)
        self._nothing = self.tr("Nothing is chosen yet.")
        self._output = PathLine(self.tr("Report"), self.tr("Save &as …"))
        self._there = _paragraph(self.tr("What lies at the place for the report"))
        self._fresh = QCheckBox(self.tr("Start &over: forget the earlier scan and replace its report"))
        self._options = OptionsBox(settings.current)
        self._problem = Sentence(framed=True)
        self._start = QPushButton(self.tr("&Start"))
        self._start.setIcon(icon("scan"))
        self._start.setDefault(True)
        self._start.setAutoDefault(True)
        self._lay_out()
        self._connect()
        self._show()

    def choose(self, paths: Sequence[Path]) -> None:
        """Look what is there; nothing while a scan runs."""
        if self._controller.active or not paths:
            return
        self._paths = tuple(paths)
        self._folder.show_text(_BETWEEN.join(str(path) for path in paths))
        self._fresh.setChecked(False)
        self._controller.preview(self._paths, self._recursive.isChecked())

    def clear(self) -> None:
        """For another scan."""
        self._paths = ()
        self._folder.show_text("")
        self._options.reset(self._settings.current)
        self._folder.setFocus()

    @property
    def chosen(self) -> bool:
        return bool(self._paths)

    # --- what a person does ----------------------------------------------------------------------

    @Slot(object)
    def _folder_given(self, path: Path) -> None:
        self.choose([path])

    @Slot()
    def _browse(self) -> None:
        start = str(self._paths[0]) if self._paths else self._settings.current.last_folder
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder to scan"), start)
        if folder:
            self._folder.take(Path(folder))

    @Slot()
    def _save_as(self) -> None:
        # Replacing is asked for in the window, where it says what is replaced.
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Report"),
            self._output.text(),
            self.tr("Tables (*.csv)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            self._output.take(Path(name))

    @Slot()
    def _again(self) -> None:
        if self._paths:
            self._controller.preview(self._paths, self._recursive.isChecked())

    @Slot(object)
    def _output_given(self, path: Path) -> None:
        self._fresh.setChecked(False)
        named = path.suffix or path.is_dir()
        self._look(path if named else path.with_name(f"{path.name}.csv"))

    @Slot()
    def _options_changed(self) -> None:
        if self._controller.output is not None:
            self._look(self._controller.output)

    def _look(self, output: Path) -> None:
        self._controller.look_at(output, self._options.options(self._fresh.isChecked()))

    @Slot()
    def _go(self) -> None:
        if self._controller.output is not None:
            options = self._options.options(self._fresh.isChecked())
            self._controller.start(self._controller.output, options)

    # --- what is shown ---------------------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        controller = self._controller
        if controller.active:
            return
        preview, outlook, output = controller.preview_made, controller.outlook, controller.output
        looking = controller.state is ScanState.PREVIEWING
        self._options.take_spec(controller.spec)
        if output is not None:
            self._output.show_text(str(output))
            self._options.propose_overlays(output)
        if looking:
            self._found.setText(self.tr("Looking …"))
        else:
            self._found.setText(self._nothing if preview is None else words.what_was_found(preview))
        for widget in (self._output, self._options, self._there):
            widget.setEnabled(preview is not None)
        problem = controller.problem or (None if outlook is None else outlook.problem)
        earlier = outlook is not None and (outlook.earlier > 0 or outlook.replaceable)
        self._fresh.setVisible(self._fresh.isChecked() or earlier)
        self.model_row.show_state()
        self._show_outlook(problem)
        files = 0 if preview is None else len(preview.found.files)
        ready = outlook is not None and outlook.problem is None
        self._start.setEnabled(files > 0 and ready)

    def _show_outlook(self, problem: LungviewerError | None) -> None:
        outlook, preview = self._controller.outlook, self._controller.preview_made
        self._problem.say("error", "" if problem is None else problem.sentence)
        if outlook is None or preview is None or problem is not None:
            self._there.setText("")
            goes_on = False
        else:
            found, fresh = len(preview.found.files), self._fresh.isChecked()
            self._there.setText(words.what_is_there(outlook, found, fresh, self._controller.other_model))
            goes_on = bool(outlook.kept) and not fresh
        self._start.setText(self.tr("&Go on") if goes_on else self.tr("&Start"))
        self._start.setIcon(icon("resume" if goes_on else "scan"))

    # --- parts -----------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._controller.changed.connect(self._show)
        self._folder.given.connect(self._folder_given)
        self._folder.asked.connect(self._browse)
        self._recursive.toggled.connect(self._again)
        self._output.given.connect(self._output_given)
        self._output.asked.connect(self._save_as)
        self._fresh.toggled.connect(self._options_changed)
        self._options.changed.connect(self._options_changed)
        self._start.clicked.connect(self._go)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setVerticalSpacing(8)
        form.addRow(self.tr("Folder"), self._folder)
        form.addRow("", self._recursive)
        form.addRow(self.tr("Found"), self._found)
        form.addRow(self.tr("Model"), self.model_row)
        form.addRow(self.tr("Report"), self._output)
        form.addRow("", self._there)
        form.addRow("", self._fresh)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 16, 16, 16)
        column.addLayout(form)
        column.addWidget(self._options)
        column.addWidget(self._problem)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(16, 8, 16, 12)
        bottom.addWidget(QLabel(self.tr("Images are only read. Research use only, not for diagnosis.")), 1)
        bottom.addWidget(self._start)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(scroll, 1)
        page.addLayout(bottom)


def _paragraph(name: str) -> QLabel:
    label = Prose()
    label.setAccessibleName(name)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label
