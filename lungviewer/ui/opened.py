"""What is open: a folder, or files, listed in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CtSeries
from lungviewer.core.errors import LungviewerError
from lungviewer.services.find import FoundFiles
from lungviewer.ui.jobs import Job
from lungviewer.ui.listing import Entry, Listing, Places, list_images
from lungviewer.ui.replaced import ReplacedRunner


class Opened(QObject):
    """`entries` in natural order and their `files`; `by_name`: paths by the names that scans give them;
    `series`: of the entries that stand for the slices of one."""

    place_changed = Signal()  # another folder, or none yet: `folder`; nothing is listed
    found = Signal(object)  # Places: it is known what the paths are; before they are read
    listed = Signal(object)  # Listing
    failed = Signal(object)  # LungviewerError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = ReplacedRunner("folders", self)
        self._job: Job | None = None
        self.asked: list[Path] = []
        self._forget()

    def _forget(self) -> None:
        self.folder: Path | None = None
        self.entries: tuple[Entry, ...] = ()
        self.files: tuple[Path, ...] = ()
        self.ignored = 0
        self.files_found: FoundFiles | None = None
        self.by_name: Mapping[str, Path] = MappingProxyType({})
        self.series: Mapping[Path, CtSeries] = MappingProxyType({})

    @property
    def listing(self) -> bool:
        """Whether it is not known yet what there is."""
        return self._job is not None

    def list(self, paths: Sequence[Path], otherwise: Sequence[Path], recursive: bool) -> None:
        """Look at these places instead; `otherwise` as for `list_images`."""
        self.drop()
        self._forget()
        asked = self.asked = [path.absolute() for path in paths]
        self._job = self._jobs.fresh().submit(lambda ctx: list_images(asked, otherwise, recursive, ctx))
        self._job.partial.connect(self._found)
        self._job.finished.connect(self._listed)
        self._job.failed.connect(self._failed)
        self.place_changed.emit()

    def drop(self) -> None:
        """Hear no more of what is on its way."""
        if self._job is not None:
            self._job.abandon()
        self._job = None

    def close(self) -> bool:
        """End the threads. False when one does not answer."""
        return self._jobs.close()

    @Slot(object)
    def _found(self, places: Places) -> None:
        self.folder = places.folder
        self.place_changed.emit()
        self.found.emit(places)

    @Slot(object)
    def _listed(self, listing: Listing) -> None:
        self._job = None
        self.folder, self.entries, self.by_name = listing.root, listing.entries, listing.by_name
        self.files = tuple(entry.path for entry in listing.entries)
        self.ignored, self.files_found, self.series = listing.ignored, listing.found, listing.series
        self.listed.emit(listing)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._job = None
        self.failed.emit(error)
