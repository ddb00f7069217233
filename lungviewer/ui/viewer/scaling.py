"""The scale in force for what is shown: stated by the plate, asked for by the popup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from lungviewer.core.ct import CT
from lungviewer.core.image import ImageInfo
from lungviewer.core.types import SLIDE
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.viewer.scale_chip import HU_SLICE, SAVED_SLICE, TISSUE, ScaleChip
from lungviewer.ui.viewer.scale_popup import ScalePopup


class Scaling(QObject):
    """Reads the session's scales, and changes them when a person gives one."""

    def __init__(
        self, session: ViewerSession, chip: ScaleChip, popup: ScalePopup, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._chip, self._popup = session, chip, popup
        self._shown: tuple[float, float | None, int, str] | None = None
        popup.given.connect(self._given)
        popup.given_to_folder.connect(session.set_folder_scale)

    def kind_of(self, info: ImageInfo) -> str:
        """What has the scale: tissue, or CT, which a person gives none to."""
        if info.kind == CT:
            return HU_SLICE
        spec = self._session.spec
        plain = spec is not None and spec.modality == "ct" and info.kind != SLIDE
        return SAVED_SLICE if plain else TISSUE

    def in_force(self, info: ImageInfo, path: Path) -> ImageInfo:
        """The facts with the person's scale in place of the file's."""
        kind = self.kind_of(info)
        if kind == SAVED_SLICE:
            return replace(info, um_per_px=None, um_per_px_source="")
        if kind == HU_SLICE:
            return info
        given = self._session.scale_of(path)
        return info if given is None else replace(info, um_per_px=given, um_per_px_source="user")

    def ask(self, info: ImageInfo, path: Path) -> None:
        """Open the small question."""
        given = self._session.scale_of(path)
        of_folder = given is not None and given == self._session.usual_scale
        self._popup.ask(info.um_per_px, given is not None, of_folder, info.magnification)

    def show(self, zoom: float, info: ImageInfo, view_width: int) -> bool:
        """Bring the plate up to date; True when it says something else than before."""
        wanted = (zoom, info.um_per_px, view_width, self.kind_of(info))
        if wanted == self._shown and not self._chip.isHidden():
            return False
        self._shown = wanted
        self._chip.show_scale(*wanted)
        self._chip.show()
        return True

    @Slot(object)
    def _given(self, um_per_px: float | None) -> None:
        if self._session.current is not None:
            self._session.set_scale(self._session.current, um_per_px)
