"""Third page: which training, under which name; or an earlier one to go on with."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
)

from lungviewer.core.extras import TRAINING, how_to_install
from lungviewer.services.retrain_plan import FULL, HEAD, TrainingPlan, is_pack_id, next_version, suggest_name
from lungviewer.services.training_events import plain_text
from lungviewer.services.training_process import has_tensorflow
from lungviewer.ui.prose import Prose, Sentence
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.more_options import MoreOptions
from lungviewer.ui.retrain.parts import Page
from lungviewer.ui.retrain.runs_list import RunsList


class KindPage(Page):
    """Quick adaptation or full training, the name of the new model, and little else."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__(controller, "")
        self.title = self.tr("Kind")
        self._named_by_hand = False
        self._put_together()
        self.quick.toggled.connect(self._kind_changed)
        self.name.textEdited.connect(self._name_edited)
        self.name.textChanged.connect(self._check)
        self.more.changed.connect(self._check)
        controller.changed.connect(self._check)
        controller.classes_changed.connect(self._propose)
        self._propose()

    def _put_together(self) -> None:
        self.quick = QRadioButton(self.tr("&Quick adaptation – minutes"))
        self.quick.setChecked(True)
        self.full = QRadioButton(self.tr("F&ull training – hours on a processor, less on a graphics card"))
        quick_words = self.tr(
            "Keeps the network of the current model as it is and learns a new last layer for your classes."
        )
        full_words = self.tr(
            "Trains the end of the network on your images, from weights that know ordinary pictures. Worth "
            "it from some thousand images on."
        )
        for button, words in ((self.quick, quick_words), (self.full, full_words)):
            button.setAccessibleDescription(words)
            self.column.addWidget(button)
            box = QVBoxLayout()
            box.setContentsMargins(24, 0, 0, 0)
            box.addWidget(Prose(words))
            self.column.addLayout(box)
        self._missing = Sentence()
        self.column.addWidget(self._missing)
        form = QFormLayout()
        self.name = QLineEdit()
        self.name.setMaxLength(64)
        self.name.setToolTip(self.tr("Small letters, digits and hyphens"))
        self.title_line = QLineEdit()
        self.title_line.setMaxLength(100)
        self.seed, self.epochs = QSpinBox(), QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip(
            self.tr("Decides which images are held out for testing. The same seed, the same split.")
        )
        self.epochs.setRange(0, 1000)
        self.epochs.setSpecialValueText(self.tr("as usual"))
        self.epochs.setToolTip(self.tr("At most so many passes over the images"))
        form.addRow(self.tr("&Name of the new model"), self.name)
        form.addRow(self.tr("&Title"), self.title_line)
        form.addRow(self.tr("&Seed"), self.seed)
        form.addRow(self.tr("&Epochs"), self.epochs)
        self.column.addLayout(form)
        self.show_more = QCheckBox(self.tr("&More options"))
        self.more = MoreOptions()
        self.more.hide()
        self.show_more.toggled.connect(self.more.setVisible)
        self.column.addWidget(self.show_more)
        self.column.addWidget(self.more)
        self._problem = Sentence()
        self.column.addWidget(self._problem)
        self._runs_title = Prose(self.tr("Earlier trainings"), bold=True)
        self.runs = RunsList(self.controller, self._runs_title)
        self.column.addWidget(self._runs_title)
        self.column.addWidget(self.runs)
        self.column.addStretch(1)

    def entered(self) -> None:
        self.controller.find_runs()
        self._check()

    @property
    def kind(self) -> str:
        return HEAD if self.quick.isChecked() else FULL

    @Slot()
    def _propose(self) -> None:
        """Name, title, seed and version that fit the current model."""
        parent = self.controller.parent_pack
        if parent is None:
            return
        if not self._named_by_hand:
            self.name.setText(suggest_name(parent.spec, self.kind))
            ending = self.tr("new head") if self.kind == HEAD else self.tr("trained again")
            self.title_line.setText(f"{parent.spec.title[:80]}, {ending}")
        self.seed.setValue(parent.spec.provenance.seed)
        self._propose_version()
        self._check()

    @Slot()
    def _kind_changed(self) -> None:
        self._propose()
        self.more.set_full(self.kind == FULL)
        if self.kind == FULL:
            self.show_more.setChecked(True)

    @Slot()
    def _name_edited(self) -> None:
        self._named_by_hand = True
        self._propose_version()

    def _propose_version(self) -> None:
        parent = self.controller.parent_pack
        if parent is not None:
            self.more.version.setText(next_version(self.name.text(), parent.installed))

    @Slot()
    def _check(self) -> None:
        missing = self.kind == FULL and not has_tensorflow()
        if missing:
            text = self.tr(
                "Full training needs TensorFlow, which is not installed. {how}\nQuick adaptation does not "
                "need it."
            ).format(how=how_to_install(TRAINING))
        elif self.kind == FULL and not self.more.weights.text():
            text = self.tr(
                "Without starting weights (under “More options”) the network begins knowing nothing, and "
                "needs many thousand images and many hours."
            )
        else:
            text = ""
        self._missing.say("warning", text)
        self._problem.say("info", "" if missing else self._what_is_wrong())
        self.buttons_changed.emit()

    def _what_is_wrong(self) -> str:
        if not is_pack_id(self.name.text()):
            return self.tr("The name is made of small letters, digits and hyphens, at least two.")
        if not self._title():
            return self.tr("Give the new model a title.")
        return self.more.what_is_wrong(self.kind == FULL)

    def _title(self) -> str:
        """As a pack may have it: one line of visible characters."""
        return unicodedata.normalize("NFC", plain_text(self.title_line.text()))[:100]

    def plan(self) -> TrainingPlan | None:
        """What was chosen; None while there are no data."""
        look, parent = self.controller.look, self.controller.parent_pack
        if look is None or parent is None:
            return None
        full = self.kind == FULL
        spec = parent.spec
        return TrainingPlan(
            data=str(look.root.absolute()),
            manifest="" if look.manifest is None else str(look.manifest.absolute()),
            classes=self.controller.classes,
            kind=self.kind,
            parent=str(parent.path),
            parent_name=parent.name,
            pack_id=self.name.text(),
            version=self.more.version.text(),
            title=self._title(),
            seed=self.seed.value(),
            epochs=self.epochs.value(),
            skip_unreadable=self.more.skip.isChecked(),
            weights=self.more.weights.text() if full else "",
            stains=self.more.stains.text() if full else "",
            members=self.more.members.value() if full else 1,
            modality=spec.modality,
            input_size=spec.input.size,
            um_per_px=spec.input.um_per_px,
        )

    def forward_text(self) -> str:
        return self.tr("&Start training")

    def can_go_forward(self) -> bool:
        ready = self.controller.audit is not None and not self.controller.busy
        missing = self.kind == FULL and not has_tensorflow()
        return ready and not missing and not self._what_is_wrong()

    def go_forward(self) -> None:
        plan = self.plan()
        if plan is not None:
            self.controller.begin(plan)
