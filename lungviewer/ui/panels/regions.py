"""The places of a large image that speak most for tumour and for the class, as pictures to jump to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import ImageResult
from lungviewer.services.regions import Region, cut_regions, telling_regions
from lungviewer.ui.enter_button import EnterButton
from lungviewer.ui.jobs import Job
from lungviewer.ui.panels.shown import Phase, Shown, shown_class
from lungviewer.ui.prose import Prose
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.words import class_label, count, in_percent, percent

_MOST = 9
_ACROSS = 3
_ICON_PX = 76
_PIXELS = 2 * _ICON_PX
"""Sharp on a screen of twice the density."""

_LATER = 10


class RegionButton(EnterButton):
    """One place."""

    jump_asked = Signal(float, float)

    def __init__(
        self,
        region: Region,
        number: int,
        called: str = "",
        parent: QWidget | None = None,
        *,
        slide: bool = False,
    ) -> None:
        """`called`: the label of the class whose strongest field, or tile of a slide, this is."""
        super().__init__(parent)
        self._centre = region.rect.centre
        if region.pixels is not None:
            self.setIcon(QIcon(QPixmap.fromImage(rgb_image(region.pixels))))
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        text = self.tr("Region {n}: strongest tile called {label}")
        if not slide:
            text = self.tr("Region {n}: strongest field called {label}")
        text = text.format(n=number, label=called)
        if not called:
            share = percent(region.share) if region.share < 1 else in_percent("100")
            text = self.tr("Region {n}: evidence {share} of the strongest region's").format(
                n=number, share=share
            )
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.clicked.connect(self._clicked)

    @Slot()
    def _clicked(self) -> None:
        self.jump_asked.emit(*self._centre)


class RegionsSection(QWidget):
    """Up to nine places: the strongest field of each tumour class that fields were called, then the strongest
    for the class that is shown. Centres go out in level-0 pixels."""

    jump_asked = Signal(float, float)

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._about: tuple[ImageResult, str] | None = None
        self._state = Shown(Phase.NO_IMAGE)
        self.buttons: list[RegionButton] = []
        self.captions: list[Prose] = []
        self.tumour_text = Prose(faint=True, selectable=True)
        self.text = Prose(faint=True, selectable=True)
        self._tumours, self._grid = QGridLayout(), QGridLayout()
        self._tumours.setColumnStretch(1, 1)
        self._grid.setColumnStretch(_ACROSS, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 8)
        for text, grid in ((self.tumour_text, self._tumours), (self.text, self._grid)):
            grid.setSpacing(2)
            column.addWidget(text)
            column.addLayout(grid)
        self.tumour_text.hide()
        session.explaining.changed.connect(self._explaining_changed)

    @staticmethod
    def concerns(state: Shown) -> bool:
        """Whether there is more than one field, so that places can differ."""
        return state.result is not None and (state.record is None or (state.record.tiles or 1) > 1)

    def show_state(self, state: Shown) -> None:
        self._state = state
        class_id = shown_class(state, self._session.explaining)
        result, spec, path = state.result, state.spec, state.path
        if not self.concerns(state) or class_id is None or result is None or spec is None or path is None:
            self._clear()
            self.text.say(self.tr("No class was called. Choose one under Explanation."))
            return
        if result.slide is not None and self._session.mapping.running:
            self._clear()
            self.text.say(self.tr("They are cut out when the map is complete, or when it is stopped."))
            return
        if self._about is not None and self._about[0] is result and self._about[1] == class_id:
            return
        self._clear()
        self._about = (result, class_id)
        self.text.say(self.tr("Cutting out the regions…"))
        scale, decoder = self._session.scale_of(path), self._session.decoder
        self._job = self._session.file_jobs.submit(
            lambda ctx: _cut(path, result, class_id, spec, scale, decoder, ctx), rank=_LATER
        )
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)

    def shutdown(self) -> None:
        self._clear()

    @Slot(object)
    def _finished(self, regions: tuple[Region, ...]) -> None:
        self._job = None
        if not regions or self._about is None:
            self.text.say(self.tr("Nothing in the map speaks for this class."))
            return
        (result, class_id), spec = self._about, self._session.spec
        first = [region for region in regions if region.called]
        for region in first:
            self._add_tumour(region, class_label(region.called, spec), result.calls_by_class()[region.called])
        if first:
            self.tumour_text.say(
                self.tr("Tiles called tumour; press one to go there.")
                if result.slide is not None
                else self.tr("Fields called tumour; press one to go there.")
            )
        for i, region in enumerate(regions[len(first) :]):
            self._grid.addWidget(self._button(region), i // _ACROSS, i % _ACROSS)
        text = self.tr("Most evidence for {label}; press one to go there.")
        if len(first) == len(regions):
            told = any(region.called == class_id for region in first)
            text = "" if told else self.tr("Nothing in the map speaks for {label}.")
        self.text.say(text.format(label=class_label(class_id, spec)))

    def _add_tumour(self, region: Region, label: str, fields: int) -> None:
        if self._of_slide:
            text = self.tr("{label}, the only tile")
            text = text if fields == 1 else self.tr("{label}, strongest of {n} tiles")
        else:
            text = self.tr("{label}, the only field")
            text = text if fields == 1 else self.tr("{label}, strongest of {n} fields")
        caption = Prose(text.format(label=label, n=count(fields)), selectable=True)
        row = len(self.captions)
        self._tumours.addWidget(self._button(region, label), row, 0)
        self._tumours.addWidget(caption, row, 1)
        self.captions.append(caption)

    def _button(self, region: Region, called: str = "") -> RegionButton:
        button = RegionButton(region, len(self.buttons) + 1, called, slide=self._of_slide)
        button.jump_asked.connect(self.jump_asked)
        self.buttons.append(button)
        return button

    @property
    def _of_slide(self) -> bool:
        return self._about is not None and self._about[0].slide is not None

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._job = None
        self.text.say(error.sentence)

    @Slot()
    def _explaining_changed(self) -> None:
        self.show_state(self._state)

    def _clear(self) -> None:
        job, self._job, self._about = self._job, None, None
        if job is not None:
            job.abandon()
        self.tumour_text.say("")
        for widget in (*self.buttons, *self.captions):
            for grid in (self._tumours, self._grid):
                grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self.buttons.clear()
        self.captions.clear()


def _cut(
    path: Path,
    result: ImageResult,
    class_id: str,
    spec: ModelSpec,
    scale: float | None,
    decoder: IsolatedDecoder,
    ctx: JobContext,
) -> tuple[Region, ...]:
    regions = telling_regions(result, class_id, spec, _MOST)
    return cut_regions(path, regions, _PIXELS, um_per_px=scale, isolated=decoder, ctx=ctx)
