"""Where a strip begins: with somebody made up, or with the slice that is looked at."""

from __future__ import annotations

import secrets

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QLabel, QPushButton, QSpinBox

from lungviewer.services.progression import Encoded
from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose

MOST_SEEDS = 1_000_000
NEAR, FAR = 14.0, 24.0
"""Mean difference of a slice and what is drawn of it, in grey levels of 255, for words beside the number. Of
slices that the shipped simulator never saw, what it draws differs by 13.9 on average, and the most similar
slice of somebody else by 24.1 (evaluation/metrics.json of the pack)."""


class StartBox(QGroupBox):
    """`random_asked` carries a seed."""

    random_asked = Signal(int)
    slice_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTitle(self.tr("Start"))
        self.random_button = QPushButton(icon("retrain"), self.tr("&Random person"))
        self.random_button.setToolTip(self.tr("Draw somebody made up."))
        self.random_button.clicked.connect(self.ask_random)
        self.seed = QSpinBox()
        self.seed.setRange(0, MOST_SEEDS - 1)
        self.seed.setKeyboardTracking(False)
        self.seed.setAccessibleName(self.tr("Seed of the made-up person"))
        self.seed.setToolTip(self.tr("The same seed draws the same person."))
        self.seed.valueChanged.connect(self.random_asked)
        seed_label = QLabel(self.tr("S&eed"))
        seed_label.setBuddy(self.seed)
        self.slice_button = QPushButton(icon("image"), self.tr("From the s&lice that is looked at"))
        self.slice_button.clicked.connect(self.slice_asked)
        self.nearness = Prose(selectable=True)
        self.nearness.hide()
        row = QHBoxLayout()
        for widget in (self.random_button, seed_label, self.seed):
            row.addWidget(widget)
        row.addStretch(1)
        grid = QGridLayout(self)
        grid.addLayout(row, 0, 0)
        grid.addWidget(self.slice_button, 1, 0)
        grid.addWidget(self.nearness, 2, 0)

    @Slot()
    def ask_random(self) -> None:
        """Another seed than the one that is shown."""
        seed = secrets.randbelow(MOST_SEEDS - 1)
        self.seed.setValue(seed + (seed >= self.seed.value()))

    def can_use_slice(self, on: bool, why_not: str) -> None:
        """Whether there is a slice to begin with; else why not, as the button's tip."""
        self.slice_button.setEnabled(on)
        self.slice_button.setToolTip(
            self.tr("Find the made-up person who is nearest to it.") if on else why_not
        )

    def show_nearness(self, encoded: Encoded | None) -> None:
        """How near the simulator came to the slice; nothing for a made-up start."""
        if encoded is None:
            self.nearness.say("")
            return
        if encoded.difference <= NEAR:
            near = self.tr("The drawing is near the slice")
        elif encoded.difference <= FAR:
            near = self.tr("The drawing resembles the slice only roughly")
        else:
            near = self.tr("The drawing is far from the slice: it shows somebody else")
        words = self.tr(
            "{near}: they differ by {difference:.0f} of 255 grey levels on average. "
            "Placed at stage {stage:.2f}."
        )
        self.nearness.say(words.format(near=near, difference=encoded.difference, stage=encoded.start.stage))
