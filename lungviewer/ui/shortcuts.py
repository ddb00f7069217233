"""Every action of the window with its words and keys: the menu is made from this, and so is the help page."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication
from PySide6.QtGui import QKeySequence

MAGNIFICATIONS = (1.25, 2.5, 5.0, 10.0, 20.0, 40.0)
"""Of the keys 1 to 6."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`id` of the action; `keys` as Qt writes them, the first one is shown; `group` is a heading of the help
    page. `words` and `group` are translated when they are asked for through `label` and `heading`."""

    id: str
    keys: tuple[str, ...]
    words: str
    group: str

    @property
    def label(self) -> str:
        """What the action is called."""
        return QCoreApplication.translate("shortcuts", self.words)

    @property
    def heading(self) -> str:
        """The group in the person's language."""
        return QCoreApplication.translate("shortcuts", self.group)

    @property
    def sequences(self) -> list[QKeySequence]:
        """For `QAction.setShortcuts`."""
        return [QKeySequence(key) for key in self.keys]

    @property
    def key_text(self) -> str:
        """The first key as this system writes it; "" when there is none."""
        native = QKeySequence.SequenceFormat.NativeText
        return self.sequences[0].toString(native) if self.keys else ""


_FILES = QT_TRANSLATE_NOOP("shortcuts", "Files")
_VIEW = QT_TRANSLATE_NOOP("shortcuts", "Slide view")
_HEAT_MAP = QT_TRANSLATE_NOOP("shortcuts", "Heat map")
_SLIDE = QT_TRANSLATE_NOOP("shortcuts", "Whole slide")
_CT = QT_TRANSLATE_NOOP("shortcuts", "CT")
_BROWSER = QT_TRANSLATE_NOOP("shortcuts", "Browser")
_REVIEW = QT_TRANSLATE_NOOP("shortcuts", "Review")
_MODEL = QT_TRANSLATE_NOOP("shortcuts", "Scan and models")
_WINDOW = QT_TRANSLATE_NOOP("shortcuts", "Window")

