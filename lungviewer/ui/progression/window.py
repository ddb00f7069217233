"""The window of the progression simulator."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lungviewer.core.simulator import stage_label
from lungviewer.services.opening import EngineKeeper
from lungviewer.ui.icons import icon
from lungviewer.ui.progression.controller import COUNTS, Progression
from lungviewer.ui.progression.judged import Judged
from lungviewer.ui.progression.pictures import Pictures
from lungviewer.ui.progression.stage_slider import StageSlider
from lungviewer.ui.progression.start_box import StartBox
from lungviewer.ui.progression.strip_view import StripView
from lungviewer.ui.prose import Plain, Prose, Sentence, Sized
from lungviewer.ui.session import ViewerSession

_SIZE = QSize(1120, 700)
_FRAME = QSize(20, 60)
"""What the desktop puts round a window, about."""

_SIDE_PX = 330


class ProgressionWindow(QWidget):
    """Non-modal. Pictures are drawn and judged in a thread of its own, by a model of its own."""

    models_asked = Signal()

    def __init__(
        self, session: ViewerSession, parent: QWidget | None = None, keeper: EngineKeeper | None = None
    ) -> None:
        """`keeper`: where the classifier comes from; tests give one with a fake backend."""
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Progression simulator"))
        self._session = session
        self.progression = Progression(session, self, keeper)
        self._make_parts()
        self._arrange()
        self._connect()
        # Qt alone opens a window with at most two thirds of the screen.
        room = self.screen().availableSize() - _FRAME
        self.resize(self.sizeHint().boundedTo(room))
        for keys in (QKeySequence(QKeySequence.StandardKey.Close), QKeySequence(Qt.Key.Key_Escape)):
            QShortcut(keys, self, self.close)
        self._show_opened()
        self.progression.open()

    # --- building --------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        self.about = Prose(
            self.tr(
                "Pictures made up by a model that learnt how slices of people at different stages differ. "
                "Nobody was followed over time: this is no forecast, and it says nothing about a patient."
            )
        )
        self.problem, self.message = Sentence(framed=True), Sentence()
        self.simulator = QComboBox()
        self.simulator.setAccessibleName(self.tr("Simulator"))
        self.simulator.hide()
        self.start_box = StartBox()
        self.pictures = Pictures()
        self.slider = StageSlider()
        self.place = Plain()
        self.judged = Judged()
        self.no_judge = Prose()
        self.strip = StripView()
        self.count = QComboBox()
        for number in COUNTS:
            self.count.addItem(self.tr("{n} pictures").format(n=number), number)
        self.count.setCurrentIndex(COUNTS.index(self.progression.count))
        self.count.setAccessibleName(self.tr("Pictures in the strip"))
        self.png_button = QPushButton(icon("save"), self.tr("Save as &PNG…"))
        self.gif_button = QPushButton(icon("save"), self.tr("Save as &GIF…"))
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setMaximumWidth(120)
        self.bar.setAccessibleName(self.tr("Pictures are being drawn"))
        self.facts = Sized("", 0.9, faint=True)
        self.research = Sized(self.tr("Research use only, not for diagnosis."), 0.9, faint=True)
        self.again_button = QPushButton(icon("rotate"), self.tr("Look &again"))
        self.models_button = QPushButton(icon("model"), self.tr("&Models…"))
        self.lacking = QWidget()
        row = QHBoxLayout(self.lacking)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.models_button, self.again_button):
            row.addWidget(button)
        row.addStretch(1)

    def _arrange(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self.pictures, 1)
        left.addWidget(self.slider)
        column_of_side = QWidget()
        right = QVBoxLayout(column_of_side)
        right.setContentsMargins(0, 0, 0, 0)
        for part in (self.simulator, self.start_box, self.place, self.judged, self.no_judge):
            right.addWidget(part)
        right.addStretch(1)
        self.side = QScrollArea()
        self.side.setFrameShape(QFrame.Shape.NoFrame)
        self.side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side.setWidgetResizable(True)
        self.side.setFixedWidth(_SIDE_PX)
        self.side.setWidget(column_of_side)
        middle = QHBoxLayout()
        middle.addLayout(left, 1)
        middle.addWidget(self.side)
        buttons = QHBoxLayout()
        label = QLabel(self.tr("S&trip"))
        label.setBuddy(self.count)
        for widget in (label, self.count, self.png_button, self.gif_button, self.bar):
            buttons.addWidget(widget)
        buttons.addWidget(self.message, 10)
        buttons.addStretch(1)
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(middle, 3)
        column.addLayout(buttons)
        column.addWidget(self.strip, 2)
        column.addWidget(self.facts)
        whole = QVBoxLayout(self)
        for part in (self.about, self.problem):
            whole.addWidget(part)
        whole.addWidget(self.body, 1)
        for part in (self.lacking, self.research):
            whole.addWidget(part)
        self._space = QWidget()
        whole.addWidget(self._space, 1)

    def _connect(self) -> None:
        progression = self.progression
        progression.opened_changed.connect(self._show_opened)
        progression.start_changed.connect(self._show_start)
        progression.picture_changed.connect(self._show_picture)
        progression.strip_changed.connect(self._show_strip)
        progression.busy_changed.connect(self._show_busy)
        progression.said.connect(self.message.say)
        self.simulator.textActivated.connect(progression.use)
        self.start_box.random_asked.connect(progression.start_random)
        self.start_box.slice_asked.connect(progression.start_from_slice)
        self.slider.moved.connect(progression.go_to)
        self.count.currentIndexChanged.connect(self._count_chosen)
        self.again_button.clicked.connect(progression.open)
        self.models_button.clicked.connect(self.models_asked)
        self.png_button.clicked.connect(self._ask_png)
        self.gif_button.clicked.connect(self._ask_gif)
        self._session.current_changed.connect(self._show_slice)
        self._session.settings.changed.connect(self._show_slice)

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(_SIZE)

    # --- showing ---------------------------------------------------------------------------------

    @Slot()
    def _show_opened(self) -> None:
        opened, error = self.progression.opened, self.progression.error
        self.problem.say("warning" if error else "", error.sentence if error else "")
        self.body.setVisible(error is None)
        for part in (self.lacking, self.research, self._space):
            part.setVisible(error is not None)
        self._show_busy()
        if opened is None:
            return
        self.simulator.clear()
        self.simulator.addItems(opened.names)
        self.simulator.setCurrentText(opened.name)
        self.simulator.setVisible(len(opened.names) > 1)
        self.slider.set_stages(opened.spec.stages)
        self.slider.show_place(self.progression.stage)
        self.no_judge.say(opened.why)
        words = self.tr("Simulator: {name}, {title} ({method}).").format(
            name=opened.name, title=opened.spec.title, method=opened.spec.method
        )
        if opened.classifier is not None:
            words += " " + self.tr("Calibrated probabilities: {name}.").format(name=opened.classifier_name)
        words += " " + self.research.text()
        self.facts.setText(words)
        if self.progression.start is None:
            self.progression.start_random(self.start_box.seed.value())

    @Slot()
    def _show_start(self) -> None:
        opened = self.progression.opened
        if opened is not None:
            encoded = self.progression.encoded
            self.pictures.show_encoded(encoded, opened.spec.stages)
            self.start_box.show_nearness(encoded)
            self.side.verticalScrollBar().setValue(0)  # what it says of the drawing is read first
            self.slider.show_place(self.progression.stage)

    @Slot()
    def _show_picture(self) -> None:
        opened, step = self.progression.opened, self.progression.picture
        if opened is None or step is None:
            return
        label = stage_label(opened.spec.stages, step.stage)
        words = self.tr("Stage {stage:.2f}: {label}").format(stage=step.stage, label=label)
        self.place.setText(words)
        self.pictures.at_stage.show_grey(step.image, words)
        self.judged.show_step(step, opened.classifier)

    @Slot()
    def _show_strip(self) -> None:
        opened = self.progression.opened
        if opened is not None:
            self.strip.show_steps(self.progression.steps, opened.spec, opened.classifier)
            self._show_busy()

    @Slot()
    def _show_busy(self) -> None:
        progression = self.progression
        ready = progression.opened is not None and not progression.at_work("open")
        self.bar.setVisible(progression.at_work("open", "encode", "strip", "export"))
        box = self.start_box
        for part in (self.simulator, box.random_button, box.seed, self.slider, self.count):
            part.setEnabled(ready)
        for button in (self.png_button, self.gif_button):
            button.setEnabled(ready and progression.can_export and not progression.at_work("export"))
        self._show_slice()

    @Slot()
    def _show_slice(self) -> None:
        why = self.tr("Open a CT slice in the main window first.")
        if self._session.settings.current.blinded:
            why = self.tr("Blinded first read is on: where a slice lies on the axis says something about it.")
        ready = self.progression.opened is not None and not self.progression.at_work("open", "encode")
        self.start_box.can_use_slice(ready and self.progression.can_encode, why)

    # --- doing -----------------------------------------------------------------------------------

    @Slot()
    def _count_chosen(self) -> None:
        self.progression.set_count(self.count.currentData())

    @Slot()
    def _ask_png(self) -> None:
        self._ask(self.tr("PNG (*.png)"), "png")

    @Slot()
    def _ask_gif(self) -> None:
        self._ask(self.tr("Animated GIF (*.gif)"), "gif")

    def _ask(self, kinds: str, suffix: str) -> None:
        dialog = QFileDialog(self, self.tr("Save strip"), str(Path.home()), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)  # so that it asks about the file that will be written
        dialog.selectFile(f"SYNTHETIC strip.{suffix}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._save)
        dialog.open()

    @Slot(str)
    def _save(self, name: str) -> None:
        self.progression.export(Path(name))

    def shutdown(self) -> bool:
        """End the thread. False when it does not answer."""
        return self.progression.close()
