"""The window "Retrain…": five pages, forward and back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Plain, Sentence, bold_font
from lungviewer.ui.retrain.audit_page import AuditPage
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.data_page import DataPage
from lungviewer.ui.retrain.kind_page import KindPage
from lungviewer.ui.retrain.parts import Page
from lungviewer.ui.retrain.result_page import ResultPage
from lungviewer.ui.retrain.running_page import RunningPage
from lungviewer.ui.retrain.state import Going, Phase
from lungviewer.ui.session import ViewerSession

_SIZE = (900, 640)
_DATA, _CHECK, _KIND, _RUNNING, _RESULT = range(5)


class RetrainWindow(QWidget):
    """Non-modal; may be closed while a training runs, and shows it again when it is opened."""

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.controller = RetrainController(session)
        self.setWindowTitle(self.tr("Retrain"))
        self.resize(*_SIZE)
        controller = self.controller
        self.data, self.audit, self.kind = DataPage(controller), AuditPage(controller), KindPage(controller)
        self.running, self.result = RunningPage(controller), ResultPage(controller)
        self._pages: tuple[Page, ...] = (self.data, self.audit, self.kind, self.running, self.result)
        self._put_together()
        for page in self._pages:
            page.buttons_changed.connect(self._show_buttons)
            page.next_asked.connect(self._next)
        controller.changed.connect(self._follow)
        controller.checked.connect(self._show_check)
        controller.trained.connect(self._show_result)
        controller.progressed.connect(self._progressed)
        self._go_to(_DATA)

    def _put_together(self) -> None:
        self._trail = [Plain() for _ in self._pages]
        top = QHBoxLayout()
        top.setContentsMargins(16, 10, 16, 0)
        for label in self._trail:
            top.addWidget(label)
        top.addStretch(1)
        self._stack = QStackedWidget()
        for page in self._pages:
            self._stack.addWidget(page)
        self.error = Sentence()
        self._busy_word = Plain()
        self._bar = QProgressBar()
        self._bar.setAccessibleName(self.tr("Progress of the check"))
        self.cancel = QPushButton(icon("stop"), self.tr("&Cancel"))
        self.cancel.clicked.connect(self.controller.cancel)
        self.back = QPushButton(icon("previous"), self.tr("&Back"))
        self.back.clicked.connect(self._back)
        self.forward = QPushButton()
        self.forward.setDefault(True)
        self.forward.clicked.connect(self._forward)
        bottom = QHBoxLayout()
        for widget in (self._busy_word, self._bar, self.cancel):
            bottom.addWidget(widget)
        bottom.addStretch(1)
        bottom.addWidget(self.back)
        bottom.addWidget(self.forward)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 6, 16, 12)
        foot.addWidget(self.error)
        foot.addLayout(bottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._pages[self._stack.currentIndex()]

    def shutdown(self) -> None:
        """Stop what runs; call it before the session is closed."""
        self.controller.shutdown()

    # --- from page to page -----------------------------------------------------------------------

    def _go_to(self, index: int) -> None:
        if self._stack.currentIndex() != index or index == _DATA:
            self._stack.setCurrentIndex(index)
        for number, (label, page) in enumerate(zip(self._trail, self._pages, strict=True), 1):
            here = number - 1 == index
            label.setFont(bold_font(here))
            label.setEnabled(here)
            text = self.tr("{n}. {title}").format(n=number, title=page.title)
            label.setText(text if number == len(self._pages) else self.tr("{text}  ›").format(text=text))
            name = self.tr("{text} (this page)").format(text=text)
            label.setAccessibleName(name if here else text)
        self.page.entered()
        self._show_buttons()

    @Slot()
    def _back(self) -> None:
        self._go_to(max(0, self._stack.currentIndex() - 1))

    @Slot()
    def _next(self) -> None:
        self._go_to(min(len(self._pages) - 1, self._stack.currentIndex() + 1))

    @Slot()
    def _forward(self) -> None:
        self.page.go_forward()

    @Slot()
    def _show_check(self) -> None:
        self._go_to(_CHECK)

    @Slot()
    def _show_result(self) -> None:
        self._go_to(_RESULT)

    @Slot()
    def _follow(self) -> None:
        """Where the work is, the window is."""
        controller = self.controller
        index = self._stack.currentIndex()
        if controller.active and controller.phase is Phase.TRAINING and index != _RUNNING:
            self._go_to(_RUNNING)
        elif index == _RESULT and controller.result is None and not controller.busy:
            self._go_to(_KIND if controller.audit is not None else _DATA)
        self._show_buttons()

    @Slot()
    def _show_buttons(self) -> None:
        page, controller = self.page, self.controller
        text = page.forward_text()
        self.forward.setVisible(bool(text))
        self.forward.setText(text)
        self.forward.setEnabled(page.can_go_forward())
        self.back.setEnabled(self._stack.currentIndex() > _DATA and not controller.busy)
        error = controller.error
        self.error.say(
            "error", "" if error is None else self.tr("Problem: {text}").format(text=error.sentence)
        )
        word = {
            Phase.LOOKING: self.tr("Listing the folder …"),
            Phase.CHECKING: self.tr("Checking the images …"),
            Phase.STOPPING: self.tr("Stopping …"),
            Phase.READING: self.tr("Reading the result …"),
            Phase.SAVING: self.tr("Saving …"),
        }.get(controller.phase, "")
        self._busy_word.setText(word)
        checking = controller.phase is Phase.CHECKING
        self._bar.setVisible(checking)
        self.cancel.setVisible(checking)
        if not checking:
            self._bar.setRange(0, 0)

    @Slot(object)
    def _progressed(self, going: Going) -> None:
        if self.controller.phase is Phase.CHECKING:
            step = going.step
            known = 0 < step.total < 2**31
            self._bar.setRange(0, step.total if known else 0)
            self._bar.setValue(min(step.done, step.total) if known else 0)
            self._busy_word.setText(self.tr("{text} …").format(text=step.text))

    # --- shown and hidden ------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.controller.look_for_libraries()
        self.controller.watched = True

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.audit.whole.close()
        self.controller.watched = False
