"""An image of another modality than the model reads: said, with a way to the right model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CT
from lungviewer.core.types import ImageRecord, Status
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.ui.notice import FILE_TOPIC, Notice
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import reason_codes

_SIGNS = {
    HISTOLOGY: (frozenset({"ct_slice"}), frozenset({"no_colour"})),
    CT: (frozenset({"not_ct"}), frozenset({"colour"})),
}
"""By what a model of this modality refuses what is of the other one, and what may be."""


class ModalityOffer(QObject):
    """Offers the default model of the other modality, once for every image and model."""

    offered = Signal(object, str, str)  # Notice, action, words of its button ("" without one)

    def __init__(self, session: ViewerSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._told: tuple[Path | None, str] = (None, "")
        session.current_changed.connect(self._look)
        session.outcome_changed.connect(self._look)
        session.model_changed.connect(self._look)

    @Slot(str)
    def take(self, action: str) -> None:
        """The button of a notice was pressed."""
        for modality in (CT, HISTOLOGY):
            if action == f"use-{modality}":
                self._told = None, ""  # put away by the button
                self._session.model.use(modality)

    @Slot()
    def _look(self) -> None:
        session, path = self._session, self._session.current
        record = None if path is None else session.record(path)
        info = session.engine_info
        if info is None and self._told[1] and self._told[0] == path:  # it was said of another model
            self._told = (path, "")
            self.offered.emit(Notice("info", "", FILE_TOPIC), "", "")
        if info is None or record is None:
            self._told = (path, "") if path != self._told[0] else self._told
            return
        now = path, info.provenance.model_sha256
        certain, possible = (bool(codes & set(_refusals(record))) for codes in _SIGNS[info.spec.modality])
        if now == self._told or not (certain or possible):
            return
        self._told = now
        other = CT if info.spec.modality == HISTOLOGY else HISTOLOGY
        button = "" if not info.other else self._button(other)
        if certain or button:
            text = self._text(other, certain, bool(button))
            self.offered.emit(Notice("info", text, FILE_TOPIC), f"use-{other}" if button else "", button)

    def _button(self, modality: str) -> str:
        return self.tr("Use the CT model") if modality == CT else self.tr("Use the histology model")

    def _text(self, other: str, certain: bool, there: bool) -> str:
        if other == CT and certain:
            text = self.tr("This is CT, and the model that is in use reads histology.")
            return text if there else self.tr("{text} No model for CT is installed.").format(text=text)
        if other == CT:
            return self.tr("This picture has no stain colour. If it is CT, the CT model can look at it.")
        if certain:
            text = self.tr("This is histology, and the model that is in use reads CT.")
            return text if there else self.tr("{text} No model for histology is installed.").format(text=text)
        return self.tr("This picture is in colour. If it is histology, the histology model can look at it.")


def _refusals(record: ImageRecord) -> tuple[str, ...]:
    return reason_codes(record) if record.status in (Status.REFUSED, Status.ERROR) else ()
