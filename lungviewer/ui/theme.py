"""Light and dark: own palettes on the Fusion style, so that the window looks the same everywhere.

There is no style sheet: one for the whole program would redraw every control by other rules than the style's.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from lungviewer.ui.focus_ring import FocusRing
from lungviewer.ui.marked_boxes import MarkedBoxes
from lungviewer.ui.settings import Settings, SettingsStore

_Role = QPalette.ColorRole

# Text reaches 4.5:1 on what lies behind it, disabled text and accents 3:1 (a test computes it).
_LIGHT = {
    _Role.Window: "#f2f3f5",
    _Role.WindowText: "#1a1e22",
    _Role.Base: "#ffffff",
    _Role.AlternateBase: "#f6f7f8",
    _Role.Text: "#1a1e22",
    _Role.PlaceholderText: "#5d656d",
    _Role.Button: "#e9ebee",
    _Role.ButtonText: "#1a1e22",
    _Role.BrightText: "#9c1c1c",
    _Role.ToolTipBase: "#2b3035",
    _Role.ToolTipText: "#f2f3f5",
    _Role.Highlight: "#1c6a99",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#1c6a99",
    _Role.Link: "#155e8b",
    _Role.LinkVisited: "#6a3d8f",
    _Role.Light: "#ffffff",
    _Role.Midlight: "#e3e6e9",
    _Role.Mid: "#bfc5ca",
    _Role.Dark: "#9aa1a8",
    _Role.Shadow: "#6b7278",
}
_DARK = {
    _Role.Window: "#30353a",
    _Role.WindowText: "#e6e8ea",
    _Role.Base: "#15181a",
    _Role.AlternateBase: "#1d2124",
    _Role.Text: "#e6e8ea",
    _Role.PlaceholderText: "#a0a7ae",
    _Role.Button: "#434a51",
    _Role.ButtonText: "#e6e8ea",
    _Role.BrightText: "#ffb4a8",
    _Role.ToolTipBase: "#e6e8ea",
    _Role.ToolTipText: "#15181a",
    _Role.Highlight: "#2a74a1",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#6db8e8",
    _Role.Link: "#7cc0ec",
    _Role.LinkVisited: "#c9a3e8",
    _Role.Light: "#5a636b",
    _Role.Midlight: "#4b535a",
    _Role.Mid: "#5b636a",
    _Role.Dark: "#1b1f22",
    _Role.Shadow: "#0c0e10",
}
_DISABLED = {
    False: {"text": "#7d848b", "highlight": "#c5cbd1"},
    True: {"text": "#9aa1a8", "highlight": "#434b52"},
}
_TEXT_ROLES = (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.PlaceholderText, _Role.HighlightedText)


def make_palette(dark: bool) -> QPalette:
    """The program's own colours for controls and text."""
    palette = QPalette()
    for role, name in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(name))
    faint = _DISABLED[dark]
    for role in _TEXT_ROLES:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(faint["text"]))
    for role in (_Role.Highlight, _Role.Accent):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(faint["highlight"]))
    palette.setColor(QPalette.ColorGroup.Disabled, _Role.HighlightedText, palette.color(_Role.WindowText))
    return palette


def is_dark(theme: str) -> bool:
    """Whether this theme ("system", "light", "dark") is dark at the moment."""
    return _system_is_dark() if theme == "system" else theme == "dark"


def other_theme(theme: str) -> str:
    """What a person who wants the other look means: never "system"."""
    return "light" if is_dark(theme) else "dark"


def apply_theme(app: QApplication, settings: Settings) -> None:
    """Give every window the palette and the text size of the settings; may be called again at any time."""
    if not isinstance(app.style(), MarkedBoxes):
        app.setStyle(MarkedBoxes())
    _ask_platform(settings.theme)
    # Somebody who set high contrast in the system chose colours; ours would fight them.
    app.setPalette(QPalette() if _high_contrast() else make_palette(is_dark(settings.theme)))
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * settings.text_scale)
    else:
        font.setPixelSize(round(font.pixelSize() * settings.text_scale))
    app.setFont(font)


class ThemeKeeper(QObject):
    """Keeps the program's look at what the settings say, and at what the system says when they leave it to
    that."""

    def __init__(self, app: QApplication, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._store = store
        self._ring = FocusRing(app, self)
        self._applied = store.current
        apply_theme(app, store.current)
        store.changed.connect(self._settings_changed)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @Slot(object)
    def _settings_changed(self, settings: Settings) -> None:
        before, self._applied = self._applied, settings
        if (settings.theme, settings.text_scale) != (before.theme, before.text_scale):
            apply_theme(self._app, settings)

    @Slot(Qt.ColorScheme)
    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._store.current.theme == "system":
            apply_theme(self._app, self._store.current)


def _ask_platform(theme: str) -> None:
    """Let the frame that the system draws around windows have the same look."""
    hints = QGuiApplication.styleHints()
    if theme == "system":
        hints.unsetColorScheme()
    else:
        hints.setColorScheme(Qt.ColorScheme.Dark if theme == "dark" else Qt.ColorScheme.Light)


def _system_is_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _high_contrast() -> bool:
    hints = QGuiApplication.styleHints()
    if not hasattr(hints, "accessibility"):  # Qt before 6.10 cannot say
        return False
    return hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast
