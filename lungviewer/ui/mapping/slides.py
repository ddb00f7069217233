"""Which slide is mapped, and when: the one that is looked at, as the settings and the person say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lungviewer.core.errors import FileChanged, LungviewerError
from lungviewer.core.types import SLIDE, ImageRecord
from lungviewer.services.opening import EngineKeeper
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.ui.jobs import JobRunner
from lungviewer.ui.mapping.mapper import How, MapEnd, Mapper
from lungviewer.ui.mapping.trial import TissueTrial
from lungviewer.ui.mapping.wishes import SlideWish
from lungviewer.ui.notice import Notice
from lungviewer.ui.unmapped import cannot_be_mapped, lacks_scale

if TYPE_CHECKING:
    from lungviewer.ui.session import ViewerSession


class SlideMapping(QObject):
    """Maps the slide that is looked at, and nothing else.

    Choosing another image stops it, and coming back goes on: what was done is on the disk, and a program that
    works on what nobody looks at would take the machine from what somebody does. For slides overnight there
    is the command line.
    """

    changed = Signal()  # what is being mapped, how far, or how a slide is wanted

    def __init__(self, session: ViewerSession, keeper: EngineKeeper | None = None) -> None:
        """`keeper`: see `Mapper`."""
        super().__init__(session)
        self._session = session
        self.mapper = Mapper(keeper, self)
        self.jobs = JobRunner("slides", self)  # what is asked about the slide beside its map
        self.trial = TissueTrial(self.jobs, session.decoder, self)
        self._slides: set[Path] = set()
        self._wishes: dict[Path, SlideWish] = {}
        self._asked: set[Path] = set()
        self._held: set[Path] = set()
        self._errors: dict[Path, LungviewerError] = {}
        self.mapper.advanced.connect(self._advanced)
        self.mapper.ended.connect(self._ended)
        self.mapper.changed.connect(self.changed)
        session.current_changed.connect(self._another)
        session.outcome_changed.connect(self._known)
        session.settings.changed.connect(self._go_on)

    # --- what there is to know -------------------------------------------------------------------

    @property
    def map(self) -> SlideMap | None:
        """The map of the slide that is looked at, as far as it is; None for other images."""
        result = self._session.result()
        return None if result is None else result.slide

    @property
    def running(self) -> bool:
        """Whether the slide that is looked at is being mapped."""
        return self.mapper.path is not None and self.mapper.path == self._session.current

    @property
    def lacks_scale(self) -> bool:
        """Whether the slide that is looked at cannot be mapped because nobody knows its scale."""
        record = self._session.record(self._session.current)
        return record is not None and lacks_scale(record)

    @property
    def impossible(self) -> bool:
        """Whether the slide that is looked at is seen and cannot be mapped: no scale, or too small."""
        record = self._session.record(self._session.current)
        return record is not None and cannot_be_mapped(record)

    @property
    def can_start(self) -> bool:
        """Whether there is something left to map of the slide that is looked at."""
        known = self.map
        return known is not None and not known.complete and not self.running

    @property
    def error(self) -> LungviewerError | None:
        """Why mapping the slide that is looked at ended before its end."""
        current = self._session.current
        return None if current is None else self._errors.get(current)

    def is_slide(self, path: Path) -> bool:
        """Whether an image is a whole slide; False while nobody knows."""
        return path in self._slides

    def wish(self, path: Path) -> SlideWish:
        """How this slide is to be looked at."""
        return self._wishes.get(path, SlideWish())

    # --- what a person does ----------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Map the slide that is looked at, or go on with it."""
        path, known = self._session.current, self.map
        if path is None or known is None or known.complete:
            return
        self._held.discard(path)
        self._errors.pop(path, None)
        self._asked.add(path)
        self._begin(path, known.options)

    @Slot()
    def stop(self) -> None:
        """Stop; the map stays as far as it is until it is started again."""
        if self.mapper.path is not None:
            self._held.add(self.mapper.path)
            self._asked.discard(self.mapper.path)
            self.mapper.stop()

    @Slot()
    def toggle(self) -> None:
        """Stop when it runs, else start."""
        if self.running:
            self.stop()
        else:
            self.start()

    def give_wish(self, path: Path, wish: SlideWish) -> None:
        """Look at a slide in another way: its map is planned anew, and what was kept of the same plan is
        taken up again."""
        if wish != self.wish(path):
            self._wishes[path] = wish
            self.trial.end()
            self._session.ask_again(path)
            self.changed.emit()

    def close(self) -> bool:
        """Stop, and end the thread. False when it does not answer."""
        ended = [runner.close() for runner in (self.mapper, self.jobs)]
        return all(ended)

    # --- keeping up ------------------------------------------------------------------------------

    @Slot()
    def _another(self) -> None:
        if self.mapper.path != self._session.current:
            self.mapper.stop()
        self.trial.end()
        self._go_on()
        self.changed.emit()

    @Slot(object)
    def _known(self, path: Path) -> None:
        """More is known about an image, or nothing any more: another file, scale, model or plan counts."""
        result, record = self._session.result(path), self._session.record(path)
        if record is not None:
            (self._slides.add if _of_slide(record) else self._slides.discard)(path)
        if result is None or result.slide is None:
            self._errors.pop(path, None)
            if path == self.mapper.path:
                self.mapper.abandon()
        if path == self._session.current:
            self._go_on()

    @Slot()
    def _go_on(self) -> None:
        """Map what is looked at, when nothing speaks against it."""
        path, known = self._session.current, self.map
        if path is None or known is None or known.complete:
            return
        wanted = self._session.settings.current.map_opened_slides or path in self._asked
        if self.mapper.path == path and not self.mapper.stopping:
            return
        if wanted and path not in self._held and path not in self._errors:
            self._begin(path, known.options)

    def _begin(self, path: Path, options: MapOptions) -> None:
        session = self._session
        self.mapper.start(path, options, session.state_of(path), session.choice)

    @Slot(object, object)
    def _advanced(self, path: Path, so_far: SlideMap) -> None:
        self._session.take_map(path, so_far)

    @Slot(object, object)
    def _ended(self, path: Path, end: MapEnd) -> None:
        for note in end.notes:
            self._session.noticed.emit(Notice("info", note))
        if end.how is How.FAILED and end.error is not None:
            self._errors[path] = end.error
            if isinstance(end.error, FileChanged):
                self._session.look_again()
        self.changed.emit()


def _of_slide(record: ImageRecord) -> bool:
    return record.kind == SLIDE or lacks_scale(record)
