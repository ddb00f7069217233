"""What a person says about the current image: accept, override, comment; and what is on record."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.errors import LungviewerError
from lungviewer.store.review_entry import LONGEST_COMMENT, LONGEST_NAME, OTHER, Action, ReviewEntry
from lungviewer.ui.calm import CalmComboBox
from lungviewer.ui.names import shown
from lungviewer.ui.notice import Notice
from lungviewer.ui.panels.review_buttons import ReviewButtons
from lungviewer.ui.panels.review_desk import ReviewDesk
from lungviewer.ui.panels.review_gate import no_acceptance, no_class
from lungviewer.ui.panels.review_words import chosen_label, history_text, in_force
from lungviewer.ui.panels.section import Section
from lungviewer.ui.prose import Prose, Sentence, Sized
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import Settings


class ReviewPanel(QWidget):
    """Writes through the desk; says in place what is missing and what became of it."""

    def __init__(self, session: ViewerSession, reviews: ReviewDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._desk = session, reviews
        self._sent: tuple[Path | None, str, str] | None = None
        self._make_fields()
        self._make_buttons()
        self._arrange()
        self._connect()
        self._fill_classes()
        self._start_image()

    # --- building --------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        settings = self._session.settings.current
        self.blinded = QCheckBox(self.tr("Blinded first read"))
        self.blinded.setToolTip(
            self.tr(
                "The answer is hidden until you have given the image a class yourself. What was shown before "
                "the program was started is not known."
            )
        )
        self.blinded.setChecked(settings.blinded)
        self.about = Prose(faint=True, selectable=True)
        self.first = Prose(bold=True, selectable=True)
        self.record_text = Sentence()
        self._name = settings.reviewer
        self.reviewer = QLineEdit(self._name)
        self.reviewer.setMaxLength(LONGEST_NAME)
        self.reviewer.setPlaceholderText(self.tr("Name or initials"))
        self.classes = CalmComboBox(letters=8)
        self.classes.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.comment = QLineEdit()
        self.comment.setMaxLength(LONGEST_COMMENT)
        self.comment.setPlaceholderText(self.tr("Optional"))
        self.message = Sentence()
        self.history = Sized(size=0.9)

    def _make_buttons(self) -> None:
        self.buttons = ReviewButtons()
        self.first_button, self.accept_button = self.buttons.first, self.buttons.accept
        self.override_button, self.comment_button = self.buttons.override, self.buttons.comment
        self.first_button.clicked.connect(self.read_first)
        self.accept_button.clicked.connect(self.accept)
        self.override_button.clicked.connect(self.override)
        self.comment_button.clicked.connect(self.add_comment)

    def _arrange(self) -> None:
        self._form = QFormLayout()
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._form.addRow(self.tr("Class:"), self.classes)
        self._form.addRow(self.tr("Comment:"), self.comment)
        self._form.addRow(self.tr("Reviewer:"), self.reviewer)
        self.history_section = Section(self.tr("History"), self.history, opened=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        column.addWidget(self.about)
        column.addWidget(self.record_text)
        column.addWidget(self.first)
        column.addLayout(self._form)
        column.addWidget(self.buttons)
        column.addWidget(self.message)
        column.addWidget(self.history_section)
        column.addWidget(self.blinded)
        order = (
            *(self.classes, self.comment, self.reviewer, self.first_button, self.accept_button),
            *(self.override_button, self.comment_button, self.history_section.heading, self.blinded),
        )
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        session, desk = self._session, self._desk
        session.current_changed.connect(self._start_image)
        session.model_changed.connect(self._fill_classes)
        session.outcome_changed.connect(self._outcome_changed)
        session.settings.changed.connect(self._settings_changed)
        desk.known.connect(self._outcome_changed)
        desk.blinding.changed.connect(self._show)
        desk.recorded.connect(self._recorded)
        desk.failed.connect(self._failed)
        self.classes.currentIndexChanged.connect(self._show)
        self.reviewer.editingFinished.connect(self._name_given)
        self.blinded.toggled.connect(desk.blinding.set_on)

    # --- what a person does ----------------------------------------------------------------------

    @Slot()
    def accept(self) -> None:
        """The program's answer is right."""
        path = self._session.current
        record = None if path is None else self._session.record(path)
        why = no_acceptance(record, self.classes.currentData(), self._session.spec)
        if record is None or why:
            self._say("info", why)
        else:
            self._write(Action.ACCEPT, record.predicted_class)

    @Slot()
    def override(self) -> None:
        """The image is what is chosen, whatever the program says."""
        self._write_chosen(Action.OVERRIDE)

    @Slot()
    def read_first(self) -> None:
        """The image is what is chosen; the program's answer is hidden."""
        self._write_chosen(Action.FIRST_READ)

    @Slot()
    def add_comment(self) -> None:
        """Only a remark."""
        if self.comment.text().strip():
            self._write(Action.COMMENT)
        else:
            self._say("info", self.tr("Write a comment first."))
            self.comment.setFocus()

    @Slot()
    def accept_or_read_first(self) -> None:
        """What the keys for "accept" mean at the moment."""
        if self._hidden():
            self.read_first()
        else:
            self.accept()

    @Slot()
    def override_or_read_first(self) -> None:
        """What the keys for "override" mean at the moment."""
        if self._hidden():
            self.read_first()
        else:
            self.override()

    def _write_chosen(self, action: Action) -> None:
        path = self._session.current
        why = "" if path is None else no_class(self._session.record(path))
        if why:
            self._say("info", why)
        elif self.classes.currentData():
            self._write(action, self.classes.currentData())
        else:
            self._say("info", self.tr("Choose a class first."))
            self.classes.setFocus()

    def _write(self, action: Action, chosen: str = "") -> None:
        self._name_given()
        path = self._session.current
        if path is None:
            return
        shown = self._desk.shown(path)
        if shown is None:
            self._say("info", self.tr("The image is still being read; try again in a moment."))
            return
        if self._desk.writing:
            self._say("info", self.tr("The last review is still being written; try again in a moment."))
            return
        if not self._session.settings.current.reviewer:
            self._say("info", self.tr("Write your name or initials first; they go into the record."))
            self.reviewer.setFocus()
            return
        self._say("", "")
        self._sent = self._typed()
        self._desk.record(path, shown, action, chosen, self.comment.text())
        self._show()

    def _typed(self) -> tuple[Path | None, str, str]:
        return self._session.current, self.classes.currentData(), self.comment.text()

    @Slot()
    def _name_given(self) -> None:
        self._session.settings.update(reviewer=" ".join(self.reviewer.text().split()))

    # --- what is shown ---------------------------------------------------------------------------

    @Slot(object, object)
    def _recorded(self, path: Path, entry: ReviewEntry) -> None:
        if path == self._session.current:
            self._say("ok", self.tr("Recorded as entry {number}.").format(number=entry.number))
            if self._typed() == self._sent:
                self._clear_fields()
        else:
            text = self.tr("The review of {name} was recorded as entry {number}.")
            self._tell("info", text.format(name=self._shown_name(path), number=entry.number))
        self._show()

    @Slot(object, object)
    def _failed(self, path: Path, error: LungviewerError) -> None:
        if path == self._session.current:
            self._say("error", error.sentence)
        else:
            text = self.tr("The review of {name} was not recorded. {why}")
            self._tell("error", text.format(name=self._shown_name(path), why=error.sentence))
        self._show()

    def _shown_name(self, path: Path) -> str:
        return shown(self._session.opened.name_of(path))

    def _tell(self, kind: str, text: str) -> None:
        self._session.noticed.emit(Notice(kind, text))

    def _clear_fields(self) -> None:
        self.comment.clear()
        self.classes.setCurrentIndex(0)

    @Slot(object)
    def _settings_changed(self, settings: Settings) -> None:
        self.blinded.setChecked(settings.blinded)
        if settings.reviewer != self._name:  # what is being typed is not taken away by other settings
            self._name = settings.reviewer
            self.reviewer.setText(settings.reviewer)

    @Slot(object)
    def _outcome_changed(self, path: Path) -> None:
        if path == self._session.current:
            self._show()

    @Slot()
    def _start_image(self) -> None:
        self._clear_fields()
        self._say("", "")
        self._show()

    @Slot()
    def _fill_classes(self) -> None:
        spec, chosen = self._session.spec, self.classes.currentData()
        self.classes.clear()
        self.classes.addItem(self.tr("Choose…"), "")
        for class_id in (*(() if spec is None else spec.class_ids), OTHER):
            self.classes.addItem(chosen_label(class_id, spec), class_id)
        self.classes.setCurrentIndex(max(0, self.classes.findData(chosen)))
        self._show()

    def _hidden(self) -> bool:
        return self._desk.blinding.hidden(self._session.current)

    @Slot()
    def _show(self) -> None:
        path, hidden = self._session.current, self._hidden()
        record = None if path is None else self._session.record(path)
        series = self._session.series() is not None
        self.about.say(self.tr("A review is about the whole series, not one slice.") if series else "")
        problem = "" if path is None else self._desk.problem(path)
        free = path is not None and not problem and not self._desk.writing
        self.first.say(self.tr("Your call first") if hidden and free else "")
        self._show_record(path, hidden, problem)
        unread = no_class(record)
        # What keeps a hidden call from being accepted would tell it.
        unfit = "" if hidden else no_acceptance(record, self.classes.currentData(), self._session.spec)
        self.buttons.show_state(
            free=free, hidden=hidden, answered=record is not None, unread=unread, unacceptable=unfit
        )
        for field in (self.comment, self.comment_button):
            field.setEnabled(path is not None and not problem)
        self.classes.setEnabled(path is not None and not problem and not unread)

    def _show_record(self, path: Path | None, hidden: bool, problem: str) -> None:
        spec = self._session.spec
        history = None if path is None else self._desk.history(path)
        if path is None:
            text, symbol = self.tr("No image."), ""
        elif problem:
            text, symbol = problem, "warning"
        else:
            seen = self._desk.seen.by_reviewer(path)
            symbol, text = in_force(history, spec, hidden=hidden, seen=seen)
        self.record_text.say(symbol, text)
        self.history.setText("" if hidden or problem else history_text(history, spec))
        self.history_section.setVisible(bool(self.history.text()))
        count = len(history) if history else 0
        self.history_section.heading.setText(self.tr("History ({count})").format(count=count))

    def _say(self, symbol: str, text: str) -> None:
        self.message.say(symbol, text)
        if text:
            self._reveal()

    def _reveal(self) -> None:
        """What the keyboard did must be seen, though the panel was scrolled elsewhere."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None:
            above.ensureWidgetVisible(self.message)
