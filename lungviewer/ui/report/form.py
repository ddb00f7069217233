"""What a person says about a report: which table, which form, what goes into it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QLineEdit, QWidget

from lungviewer.services.reporting import MOST_PICTURES
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.report.work import Form, Pictures, Request

_LONGEST_TITLE = 200


class ReportForm(QWidget):
    """`lacks` carries a sentence when something is missing, `chosen` tells that another table is meant."""

    lacks = Signal(str)
    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target_given = self._images_given = self._overlays_given = False
        self._make_fields()
        self._arrange()
        self._connect()
        self._show()

    def _make_fields(self) -> None:
        choose = self.tr("Choose…")
        self.table = PathLine(self.tr("Table of the scan (CSV)"), choose)
        self.images = PathLine(self.tr("Folder that was scanned"), choose)
        self.images.line.setPlaceholderText(self.tr("Optional: adds what reviewers decided"))
        self.form = QComboBox()
        for words, form in (
            (self.tr("Page to read (HTML)"), Form.HTML),
            (self.tr("Document to print (PDF)"), Form.PDF),
            (self.tr("Table with the reviews (CSV)"), Form.CSV),
        ):
            self.form.addItem(words, form)
        self.target = PathLine(self.tr("Save as"), choose)
        self.title = QLineEdit()
        self.title.setMaxLength(_LONGEST_TITLE)
        self.title.setPlaceholderText(self.tr("Optional"))
        self.pictures = QComboBox()
        for words, kind in (
            (self.tr("None"), Pictures.NONE),
            (self.tr("Draw them now, with the model in use"), Pictures.DRAW),
            (self.tr("Those that the scan drew"), Pictures.DRAWN),
        ):
            self.pictures.addItem(words, kind)
        self.pictures.setToolTip(
            self.tr("Of images that need review, before refused ones; at most {n}.").format(n=MOST_PICTURES)
        )
        self.overlays = PathLine(self.tr("Folder of the pictures"), choose)

    def _arrange(self) -> None:
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for words, field in (
            (self.tr("&Table of the scan:"), self.table),
            (self.tr("Folder that was s&canned:"), self.images),
            (self.tr("Fo&rm:"), self.form),
            (self.tr("Sa&ve as:"), self.target),
            (self.tr("Tit&le:"), self.title),
            (self.tr("Heat map &pictures:"), self.pictures),
            (self.tr("Folder of the pictures:"), self.overlays),
        ):
            self._rows.addRow(words, field)

    def _connect(self) -> None:
        self.table.asked.connect(self._ask_table)
        self.table.given.connect(self._table_given)
        self.images.asked.connect(self._ask_images)
        self.images.given.connect(self._images_chosen)
        self.target.asked.connect(self._ask_target)
        self.target.given.connect(self._target_chosen)
        self.overlays.asked.connect(self._ask_overlays)
        self.overlays.given.connect(self._overlays_chosen)
        self.form.currentIndexChanged.connect(self._form_changed)
        self.pictures.currentIndexChanged.connect(self._show)

    @Slot()
    def _show(self) -> None:
        """Only the fields that matter for what is chosen."""
        page = Form(self.form.currentData()) is not Form.CSV
        for field in (self.title, self.pictures):
            self._rows.setRowVisible(field, page)
        drawn = Pictures(self.pictures.currentData()) is Pictures.DRAWN
        self._rows.setRowVisible(self.overlays, page and drawn)

    # --- what is asked for -----------------------------------------------------------------------

    def choose(self, table: Path, images: Path | None = None) -> None:
        """Make the report of this table; the rest is proposed, unless a person has typed it. Which folder
        was scanned stands in no table: only who knows it may say it, in `images`."""
        self.table.show_text(str(table))
        if images is not None:
            self._images_given = False
        if not self._images_given:
            self.images.show_text("" if images is None else str(images))
        if not self._overlays_given:
            drawn = table.with_name(f"{table.stem} pictures")  # where the scan window puts them
            self.overlays.show_text(str(drawn))
        self._target_given = False
        self._propose_target()
        self.chosen.emit()

    def request(self) -> Request | None:
        """What the fields say; None, and a sentence in place, when something is missing."""
        if not self.table.text().strip():
            return self._missing(self.tr("Choose the table that a scan wrote."), self.table)
        if not self.target.text().strip():
            return self._missing(self.tr("Choose where to save it."), self.target)
        form, pictures = Form(self.form.currentData()), Pictures(self.pictures.currentData())
        images, overlays = self.images.text().strip(), self.overlays.text().strip()
        if not images and (form is Form.CSV or pictures is Pictures.DRAW):
            words = self.tr("Choose the folder that was scanned: this needs the images.")
            return self._missing(words, self.images)
        return Request(
            table=_path(self.table.text()),
            target=_path(self.target.text()),
            form=form,
            images=_path(images) if images else None,
            title=self.title.text().strip(),
            pictures=Pictures.NONE if form is Form.CSV else pictures,
            overlays=_path(overlays) if overlays else None,
        )

    def _missing(self, words: str, field: PathLine) -> None:
        self.lacks.emit(words)
        field.setFocus()

    def _propose_target(self) -> None:
        table = self.table.text()
        if table and not self._target_given:
            path, form = Path(table), Form(self.form.currentData())
            kind = self.tr("reviewed") if form is Form.CSV else self.tr("report")
            self.target.show_text(str(path.with_name(f"{path.stem} {kind}{form.value}")))

    @Slot(object)
    def _table_given(self, table: Path) -> None:
        self.choose(table)

    @Slot()
    def _images_chosen(self) -> None:
        self._images_given = True

    @Slot()
    def _overlays_chosen(self) -> None:
        self._overlays_given = True

    @Slot()
    def _target_chosen(self) -> None:
        self._target_given = True

    @Slot()
    def _form_changed(self) -> None:
        if self._target_given and self.target.text():
            self.target.show_text(str(Path(self.target.text()).with_suffix(self.form.currentData())))
        self._propose_target()
        self._show()

    # --- dialogs ---------------------------------------------------------------------------------

    @Slot()
    def _ask_table(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Table of a scan"), self.table.text(), self.tr("Tables (*.csv)")
        )
        if name:
            self.choose(Path(name))

    @Slot()
    def _ask_images(self) -> None:
        self._ask_folder(self.images, self.tr("Folder that was scanned"))

    @Slot()
    def _ask_overlays(self) -> None:
        self._ask_folder(self.overlays, self.tr("Folder of the pictures"))

    def _ask_folder(self, line: PathLine, words: str) -> None:
        name = QFileDialog.getExistingDirectory(self, words, line.text())
        if name:
            line.take(Path(name))

    @Slot()
    def _ask_target(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save as"), self.target.text())
        if name:
            self.target.take(Path(name).with_suffix(self.form.currentData()))


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()
