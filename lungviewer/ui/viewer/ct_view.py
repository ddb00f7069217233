"""CT in the slide view: which slice, through which window, and what is said of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from lungviewer.core.ct import CtSeries, window_table
from lungviewer.core.ct_letters import end_letters
from lungviewer.services.ct_result import SeriesResult, SliceCall
from lungviewer.ui.ct.cine import Cine
from lungviewer.ui.ct.ct_bar import CtBar
from lungviewer.ui.ct.picture_keys import PictureKeys
from lungviewer.ui.ct.presets import presets_for
from lungviewer.ui.ct.remembered import RememberedLooks
from lungviewer.ui.ct.slice_marks import call_words, marks_of
from lungviewer.ui.ct.window_level import WindowLevel
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.viewer.furniture import Furniture
from lungviewer.ui.viewer.hu_inspector import HuInspector
from lungviewer.ui.viewer.opening import OpenedView
from lungviewer.ui.viewer.orientation import EdgeLetters
from lungviewer.ui.viewer.slice_input import SliceInput
from lungviewer.ui.viewer.slice_layer import SliceLayer
from lungviewer.ui.viewer.slice_plate import slice_words
from lungviewer.ui.viewer.slide_view import SlideView

_QUIET_MS = 150
"""A slice that is read faster than this needs no word about it."""


class CtViewing(QObject):
    """Shows the session's current slice. Reads the session, and changes its `slice` only."""

    opened = Signal()  # a series is shown, or none any more
    changed = Signal()  # plates say more or less than before
    slice_shown = Signal()  # another slice is seen: other answers belong to it

    def __init__(
        self, session: ViewerSession, view: SlideView, furniture: Furniture, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._view, self._furniture = session, view, furniture
        self._series: CtSeries | None = None
        self._told = True
        self.levels = WindowLevel(self)
        self.layer = SliceLayer(view.scene(), self)
        self.cine = Cine(self._forward, lambda: self.layer.is_settled, self)
        self.looks = RememberedLooks(session.settings, self.levels, self.cine, self)
        self.bar = CtBar(session.slice, self.cine, self.levels, parent)
        self.bar.hide()
        self.bar.done.connect(view.setFocus)
        self.keys = PictureKeys(session, view)
        self._input = SliceInput(view, session.slice, self.levels)
        self._hu = HuInspector(view, self.layer, furniture.tile)
        self._hu.changed.connect(self.changed)
        self._hu.moved.connect(self._hu_moved)
        self.letters = EdgeLetters(view, furniture.covered)
        furniture.keep_clear = self.letters.places
        self._patience = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._patience.timeout.connect(self._say_reading)
        session.slice.changed.connect(self._select)
        self.layer.shown.connect(self._slice_is_shown)
        self.levels.changed.connect(self._window_changed)

    @property
    def series(self) -> CtSeries | None:
        """What is shown; None: nothing, or no CT."""
        return self._series

    def place_bar(self, room: QRect) -> QRect:
        """Put the bar at the bottom of a room, while there is one; returns what is left for the picture."""
        if self.bar.isHidden():
            return room
        high = min(self.bar.sizeHint().height(), room.height() // 2)
        self.bar.setGeometry(room.adjusted(0, room.height() - high, 0, 0))
        return room.adjusted(0, 0, 0, -high)

    def show(self, opened: OpenedView, series: CtSeries) -> None:
        """Show a series that was opened; owns its source from now on."""
        self._series = series
        spacing = series.spacing_mm
        aspect = 1.0 if spacing is None else spacing[0] / spacing[1]
        self._view.show_plane(series.width, series.height, aspect)
        self._view.ruler.measure(um_per_row_pixel(series), aspect, in_mm=True)
        self.layer.show(opened.source, len(series.slices))
        self.letters.show(series)
        self.bar.show_ends(*_ends(series))
        self._input.on = True
        self.levels.begin(self._presets(series))
        self.bar.show()
        if self._session.slice.count == len(series.slices):
            self._select(self._session.slice.index)
        else:
            self._session.slice.reset(len(series.slices), len(series.slices) // 2)
        self.opened.emit()
        self.changed.emit()

    def clear(self) -> None:
        """Show no CT."""
        self.cine.play(False)
        self._patience.stop()
        self.layer.clear()
        self._input.on = False
        self.levels.end_drag()
        self._hu.show(None)
        self.letters.show(None)
        self._furniture.slice.hide()
        self.bar.hide()
        if self._series is not None:
            self._series = None
            self.opened.emit()
            self.changed.emit()

    def refresh(self, told: bool) -> None:
        """Look again at what is known of the slices, if it may be told, and at the model's window."""
        self._told = told
        series = self._series
        if series is None:
            return
        self.levels.offer(self._presets(series))
        result = self._result()
        self.bar.show_marks(marks_of(result, self._session.spec))
        self._say()

    def stop(self) -> bool:
        """Read nothing more; False when what is being read does not end."""
        self.clear()
        return self.layer.stop()

    # --- slices ------------------------------------------------------------------------------------

    def _forward(self) -> None:
        slices = self._session.slice
        slices.select((slices.index + 1) % max(1, slices.count))

    @Slot(int)
    def _select(self, index: int) -> None:
        if self._series is None or self._session.slice.count != len(self._series.slices):
            return
        self.layer.select(index)
        if not self.layer.is_settled and not self._patience.isActive():
            self._patience.start()

    @Slot(int)
    def _slice_is_shown(self, index: int) -> None:
        self._patience.stop()
        self._furniture.message.hide()
        self._view.ruler.page = index
        error = self.layer.error
        why = ""
        if error is not None and self._series is not None:
            why = self.tr("{slice} cannot be shown. {why}").format(
                slice=slice_words(self._series, index), why=error.sentence
            )
        self._furniture.notes.say("unreadable", why)
        self._hu.show(self._series)
        self._show_picture()
        self._say()
        self.slice_shown.emit()

    @Slot()
    def _say_reading(self) -> None:
        if self._series is not None and not self.layer.is_settled:
            words = slice_words(self._series, self._session.slice.index)
            self._furniture.message.say(self.tr("{slice} is being read…").format(slice=words))
            self.changed.emit()

    # --- the window --------------------------------------------------------------------------------

    def _presets(self, series: CtSeries) -> tuple:
        spec = self._session.spec
        return presets_for(series.windows, None if spec is None else spec.input.window)

    @Slot()
    def _window_changed(self) -> None:
        self.layer.set_table(window_table(self.levels.window, self.levels.inverted))
        self._show_picture()
        self._say()

    def _show_picture(self) -> None:
        if self._series is not None:
            size = (self._series.width, self._series.height)
            self._furniture.minimap.show_image(self.layer.picture, size, self._view.aspect)
        self._view.viewport().update()

    # --- words -------------------------------------------------------------------------------------

    def _result(self) -> SeriesResult | None:
        result = self._session.result() if self._told else None
        return None if result is None else result.series

    def _say(self) -> None:
        index, series = self.layer.index, self._series
        if series is None or index is None:
            return
        result = self._result()
        call: SliceCall | None = None if result is None else result.calls.get(index)
        # Why a slice was refused stands above it already.
        told = call is not None and call.prediction.predicted is not None
        called = call_words(call, self._session.spec) if told else ""
        if self._furniture.slice.say(series, index, self.levels, called):
            self.changed.emit()

    @Slot()
    def _hu_moved(self) -> None:
        self._furniture.place_tile()


def _ends(series: CtSeries) -> tuple[str, str]:
    """Letters for what lies beyond the first and the last slice; "" where the files do not say."""
    known = series.row is not None and series.column is not None
    return end_letters(series.row, series.column) if known else ("", "")


def um_per_row_pixel(series: CtSeries) -> float | None:
    """µm from a pixel to the next one in its row; None when the files do not say."""
    return None if series.spacing_mm is None else 1000 * series.spacing_mm[1]
