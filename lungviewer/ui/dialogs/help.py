"""How to read what is shown, and every key."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lungviewer.core.paths import bundled
from lungviewer.ui.reading import MarkdownView
from lungviewer.ui.shortcuts import SHORTCUTS

_PLACE = "<!-- shortcuts -->"


class HelpWindow(QWidget):
    """The help page beside the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Help"))
        self.view = MarkdownView()
        self.view.setAccessibleName(self.tr("Help"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        self.view.show_markdown(help_text())

    def sizeHint(self) -> QSize:
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        return QSize(max(640, 90 * letter), 40 * line)


def help_text() -> str:
    """The page as Markdown, with the table of keys in its place."""
    text = (bundled("resources") / "help" / "help.md").read_text("utf-8")
    return text.replace(_PLACE, shortcut_table())


def shortcut_table() -> str:
    """Every action that has a key, by group, as Markdown tables."""

    def tr(words: str) -> str:
        return QCoreApplication.translate("help", words)

    parts = []
    for group, entries in groupby(SHORTCUTS, key=lambda entry: entry.group):
        rows = [entry for entry in entries if entry.keys]
        head = QCoreApplication.translate("shortcuts", group)
        lines = [f"### {head}", "", f"| {tr('Key')} | {tr('What it does')} |", "| --- | --- |"]
        lines += [f"| {_keys(entry.sequences)} | {entry.label.removesuffix('…')} |" for entry in rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _keys(sequences: list[QKeySequence]) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    texts = [sequence.toString(native) for sequence in sequences]
    return ", ".join(f"`{text}`" for text in texts)
