"""Asks for the scale of an image, in place."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QSize, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from lungviewer.core.errors import UsageError
from lungviewer.readers.scale import user_scale
from lungviewer.ui.prose import Prose
from lungviewer.ui.viewer.chip import Chip
from lungviewer.ui.viewer.scales import UM_AT_1X


class ScalePopup(Chip):
    """`given` carries µm/px (float) of level 0, or None: what the file says; `given_to_folder` the same for
    every image of the folder whose file says none. Esc closes it."""

    given = Signal(object)
    given_to_folder = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, passes_mouse=False, cover=255)
        self._edit = QLineEdit()
        self._edit.setMaxLength(12)
        question = QLabel(self.tr("Mic&rometres per pixel"))
        question.setBuddy(self._edit)
        self._hint = Prose()
        self._objective: float | None = None
        take, cancel = QPushButton(self.tr("Set")), QPushButton(self.tr("Cancel"))
        self._back = QPushButton(self.tr("As in the file"))
        take.clicked.connect(self._take)
        cancel.clicked.connect(self._close)
        self._back.clicked.connect(self._give_back)
        self._edit.returnPressed.connect(self._take)
        self._edit.textEdited.connect(self._calm)
        self.folder = QCheckBox(self.tr("For all images of this folder that state no scale"))
        row = QHBoxLayout()
        for button in (take, cancel, self._back):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(self.pad, self.pad, self.pad, self.pad)
        for part in (question, self._edit, self._hint, self.folder):
            column.addWidget(part)
        column.addLayout(row)
        self.hide()

    def ask(
        self, now: float | None, by_person: bool, for_folder: bool, objective: float | None = None
    ) -> None:
        """Open, with the scale that is in force; `by_person`: offer to take it back; `for_folder`: it is that
        of the folder. `objective`: the magnification that the file states, which only suggests a scale."""
        self._objective = objective if now is None else None
        self.folder.setChecked(for_folder)
        self._edit.setText("" if now is None else QLocale().toString(now, "g", 6))
        self._edit.selectAll()
        self._back.setVisible(by_person)
        self._calm()
        self.updateGeometry()
        self.show()
        self.raise_()
        self._edit.setFocus(Qt.FocusReason.PopupFocusReason)

    @property
    def hint(self) -> str:
        """What is said below the field."""
        return self._hint.text()

    @property
    def edit(self) -> QLineEdit:
        return self._edit

    def size_within(self, most: QSize) -> QSize:
        width = min(max(self.sizeHint().width(), self.fontMetrics().averageCharWidth() * 36), most.width())
        return QSize(width, self.layout().heightForWidth(width))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        else:
            event.accept()  # letters typed here are not the view's keys

    @Slot()
    def _calm(self) -> None:
        if self._objective:
            number = QLocale().toString
            said = self.tr("The file says {x}×: often about {scale} µm per pixel.").format(
                x=number(self._objective, "g", 3), scale=number(UM_AT_1X / self._objective, "g", 2)
            )
        else:
            said = self.tr("A scan at 40× has about 0.25, at 20× about 0.5, at 10× about 1.")
        self._hint.setText(said)

    @Slot()
    def _take(self) -> None:
        try:
            scale = user_scale(_number(self._edit.text()))
        except UsageError as error:
            self._hint.setText(error.sentence)
            self.updateGeometry()
            self._edit.selectAll()
            self._edit.setFocus()
            return
        self._close()
        self._signal().emit(scale.um_per_px)

    @Slot()
    def _give_back(self) -> None:
        self._close()
        self._signal().emit(None)

    def _signal(self) -> SignalInstance:
        return self.given_to_folder if self.folder.isChecked() else self.given

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()


def _number(text: str) -> float:
    """With a point or with a comma, whatever the locale: there are no thousands of µm/px.

    Raises:
        UsageError: no number.
    """
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise UsageError("That is no number.", hint="Type something like 0.5.") from None
