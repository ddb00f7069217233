"""What is open, which model answers, and what it has said: widgets read this and never each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.ct import CtSeries
from lungviewer.core.errors import LungviewerError
from lungviewer.core.model import ModelSpec
from lungviewer.core.types import ImageRecord
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import ImageResult
from lungviewer.services.file_state import FileState
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.slide_result import SlideMap, as_image_result
from lungviewer.ui.answering import Outcome
from lungviewer.ui.answers import Answers
from lungviewer.ui.asking import Asking
from lungviewer.ui.ct.current_slice import CurrentSlice
from lungviewer.ui.engine_info import EngineInfo
from lungviewer.ui.explaining import Explaining
from lungviewer.ui.file_watch import FileWatch
from lungviewer.ui.jobs import JobRunner
from lungviewer.ui.listing import Listing, Places
from lungviewer.ui.mapping.slides import SlideMapping
from lungviewer.ui.model_in_force import ModelInForce
from lungviewer.ui.notice import FILE_TOPIC, Notice
from lungviewer.ui.opened import Opened
from lungviewer.ui.settings import SettingsStore

_NOW, _LATER = -10, 10  # ranks: the image that is looked at, the rest of its folder


class ViewerSession(QObject):
    """The state behind the window. Lives in the GUI thread; slow work goes through its runners:
    `model_jobs` may use the engine, `file_jobs` reads folders and packs."""

    folder_changed = Signal()  # another folder: `folder`; it is empty while `opened.listing`
    files_changed = Signal()  # `opened.entries` and their `files` have arrived, in natural order
    current_changed = Signal()  # another image is looked at, or none
    outcome_changed = Signal(object)  # Path: what is known about it has changed
    model_changed = Signal()  # `engine_info` or `engine_error`
    scale_changed = Signal()  # the person gave a scale for the current image
    file_changed = Signal(object)  # Path: another file lies where the one lay that was answered
    noticed = Signal(object)  # Notice

    def __init__(
        self,
        settings: SettingsStore,
        keeper: EngineKeeper | None = None,
        parent: QObject | None = None,
        mapping_keeper: EngineKeeper | None = None,
    ) -> None:
        """`keeper`, `mapping_keeper`: where engines come from; tests give some with a fake backend."""
        super().__init__(parent)
        self.settings = settings
        self.explaining = Explaining(settings, self)
        self.decoder = IsolatedDecoder(workers=2)
        self.model_jobs = JobRunner("model", self)
        self.file_jobs = JobRunner("files", self)
        self.opened = Opened(self.decoder, self)
        self._watch = FileWatch(self)
        self.keeper = keeper or EngineKeeper()
        self.model_jobs.at_close(self.keeper.close)
        self.model = ModelInForce(settings, self.model_jobs, self.keeper, self)
        self.current: Path | None = None
        self.slice = CurrentSlice(self)
        self._answers = Answers()
        self._asking = Asking(self.model_jobs, self.keeper, self.decoder, self)
        self._wanted: Path | None = None
        self.opened.place_changed.connect(self.folder_changed)
        self.opened.found.connect(self._found_places)
        self.opened.listed.connect(self._listed)
        self.opened.not_listed.connect(self.files_changed)
        self.opened.noticed.connect(self.noticed)
        self._watch.changed.connect(self._file_changed)
        self.model.changed.connect(self.model_changed)
        self.model.changed.connect(self._ask_the_unanswered)
        self.model.replaced.connect(self.forget_answers)
        self.model.noticed.connect(self.noticed)
        self._asking.answered.connect(self._answered)
        self._asking.failed.connect(self.outcome_changed)  # said once when the model was loaded
        self.is_left_alone, self.is_pending = self._asking.leaves, self._asking.asks
        self.mapping = SlideMapping(self, mapping_keeper)

    # --- the model -------------------------------------------------------------------------------

    @property
    def choice(self) -> EngineChoice:
        return self.model.choice

    @property
    def engine_info(self) -> EngineInfo | None:
        return self.model.info

    @property
    def engine_error(self) -> LungviewerError | None:
        return self.model.error

    @property
    def spec(self) -> ModelSpec | None:
        return None if self.engine_info is None else self.engine_info.spec

    def load_model(self) -> None:
        """Open the chosen model in the background; `model_changed` follows."""
        self.model.load()

    # --- what is open ----------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        return self.opened.folder

    @property
    def files(self) -> tuple[Path, ...]:
        return self.opened.files

    def series(self, path: Path | None = None) -> CtSeries | None:
        """The slices that an entry (default: the current one) stands for; None for other images."""
        return self.opened.series.get(path or self.current)

    def open_paths(self, paths: Sequence[Path], otherwise: Sequence[Path] = ()) -> None:
        """Open folders and files: a folder is listed, one file is shown with what lies beside it, several
        files are shown alone. `otherwise`: opened when the only path is not there."""
        if not paths:
            return
        self.drop_work()
        self._answers.forget_all()
        self._wanted = None
        self._look_at(None)
        self.opened.list(paths, otherwise, self.settings.current.recursive)

    @Slot()
    def refresh(self) -> None:
        """Read what is open again, and look at the same image."""
        wanted = self.opened.file_at(self.current, self.slice.index)
        self.open_paths(self.opened.asked)
        self._wanted = wanted

    @Slot(object)
    def _found_places(self, places: Places) -> None:
        """The file that was named is looked at before its folder is read, unless it is a slice."""
        if places.slice:
            self._wanted = self._wanted or places.file
        elif places.file is not None:
            self.model.suit(HISTOLOGY)
            self.select(places.file)
        if places.folder is not None:
            self.settings.remember(places.file or places.folder)

    @Slot(object)
    def _listed(self, listing: Listing) -> None:
        if listing.modality:
            self.model.suit(listing.modality)
        self.files_changed.emit()
        if self.files and self.current is None and not self.show(self._wanted):
            self.select(self.opened.first)
        if len(self.files) <= self.settings.current.classify_up_to:
            self.classify(self.files)

    def drop_work(self) -> None:
        """Hear no more of what is on its way."""
        self._asking.drop_all()
        self.mapping.mapper.abandon()
        self.opened.drop()

    def select(self, path: Path | None, slice_index: int | None = None) -> None:
        """Look at an image: its answer is fetched before anything else. `slice_index` of a series; None: the
        middle one."""
        if path == self.current:
            if slice_index is not None:
                self.slice.select(slice_index)
            return
        self._look_at(path, slice_index)
        if path is None:
            return
        if self._answers.is_whole(path):
            self.look_again()
        else:
            self.ask(path)

    def show(self, file: Path | None) -> bool:
        """Look at a file that is listed, or at the slice that it is; False when it is not."""
        place = self.opened.place_of(file)
        if place is not None:
            self.select(*place)
        return place is not None

    def _look_at(self, path: Path | None, slice_index: int | None = None) -> None:
        before, self.current = self.current, path
        if before is not None and self.series(before) is not None:
            self._asking.drop(before)  # what is known by now is gone on with
        series = None if path is None else self.series(path)
        self.slice.reset(0 if series is None else len(series.slices), slice_index)
        self.current_changed.emit()

    @Slot()
    def look_again(self) -> None:
        """See whether the file that is looked at is still the one that was answered; `file_changed` and a new
        answer follow when it is not."""
        path = self.current
        if path in self._answers.states:
            self._watch.look(path, self._answers.states[path], self.opened.files_of(path))

    @Slot(object, str)
    def _file_changed(self, path: Path, text: str) -> None:
        if path == self.current and not self.is_pending(path):
            self.noticed.emit(Notice("info", text, FILE_TOPIC))
            self.ask_again(path)
            self.file_changed.emit(path)

    def state_of(self, path: Path) -> FileState | None:
        """What the file was like when the answer was made; None while there is no answer."""
        return self._answers.states.get(path)

    def stop(self, path: Path) -> None:
        """Want no more of an answer than there is."""
        self._asking.drop(path)
        self.outcome_changed.emit(path)

    def record(self, path: Path) -> ImageRecord | None:
        """The row of an image, or None when nothing is known yet."""
        return self._answers.rows.get(path)

    def result(self, path: Path | None = None) -> ImageResult | None:
        """The full answer with maps of an image (default: the current one), while it is kept."""
        return self._answers.result(path or self.current)

    def classify(self, paths: Iterable[Path]) -> None:
        """Fetch the answers that are not there yet, in the background."""
        for path in paths:
            if path not in self._answers.rows and not self._asking.knows(path):
                self.ask(path, _LATER)

    @Slot()
    def _ask_the_unanswered(self) -> None:
        """A model that loads answers what the one before could not, as far as anything is asked unasked."""
        if self.engine_info is None or len(self.files) > self.settings.current.classify_up_to:
            return
        if self.current in self.files and not (self.record(self.current) or self.is_pending(self.current)):
            self.ask(self.current)
        self.classify(self.files)

    @Slot()
    def forget_answers(self) -> None:
        """Ask again: the model or the scale has changed."""
        self._asking.drop_pending()
        known = list(self._answers.rows)
        self._answers.forget_all()
        for path in known:
            self.outcome_changed.emit(path)
        if self.current is not None:
            self.ask(self.current)
        self.classify(known if len(known) <= self.settings.current.classify_up_to else ())

    def scale_of(self, path: Path) -> float | None:
        """µm/px that the person gave for this image, or, where the file says none, for all such; None: what
        the file says."""
        return self._answers.scale_of(path)

    @property
    def usual_scale(self) -> float | None:
        """µm/px for images of the open folder whose file says none."""
        return self.settings.current.usual_scale(self.folder)

    def set_folder_scale(self, um_per_px: float | None) -> None:
        """Give the images of the open folder a scale where their files say none; it is remembered."""
        if self.folder is not None:
            self.settings.remember_scale(self.folder, um_per_px)
            self._answers.scales.clear()
            self.forget_answers()
            self.scale_changed.emit()

    def set_scale(self, path: Path, um_per_px: float | None) -> None:
        """Give one image a scale (None takes it back), and ask again; that of a slide is remembered."""
        self.settings.remember_slide_scale(self._answers.slide_keys.get(path, ""), um_per_px)
        self._answers.give_scale(path, um_per_px)
        self.ask_again(path)
        self.scale_changed.emit()

    def ask_again(self, path: Path) -> None:
        """Forget the answer for an image and fetch it anew."""
        self._answers.forget(path)
        self.ask(path)
        self.outcome_changed.emit(path)

    def take_records(
        self, root: Path, records: Iterable[ImageRecord], scanned_um_per_px: float | None = None
    ) -> None:
        """Rows of a scan of `root` that laid a scale over what files say (None: it did not). Shown when that
        folder is open, where the model in force would say the same."""
        if self.folder is None or root != self.folder or self.engine_info is None:
            return
        scales = {"scanned_um_per_px": scanned_um_per_px, "usual": self.usual_scale}
        rows = ((self.opened.by_name.get(record.path), record) for record in records)
        for path, known in self._answers.take_rows(rows, self.engine_info.provenance, **scales):
            if known and path == self.current:
                self.ask(path)
            self.outcome_changed.emit(path)

    def take_map(self, path: Path, slide: SlideMap) -> None:
        """What is known of a slide by now, while or after it is mapped."""
        if self._answers.renew(path, as_image_result(slide), self.current):
            self.outcome_changed.emit(path)

    def ask(self, path: Path, rank: int = _NOW) -> None:
        """Fetch the answer for an image, or the rest of it."""
        self._asking.ask(self._answers.question(path, self), self.choice, rank)

    @Slot(object)
    def _answered(self, found: tuple[Path, Outcome | None]) -> None:
        path, outcome = found
        if outcome is not None:
            self._answers.put(path, outcome, self.current)
            if outcome.assumed is not None or outcome.given is not None:
                self.scale_changed.emit()
        self.outcome_changed.emit(path)

    def close(self) -> bool:
        """End the threads and the decoder. False when something does not answer."""
        self.drop_work()
        # The decoder first: a job may be waiting for it.
        self.decoder.close()
        runners = (self.mapping, self.model_jobs, self.file_jobs, self.opened, self._watch)
        ended = [runner.close() for runner in runners]
        return all(ended)
