"""The picture at the chosen stage; beside it the slice that was encoded, and what was drawn of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lungviewer.core.simulator import Stage, stage_label
from lungviewer.services.progression import Encoded
from lungviewer.ui.elided import ElidedLabel
from lungviewer.ui.progression.picture import SquarePicture

_PICTURE_PX = 150


class _Captioned(QWidget):
    """A picture under its words."""

    def __init__(self, words: str, *, synthetic: bool = True) -> None:
        super().__init__()
        self.caption = ElidedLabel()
        self.caption.setText(words)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.picture = SquarePicture(words, _PICTURE_PX, synthetic=synthetic)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.caption)
        column.addWidget(self.picture, 1)


class Pictures(QWidget):
    """`at_stage` alone for a made-up start; `seen` and `drawn` beside it for an encoded one."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = _Captioned(self.tr("The slice, as the simulator sees it"), synthetic=False)
        self._drawn = _Captioned(self.tr("What it draws of the slice"))
        self._at_stage = _Captioned(self.tr("At the stage below"))
        self.seen, self.drawn, self.at_stage = (
            part.picture for part in (self._seen, self._drawn, self._at_stage)
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for part in (self._seen, self._drawn, self._at_stage):
            row.addWidget(part, 1)
        self.show_encoded(None, ())

    def show_encoded(self, encoded: Encoded | None, stages: tuple[Stage, ...]) -> None:
        """Show the slice and its drawing, or neither."""
        for part in (self._seen, self._drawn):
            part.setVisible(encoded is not None)
        self._at_stage.caption.setVisible(encoded is not None)
        if encoded is not None:
            self.seen.show_grey(encoded.seen)
            self.drawn.show_grey(encoded.drawn, stage_label(stages, encoded.start.stage))
