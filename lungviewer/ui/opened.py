"""What is open: a folder, or files, listed in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CtSeries
from lungviewer.core.errors import LungviewerError
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.find import FoundFiles
from lungviewer.ui.jobs import Job
from lungviewer.ui.listing import Entry, Listing, Places, list_images
from lungviewer.ui.notice import Notice
from lungviewer.ui.replaced import ReplacedRunner
from lungviewer.ui.words import count

_TOPIC = "folder"


class Opened(QObject):
    """`entries` in natural order and their `files`; `by_name`: paths by the names that scans give them;
    `series` and `labels` of the entries that stand for the slices of one."""

    place_changed = Signal()  # another folder, or none yet: `folder`; nothing is listed
    found = Signal(object)  # Places: it is known what the paths are; before they are read
    advanced = Signal(object)  # Progress: files that were looked into, while they are listed
    listed = Signal(object)  # Listing
    not_listed = Signal()  # nothing can be listed; `noticed` says why
    noticed = Signal(object)  # Notice

    def __init__(self, decoder: IsolatedDecoder | None = None, parent: QObject | None = None) -> None:
        """`decoder`: asked about files whose beginning does not tell whether they are slices."""
        super().__init__(parent)
        self._decoder = decoder
        self._jobs = ReplacedRunner("folders", self)
        self._job: Job | None = None
        self.asked: list[Path] = []
        self._strays = 0
        self._forget()

    def _forget(self) -> None:
        self.folder: Path | None = None
        self.entries: tuple[Entry, ...] = ()
        self.files: tuple[Path, ...] = ()
        self.ignored = 0
        self.files_found: FoundFiles | None = None
        self.by_name: Mapping[str, Path] = MappingProxyType({})
        self.series: Mapping[Path, CtSeries] = MappingProxyType({})
        self.labels: Mapping[Path, str] = MappingProxyType({})

    @property
    def first(self) -> Path:
        """What is looked at unasked: the longest series, where there is one, else the first entry."""
        first, rank = self.files[0], {path: len(one.slices) for path, one in self.series.items()}
        return max(filter(rank.__contains__, self.files), key=rank.__getitem__, default=first)

    @property
    def listing(self) -> bool:
        """Whether it is not known yet what there is."""
        return self._job is not None

    def name_of(self, path: Path) -> str:
        """What an entry is called, without its folder."""
        return self.labels.get(path, path.name)

    def files_of(self, path: Path) -> tuple[Path, ...]:
        """The files that an entry stands for: itself, or those of its slices, each once."""
        series = self.series.get(path)
        return (path,) if series is None else series.files

    def file_at(self, path: Path | None, slice_index: int) -> Path | None:
        """The file that is looked at: of a series, that of its slice."""
        series = None if path is None else self.series.get(path)
        return path if series is None else series.slices[slice_index].path

    def middle_files(self) -> dict[Path, Path]:
        """The file of the middle slice of every series."""
        return {path: one.slices[len(one.slices) // 2].path for path, one in self.series.items()}

    def place_of(self, file: Path | None) -> tuple[Path, int | None] | None:
        """The entry that a file is listed under, and which slice of it the file is; None: neither."""
        if file is None:
            return None
        for path, series in self.series.items():
            for index, part in enumerate(series.slices):
                if part.path == file:
                    one_file = part.path == series.slices[-1].path
                    return path, None if one_file else index
        return (file, None) if file in self.files else None

    def list(self, paths: Sequence[Path], otherwise: Sequence[Path], recursive: bool) -> None:
        """Look at these places instead; `otherwise` as for `list_images`."""
        self.drop()
        self._forget()
        self._say_strays(0)
        asked = self.asked = [path.absolute() for path in paths]
        decoder = self._decoder
        self._job = self._jobs.fresh().submit(
            lambda ctx: list_images(asked, otherwise, recursive, decoder, ctx)
        )
        self._job.partial.connect(self._found)
        self._job.progressed.connect(self.advanced)
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
        self.ignored, self.files_found = listing.ignored, listing.found
        self.series, self.labels = listing.series, listing.labels
        if listing.problem:
            self.noticed.emit(Notice("warning", listing.problem))
        self._say_strays(listing.strays)
        self.listed.emit(listing)

    def _say_strays(self, files: int) -> None:
        """0 takes back what was said of another folder."""
        if not files and not self._strays:
            return
        self._strays = files
        text = self.tr("{n} DICOM files are no CT slices or cannot be read: they are listed by themselves.")
        if files == 1:
            text = self.tr("1 DICOM file is no CT slice or cannot be read: it is listed by itself.")
        self.noticed.emit(Notice("info", text.format(n=count(files)) if files else "", _TOPIC))

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._job = None
        self.noticed.emit(Notice("error", error.sentence))
        self.not_listed.emit()
