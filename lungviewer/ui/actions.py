"""The menu, and what its entries do. What an action is called and which keys it has: shortcuts.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QComboBox, QMenu, QWidget

from lungviewer.ui.commands import Commands
from lungviewer.ui.ct.actions import CT_WINDOW, CT_WINDOWS, CtActions
from lungviewer.ui.icons import icon
from lungviewer.ui.names import folder_name, menu_text, shown, tooltip
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.shortcuts import MAGNIFICATIONS, shortcut

if TYPE_CHECKING:
    from lungviewer.ui.main_window import MainWindow

_RECENT = "recent"
_PANELS = "panels"
_MENUS: dict[str, tuple[str, ...]] = {
    QT_TRANSLATE_NOOP("Actions", "&File"): (
        "open-file",
        "open-folder",
        "open-samples",
        "refresh",
        _RECENT,
        "",
        "save-overlay",
        "copy-view",
        "print",
        "",
        "quit",
    ),
    QT_TRANSLATE_NOOP("Actions", "&View"): (
        *(
            "fit",
            *(f"magnification-{n}" for n in range(1, 7)),
            "zoom-in",
            "zoom-out",
            "rotate-right",
            "rotate-left",
        ),
        *("", "minimap", "ruler", "", "overlay", "opacity-less", "opacity-more", "next-class"),
        *("", _PANELS, "full-screen", "switch-theme", "settings"),
    ),
    QT_TRANSLATE_NOOP("Actions", "&Images"): (
        "previous",
        "next",
        "next-review",
        "search",
        "",
        "accept",
        "override",
    ),
    QT_TRANSLATE_NOOP("Actions", "Sli&de"): (
        *("map-slide", "export-map", "", "next-layer", "tissue-outline", "", "show-label"),
    ),
    QT_TRANSLATE_NOOP("Actions", "&CT"): (
        *(*CT_WINDOWS, "ct-next-window", "ct-invert", "", "ct-play", "", "progression"),
    ),
    QT_TRANSLATE_NOOP("Actions", "&Scan"): ("scan-folder", "report"),
    QT_TRANSLATE_NOOP("Actions", "&Models"): ("models", "retrain"),
    QT_TRANSLATE_NOOP("Actions", "&Help"): ("help", "log-folder", "about"),
}
_NEEDS_IMAGE = (
    "save-overlay",
    "copy-view",
    "print",
    "fit",
    "zoom-in",
    "zoom-out",
    "rotate-right",
    "rotate-left",
)
_SPACE = "overlay"
_ZOOM_STEP = 2**0.5


class Actions(QObject):
    """Makes every action once; `by_id` has them by the ids of shortcuts.py."""

    def __init__(self, window: MainWindow, session: ViewerSession, commands: Commands) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self.by_id: dict[str, QAction] = {}
        self._make_all(commands)
        self._recent = QMenu(self.tr("Open recent"), window)
        self._recent.aboutToShow.connect(self._fill_recent)
        for title, names in _MENUS.items():
            self._fill(window.menuBar().addMenu(_menu_title(title)), names)
        session.current_changed.connect(self._enable)
        for signal in (session.current_changed, session.outcome_changed, session.mapping.changed):
            signal.connect(self._enable_slide)
        window.desk.blinding.changed.connect(self._enable_slide)
        session.explaining.changed.connect(self._show_overlay_state)
        # Esc is wanted by others too, while there is nothing to leave.
        self.by_id["leave-full-screen"].setEnabled(False)
        self._ct = CtActions(self.by_id, window.viewer.ct, self)
        window.viewer.ruler.ended.connect(partial(self.by_id["ruler"].setChecked, False))
        self._enable()
        self._enable_slide()
        self._show_overlay_state()

    def _make_all(self, do: Commands) -> None:
        viewer, browser, windows = self._window.viewer, self._window.browser, self._window.windows
        explaining = self._session.explaining
        plain: dict[str, tuple[Callable[[], object], str]] = {
            "open-file": (do.open_file, "open-file"),
            "open-folder": (do.open_folder, "open-folder"),
            "open-samples": (do.open_samples, "image"),
            "refresh": (self._session.refresh, "rotate"),
            "save-overlay": (do.save_overlay, "save"),
            "copy-view": (do.copy_view, "copy"),
            "print": (do.print_view, "print"),
            "quit": (self._window.close, "close"),
            "fit": (viewer.fit, "fit"),
            "zoom-in": (partial(viewer.zoom_by, _ZOOM_STEP), "zoom-in"),
            "zoom-out": (partial(viewer.zoom_by, 1 / _ZOOM_STEP), "zoom-out"),
            "rotate-right": (partial(viewer.rotate_by, 90), "rotate"),
            "rotate-left": (partial(viewer.rotate_by, -90), ""),
            "opacity-less": (explaining.weaker, ""),
            "opacity-more": (explaining.stronger, ""),
            "next-class": (viewer.show_next_class, ""),
            "map-slide": (self._session.mapping.toggle, "resume"),
            "export-map": (windows.show_export, "save"),
            "show-label": (windows.show_pictures, "image"),
            "next-layer": (do.next_layer, ""),
            "ct-next-window": (viewer.ct.levels.choose_next, ""),
            "ct-play": (viewer.ct.cine.toggle, "resume"),
            "next": (browser.next, "next"),
            "previous": (browser.previous, "previous"),
            "next-review": (browser.next_review, "review"),
            "search": (browser.focus_search, "search"),
            "accept": (self._window.review.accept_or_read_first, "ok"),
            "override": (self._window.review.override_or_read_first, "review"),
            "scan-folder": (windows.show_scan, "scan"),
            "report": (windows.show_report, "report"),
            "models": (windows.show_models, "model"),
            "retrain": (windows.show_retrain, "retrain"),
            "progression": (windows.show_progression, "progression"),
            "settings": (windows.show_settings, "settings"),
            "help": (windows.show_help, "help"),
            "about": (windows.show_about, "info"),
            "log-folder": (do.open_log_folder, "folder"),
            "switch-theme": (do.switch_theme, "theme"),
            "menu-bar": (do.go_to_menu, ""),
            "leave-full-screen": (do.leave_full_screen, ""),
        }
        for n, power in enumerate(MAGNIFICATIONS, 1):
            plain[f"magnification-{n}"] = (partial(viewer.zoom_to_magnification, power), "")
        for name in CT_WINDOWS:
            plain[name] = (partial(viewer.ct.levels.choose, name.removeprefix(CT_WINDOW)), "")
        for name, (function, symbol) in plain.items():
            action = self._make(name, symbol)
            action.triggered.connect(_Call(function, action).go)
        for name, slot, symbol, on in (
            ("overlay", explaining.set_visible, "overlay", True),
            ("minimap", viewer.set_minimap, "minimap", True),
            ("ruler", viewer.set_ruler, "ruler", False),
            ("tissue-outline", viewer.set_tissue_outline, "", False),
            ("ct-invert", viewer.ct.levels.set_inverted, "invert", False),
            ("full-screen", do.full_screen, "fullscreen", False),
        ):
            action = self._make(name, symbol)
            action.setCheckable(True)
            action.setChecked(on)
            action.toggled.connect(slot)

    def _make(self, name: str, symbol: str) -> QAction:
        known = shortcut(name)
        action = QAction(known.label, self)
        action.setObjectName(name)
        action.setShortcuts(known.sequences)
        if symbol:
            action.setIcon(icon(symbol))
        self.by_id[name] = action
        if name == _SPACE:
            # Elsewhere the space bar presses the button that has the keyboard.
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            buttons_first = _ButtonsFirst(self)
            for place in (self._window.viewer, self._window.browser):
                place.addAction(action)
                place.installEventFilter(buttons_first)
        else:
            self._window.addAction(action)
        return action

    def _fill(self, menu: QMenu, names: Sequence[str]) -> None:
        menu.setToolTipsVisible(True)
        for name in names:
            if not name:
                menu.addSeparator()
            elif name == _RECENT:
                menu.addMenu(self._recent)
            elif name == _PANELS:
                for dock in (self._window.browser_dock, self._window.side_dock):
                    menu.addAction(dock.toggleViewAction())
            else:
                menu.addAction(self.by_id[name])

    @Slot()
    def _fill_recent(self) -> None:
        self._recent.clear()
        for text in self._session.settings.current.recent:
            path = Path(text)
            action = self._recent.addAction(menu_text(folder_name(path)))
            action.setToolTip(tooltip(shown(text)))
            action.triggered.connect(_Call(partial(self._session.open_paths, [path]), action).go)
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("Nothing was opened yet")).setEnabled(False)

    @Slot()
    def _enable(self) -> None:
        for name in _NEEDS_IMAGE:
            self.by_id[name].setEnabled(self._session.current is not None)

    @Slot()
    def _enable_slide(self) -> None:
        path, mapping = self._session.current, self._session.mapping
        slide = path is not None and mapping.is_slide(path)
        told = mapping.map is not None and not self._window.desk.blinding.hidden(path)
        for name, on in (
            ("map-slide", mapping.running or mapping.can_start),
            ("export-map", told and bool(mapping.map and mapping.map.tiles)),
            ("next-layer", slide),
            ("tissue-outline", slide),
            ("show-label", slide),
        ):
            self.by_id[name].setEnabled(on)

    @Slot()
    def _show_overlay_state(self) -> None:
        self.by_id["overlay"].setChecked(self._session.explaining.visible)


class _ButtonsFirst(QObject):
    """Where the space bar is a key of the menu, it still presses the button that has the keyboard."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Space
            and isinstance(watched, QWidget)
            and isinstance(watched.window().focusWidget(), QAbstractButton | QComboBox)
        ):
            event.accept()
            return True
        return False


class _Call(QObject):
    """Calls a function without the "checked" that `triggered` carries."""

    def __init__(self, function: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._function = function

    @Slot()
    def go(self) -> None:
        self._function()


def _menu_title(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
