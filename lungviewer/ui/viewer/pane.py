"""The slide view with everything that stands over it: one part of the window."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from lungviewer.core.errors import LungviewerError
from lungviewer.core.image import ImageInfo
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import SLIDE
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import Settings
from lungviewer.ui.telling import Hidden
from lungviewer.ui.viewer.ct_view import CtViewing, um_per_row_pixel
from lungviewer.ui.viewer.findings import Findings
from lungviewer.ui.viewer.furniture import furniture_of
from lungviewer.ui.viewer.minimap_control import MinimapControl
from lungviewer.ui.viewer.opening import OpenedView, ViewOpener
from lungviewer.ui.viewer.ruler_control import RulerControl
from lungviewer.ui.viewer.scales import ViewState, magnification_of, near_cells, nearer, zoom_for
from lungviewer.ui.viewer.scaling import Scaling
from lungviewer.ui.viewer.slide_view import SlideView
from lungviewer.ui.viewer.snapshot import draw_view

_MEGABYTE = 1 << 20
_QUIET_MS = 150
"""An image that opens faster than this needs no word about it."""


class ViewerPane(QWidget):
    """Shows the session's current image and the map of its answer.

    Reads the session, and changes it only by `set_scale` and through `session.explaining`.
    """

    view_changed = Signal(object)  # ViewState
    image_opened = Signal(object)  # ImageInfo; again when the person changes the scale
    image_failed = Signal(object)  # LungviewerError

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._info: ImageInfo | None = None
        self.view = SlideView(session.settings.current.tile_cache_mb * _MEGABYTE, self)
        self.setFocusProxy(self.view)
        self.furniture = furniture_of(self)
        self.ruler = RulerControl(self.view, self.furniture.notes)
        self._minimap = MinimapControl(self.view, self.furniture.minimap)
        self._scaling = Scaling(session, self.furniture.scale, self.furniture.popup, self)
        self._findings = Findings(session, self.view, self.furniture)
        self.ct = CtViewing(session, self.view, self.furniture, self)
        self._opener = ViewOpener(session.decoder, self)
        self._patience = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._connect()
        self._open_current()

    def _connect(self) -> None:
        session, furniture = self._session, self.furniture
        session.current_changed.connect(self._open_current)
        session.outcome_changed.connect(self._outcome_changed)
        session.file_changed.connect(self._file_changed)
        session.model_changed.connect(self._model_changed)
        session.scale_changed.connect(self._scale_changed)
        session.explaining.changed.connect(self.refresh)
        session.settings.changed.connect(self._settings_changed)
        self._opener.opened.connect(self.show_opened)
        self._opener.failed.connect(self._failed)
        self._patience.timeout.connect(self._say_opening)
        self.view.view_changed.connect(self._view_changed)
        self.view.tiles.failed.connect(self._tile_failed)
        self._minimap.changed.connect(self._place)
        furniture.scale.set_asked.connect(self.ask_scale)
        self._findings.changed.connect(self._place)
        furniture.popup.closed.connect(self.view.setFocus)
        self.ct.slice_shown.connect(self.refresh)
        self.ct.changed.connect(self._place)

    # --- what the window may ask for ---------------------------------------------------------------

    @property
    def um_per_px(self) -> float | None:
        """µm per level-0 pixel of what is shown: the person's, else the file's, else None."""
        return None if self._info is None else self._info.um_per_px

    @property
    def info(self) -> ImageInfo | None:
        """What is shown, with the scale in force; None while nothing is."""
        return self._info

    @property
    def _tissue_scale(self) -> float | None:  # what magnifications are counted from; CT has none
        return None if self.ct.series is not None else self.um_per_px

    def fit(self) -> None:
        self.view.fit()

    def zoom_to_magnification(self, x: float) -> None:
        """10 is 1 µm per screen pixel, 40 is 0.25. CT, and what has no scale, is taken for a scan at 20×."""
        self.view.set_zoom(zoom_for(x, self._tissue_scale))

    def zoom_by(self, factor: float) -> None:
        """Nearer (above 1) or further away, about the middle."""
        self.view.zoom_by(factor)

    def rotate_by(self, degrees: int) -> None:
        """Turn clockwise about the middle."""
        self.view.rotate_by(degrees)

    @Slot(bool)
    def set_ruler(self, on: bool) -> None:
        """While it is on, dragging draws a line instead of moving the image."""
        self.ruler.set_on(on)

    @Slot(bool)
    def set_minimap(self, on: bool) -> None:
        """Shown for slides, and for what the view does not show as a whole."""
        self._minimap.set_on(on)

    @Slot(bool)
    def set_tissue_outline(self, on: bool) -> None:
        """Draw a line round the tissue that was found, where it is known."""
        self._findings.tissue.set_on(on)

    def preview_tissue(self, tissue: TissueMap | None) -> None:
        """Show what would be taken for tissue, outline or not; None and another image end that."""
        self._findings.tissue.preview(tissue)

    def busy_reading(self) -> bool:
        """Whether something that is wanted on the screen is still being read. May be asked in any thread."""
        return self._opener.busy or self.view.tiles.busy or self.ct.layer.busy

    @Slot(float, float)
    def jump_to(self, l0_x: float, l0_y: float) -> None:
        """Bring a point into the middle, of a slide near enough for cells and marked; of others nearer."""
        if self._info is not None and self._info.kind == SLIDE:
            self.view.set_zoom(near_cells(self.view.zoom, self.um_per_px))
        elif self.view.shows_whole_image():
            self.view.set_zoom(nearer(self.view.zoom, self._tissue_scale))
        self.view.jump_to(l0_x, l0_y)
        self._findings.mark(l0_x, l0_y)

    @property
    def shows_map(self) -> bool:
        """Whether a map is seen over the image."""
        return not self.furniture.legend.isHidden()

    @property
    def made_by(self) -> str:
        """Which model drew the map that is seen, and when; "" where none is seen."""
        return self._findings.made_by() if self.shows_map else ""

    def snapshot(self) -> QImage:
        """What is seen, with overlay, legend, scale bar and what it may be used for."""
        return draw_view(self)

    @Slot()
    def ask_scale(self) -> None:
        """Open the small question for the scale of this image."""
        path = self._session.current
        if path is not None and self._info is not None:
            self._scaling.ask(self._info, path)
            self._place()

    def show_next_class(self) -> None:
        """Show the map of the class after the one that is shown."""
        self._findings.show_next_class()

    def hide_answers(self, hidden: Hidden) -> None:
        """Show no map of an image while `hidden` is true of it. `refresh` asks again."""
        self._findings.hide_while(hidden)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look again at what there is to show of the answer, and may be shown."""
        self._findings.show(self._info, self.ct.layer.index)
        self.ct.refresh(self._findings.may_tell())
        self._place()
        self.view.viewport().update()

    def shutdown(self) -> bool:
        """End what runs in the background; False when something of it does not end."""
        self._patience.stop()
        ended = self._opener.shutdown()
        return self.ct.stop() and self.view.tiles.stop() and ended

    # --- opening -----------------------------------------------------------------------------------

    @Slot()
    def _open_current(self) -> None:
        """The old image goes at once: one that is no longer meant must never be seen."""
        self._opener.abandon()
        self._info = None
        self._findings.tissue.preview(None)
        self.view.clear()
        self.ct.clear()
        for part in (self.furniture.message, self.furniture.popup, self.furniture.scale):
            part.hide()
        self.furniture.notes.say("unreadable", "")
        self.refresh()
        self._minimap.look()
        self._patience.stop()
        if self._session.current is not None:
            self._patience.start()
            self._opener.open(self._session.current, self._session.series())

    @Slot()
    def _say_opening(self) -> None:
        path = self._session.current
        if path is not None:
            self.furniture.message.say(self.tr("Opening {name}…").format(name=path.name))
            self._place()

    @Slot(object)
    def show_opened(self, view: OpenedView) -> None:
        """Show an image that was opened; the pane owns its source from now on."""
        self._patience.stop()
        self.furniture.message.hide()
        self._info = self._scaling.in_force(view.source.info, view.path)
        self.view.ruler.measure(self.um_per_px)
        if view.series is not None:
            self._info = replace(self._info, um_per_px=um_per_row_pixel(view.series))
            self.ct.show(view, view.series)
        else:
            self.furniture.minimap.show_image(view.thumbnail, (self._info.width, self._info.height))
            self.view.show_image(view.source, view.thumbnail)
        self.view.show_cursor()
        self.ct.keys.image_shown(view.series is not None)
        self.refresh()
        self.image_opened.emit(self._info)

    @Slot(object)
    def _failed(self, error: LungviewerError) -> None:
        self._patience.stop()
        self.furniture.message.say_failed(self.tr("This image cannot be shown."), error.sentence)
        self._place()
        self.image_failed.emit(error)

    @Slot(object)
    def _tile_failed(self, error: LungviewerError) -> None:
        self.furniture.notes.say(
            "unreadable", self.tr("Part of the image cannot be shown. {why}").format(why=error.sentence)
        )

    # --- scale -------------------------------------------------------------------------------------

    @Slot()
    def _scale_changed(self) -> None:
        source, path = self.view.tiles.source, self._session.current
        if source is None or path is None:
            return
        info = self._scaling.in_force(source.info, path)
        if info == self._info:
            return
        self._info = info
        self.view.ruler.measure(self.um_per_px)
        self._view_changed()
        self.view.viewport().update()
        self.image_opened.emit(self._info)

    # --- the answer --------------------------------------------------------------------------------

    @Slot(object)
    def _file_changed(self, path: object) -> None:
        if path == self._session.current:
            self._open_current()

    @Slot(object)
    def _outcome_changed(self, path: object) -> None:
        if path == self._session.current:
            self.refresh()

    @Slot()
    def _model_changed(self) -> None:
        """A pack for CT reads pictures of slices, which have no scale."""
        self._scale_changed()
        self._view_changed()
        self.refresh()

    @Slot(object)
    def _settings_changed(self, settings: Settings) -> None:
        self.view.tiles.set_cache_limit(settings.tile_cache_mb * _MEGABYTE)
        self._scale_changed()
        self.refresh()

    # --- place and keys ----------------------------------------------------------------------------

    @Slot()
    def _view_changed(self) -> None:
        if self._info is None:
            return
        zoom = self.view.zoom
        if self._scaling.show(zoom, self._info, self.width()):
            self._place()
        self._minimap.look()
        state = ViewState(magnification_of(zoom, self._tissue_scale), zoom)
        self.view_changed.emit(state)

    @Slot()
    def _place(self) -> None:
        room = self.ct.place_bar(self.rect())
        self.view.setGeometry(room)
        self.furniture.place(room, self.fontMetrics().height())
        self.ct.letters.give_way()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # a plate says more or less than before
            self._place()
        elif event.type() == QEvent.Type.ShortcutOverride and self._comes_before_menu(Qt.Key(event.key())):
            event.accept()
            return True
        return super().event(event)

    def _comes_before_menu(self, key: Qt.Key) -> bool:
        """Keys of the menu that something in the view needs at the moment."""
        return key == Qt.Key.Key_Escape and (self.furniture.popup.isVisible() or self.ruler.takes_escape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the ruler; all others are the menu's."""
        if not self.ruler.press(event):
            event.ignore()
        self.view.viewport().update()