SHORTCUTS = (
    Shortcut("open-file", ("Ctrl+O",), QT_TRANSLATE_NOOP("shortcuts", "Open image…"), _FILES),
    Shortcut("open-folder", ("Ctrl+Shift+O",), QT_TRANSLATE_NOOP("shortcuts", "Open folder…"), _FILES),
    Shortcut("open-samples", (), QT_TRANSLATE_NOOP("shortcuts", "Open samples"), _FILES),
    Shortcut("refresh", ("F5",), QT_TRANSLATE_NOOP("shortcuts", "Read folder again"), _FILES),
    Shortcut(
        "save-overlay", ("Ctrl+S",), QT_TRANSLATE_NOOP("shortcuts", "Save picture of the view…"), _FILES
    ),
    Shortcut("copy-view", ("Ctrl+Shift+C",), QT_TRANSLATE_NOOP("shortcuts", "Copy view"), _FILES),
    Shortcut("print", ("Ctrl+P",), QT_TRANSLATE_NOOP("shortcuts", "Print view…"), _FILES),
    Shortcut("quit", ("Ctrl+Q",), QT_TRANSLATE_NOOP("shortcuts", "Quit"), _FILES),
    Shortcut("fit", ("0",), QT_TRANSLATE_NOOP("shortcuts", "Whole image"), _VIEW),
    *(
        Shortcut(f"magnification-{key}", (str(key),), words, _VIEW)
        for key, words in enumerate(
            (
                QT_TRANSLATE_NOOP("shortcuts", "1.25×"),
                QT_TRANSLATE_NOOP("shortcuts", "2.5×"),
                QT_TRANSLATE_NOOP("shortcuts", "5×"),
                QT_TRANSLATE_NOOP("shortcuts", "10×"),
                QT_TRANSLATE_NOOP("shortcuts", "20×"),
                QT_TRANSLATE_NOOP("shortcuts", "40×"),
            ),
            start=1,
        )
    ),
    Shortcut("zoom-in", ("+", "="), QT_TRANSLATE_NOOP("shortcuts", "Zoom in"), _VIEW),
    Shortcut("zoom-out", ("-",), QT_TRANSLATE_NOOP("shortcuts", "Zoom out"), _VIEW),
    Shortcut("rotate-right", ("R",), QT_TRANSLATE_NOOP("shortcuts", "Rotate right"), _VIEW),
    Shortcut("rotate-left", ("Shift+R",), QT_TRANSLATE_NOOP("shortcuts", "Rotate left"), _VIEW),
    Shortcut("minimap", ("M",), QT_TRANSLATE_NOOP("shortcuts", "Minimap"), _VIEW),
    Shortcut("ruler", ("L",), QT_TRANSLATE_NOOP("shortcuts", "Ruler"), _VIEW),
    Shortcut("overlay", ("Space",), QT_TRANSLATE_NOOP("shortcuts", "Show heat map"), _HEAT_MAP),
    Shortcut("opacity-less", ("[",), QT_TRANSLATE_NOOP("shortcuts", "Heat map weaker"), _HEAT_MAP),
    Shortcut("opacity-more", ("]",), QT_TRANSLATE_NOOP("shortcuts", "Heat map stronger"), _HEAT_MAP),
    Shortcut("next-class", ("C",), QT_TRANSLATE_NOOP("shortcuts", "Next class"), _HEAT_MAP),
    Shortcut("map-slide", ("Ctrl+Shift+M",), QT_TRANSLATE_NOOP("shortcuts", "Map slide, or stop"), _SLIDE),
    Shortcut("export-map", ("Ctrl+E",), QT_TRANSLATE_NOOP("shortcuts", "Export map…"), _SLIDE),
    Shortcut("next-layer", ("V",), QT_TRANSLATE_NOOP("shortcuts", "Probability, evidence or calls"), _SLIDE),
    Shortcut("tissue-outline", ("O",), QT_TRANSLATE_NOOP("shortcuts", "Outline of the tissue"), _SLIDE),
    Shortcut("show-label", (), QT_TRANSLATE_NOOP("shortcuts", "Show label and macro…"), _SLIDE),
    Shortcut("ct-lung", ("Ctrl+1",), QT_TRANSLATE_NOOP("shortcuts", "Lung window"), _CT),
    Shortcut("ct-soft_tissue", ("Ctrl+2",), QT_TRANSLATE_NOOP("shortcuts", "Soft tissue window"), _CT),
    Shortcut("ct-bone", ("Ctrl+3",), QT_TRANSLATE_NOOP("shortcuts", "Bone window"), _CT),
    Shortcut("ct-model", ("Ctrl+4",), QT_TRANSLATE_NOOP("shortcuts", "Window of the model"), _CT),
    Shortcut("ct-file", ("Ctrl+5",), QT_TRANSLATE_NOOP("shortcuts", "Window of the file"), _CT),
    Shortcut("ct-next-window", ("W",), QT_TRANSLATE_NOOP("shortcuts", "Next window"), _CT),
    Shortcut("ct-invert", ("I",), QT_TRANSLATE_NOOP("shortcuts", "Invert"), _CT),
    Shortcut("ct-play", ("P",), QT_TRANSLATE_NOOP("shortcuts", "Play the slices, or pause"), _CT),
    Shortcut("progression", ("Ctrl+G",), QT_TRANSLATE_NOOP("shortcuts", "Progression simulator…"), _CT),
    Shortcut("next", ("J",), QT_TRANSLATE_NOOP("shortcuts", "Next image"), _BROWSER),
    Shortcut("previous", ("K",), QT_TRANSLATE_NOOP("shortcuts", "Previous image"), _BROWSER),
    Shortcut("next-review", ("N",), QT_TRANSLATE_NOOP("shortcuts", "Next image that needs review"), _BROWSER),
    Shortcut("search", ("/",), QT_TRANSLATE_NOOP("shortcuts", "Search by name"), _BROWSER),
    Shortcut(
        "accept",
        ("Ctrl+Return", "Ctrl+Enter"),
        QT_TRANSLATE_NOOP("shortcuts", "Accept the call, or record your own first"),
        _REVIEW,
    ),
    Shortcut(
        "override",
        ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"),
        QT_TRANSLATE_NOOP("shortcuts", "Override with the chosen class"),
        _REVIEW,
    ),
    Shortcut("scan-folder", ("Ctrl+B",), QT_TRANSLATE_NOOP("shortcuts", "Scan folder…"), _MODEL),
    Shortcut("report", (), QT_TRANSLATE_NOOP("shortcuts", "Report…"), _MODEL),
    Shortcut("models", ("Ctrl+M",), QT_TRANSLATE_NOOP("shortcuts", "Models…"), _MODEL),
    Shortcut("retrain", ("Ctrl+R",), QT_TRANSLATE_NOOP("shortcuts", "Retrain…"), _MODEL),
    Shortcut("settings", ("Ctrl+,",), QT_TRANSLATE_NOOP("shortcuts", "Settings…"), _WINDOW),
    Shortcut("full-screen", ("F", "F11"), QT_TRANSLATE_NOOP("shortcuts", "Full screen"), _WINDOW),
    Shortcut("leave-full-screen", ("Esc",), QT_TRANSLATE_NOOP("shortcuts", "Leave full screen"), _WINDOW),
    Shortcut("switch-theme", ("T",), QT_TRANSLATE_NOOP("shortcuts", "Switch light and dark"), _WINDOW),
    Shortcut("menu-bar", ("F10",), QT_TRANSLATE_NOOP("shortcuts", "Go to the menu"), _WINDOW),
    Shortcut("help", ("F1",), QT_TRANSLATE_NOOP("shortcuts", "Help"), _WINDOW),
    Shortcut("log-folder", (), QT_TRANSLATE_NOOP("shortcuts", "Open log folder"), _WINDOW),
    Shortcut("about", (), QT_TRANSLATE_NOOP("shortcuts", "About lungviewer"), _WINDOW),
)
_BY_ID = {entry.id: entry for entry in SHORTCUTS}


def shortcut(action_id: str) -> Shortcut:
    """The entry of one action.

    Raises:
        KeyError: there is no such action.
    """
    return _BY_ID[action_id]
