"""What each class folder means: one of the model's classes, or a class of its own with a kind of tissue."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from lungviewer.core.model import ClassSpec, Role
from lungviewer.services.retrain_data import ClassChoice, from_model, own_class, with_own_colours
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.prose import Plain, Prose
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.parts import empty_layout

_ROLES: tuple[Role | None, ...] = (None, Role.TUMOUR, Role.BENIGN, Role.NORMAL)


class ClassesTable(QWidget):
    """One row for each folder; what is chosen goes to the controller at once."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__()
        self._controller = controller
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(2, 1)
        self._rows: list[tuple[QComboBox, QComboBox]] = []
        self._shown: tuple[str, ...] = ()
        controller.classes_changed.connect(self._fill)
        self._fill()

    @Slot()
    def _fill(self) -> None:
        folders = tuple(choice.folder for choice in self._controller.classes)
        if folders == self._shown:
            return
        self._shown = folders
        self._rows.clear()
        empty_layout(self._grid)
        look = self._controller.look
        if look is None or not folders:
            return
        titles = (self.tr("Folder"), self.tr("Images"), self.tr("Class"), self.tr("Kind of tissue"))
        for column, title in enumerate(titles):
            self._grid.addWidget(Prose(title, bold=True), 0, column)
        for row, choice in enumerate(self._controller.classes):
            self._add_row(row, choice, look.images.get(choice.folder, 0))

    def _add_row(self, row: int, choice: ClassChoice, images: int) -> None:
        name, count = ElidedLabel(), Plain(self.locale().toString(images))
        name.setText(choice.folder)
        labels, roles = QComboBox(), QComboBox()
        labels.setEditable(True)
        labels.addItems([spec.label for spec in self._classes_of_model()])
        labels.setCurrentText(choice.label)
        labels.setAccessibleName(self.tr("Class of the folder {name}").format(name=choice.folder))
        roles.addItems([self.tr("choose…"), self.tr("tumour"), self.tr("benign"), self.tr("normal")])
        roles.setAccessibleName(self.tr("Kind of tissue of the folder {name}").format(name=choice.folder))
        self._rows.append((labels, roles))
        self._show_role(row, choice)
        labels.currentTextChanged.connect(self._edited)
        roles.currentIndexChanged.connect(self._edited)
        for column, widget in enumerate((name, count, labels, roles)):
            self._grid.addWidget(widget, row + 1, column)

    @Slot()
    def _edited(self) -> None:
        """Read all rows again: a class that one folder takes, no other can have."""
        choices: list[ClassChoice] = []
        by_label = {spec.label.casefold(): spec for spec in self._classes_of_model()}
        for (labels, roles), old in zip(self._rows, self._controller.classes, strict=True):
            text = " ".join(labels.currentText().split())
            spec = by_label.get(text.casefold())
            if spec is not None:
                choices.append(from_model(old.folder, spec))
            else:
                taken = [choice.id for choice in choices] + [s.id for s in by_label.values()]
                role = old.role if old.known else _ROLES[roles.currentIndex()]
                made = own_class(old.folder, text or old.folder, taken)
                choices.append(replace(made, role=role))
        for row, choice in enumerate(choices):
            self._show_role(row, choice)
        self._controller.set_classes(with_own_colours(choices))

    def _show_role(self, row: int, choice: ClassChoice) -> None:
        roles = self._rows[row][1]
        with QSignalBlocker(roles):
            roles.setCurrentIndex(_ROLES.index(choice.role))
        roles.setEnabled(not choice.known)
        known = self.tr("The model's own class says so.")
        roles.setToolTip(known if choice.known else "")

    def _classes_of_model(self) -> tuple[ClassSpec, ...]:
        parent = self._controller.parent_pack
        return () if parent is None else parent.spec.classes
