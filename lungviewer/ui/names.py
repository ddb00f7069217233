"""File names as they can be shown: on one line, in one direction, without bytes that no font has."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

from PySide6.QtGui import Qt  # the one that knows of text

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
# Marks that turn the direction of what follows could make "gnp.exe" of "exe.png".
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
_TABLE = _CONTROL_PICTURES | _TURNS
_ODD = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(name: str) -> str:
    """A file name or path as one line of text. Bytes that are no UTF-8 show as \\xNN."""
    if not _ODD.search(name):
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace").translate(_TABLE)


def folder_name(folder: Path) -> str:
    """What a folder is called; the top one is called by its whole path."""
    return shown(folder.name or str(folder))


def menu_text(text: str) -> str:
    """Text for a menu, where a single & would underline the next letter."""
    return text.replace("&", "&&")


def tooltip(*lines: str) -> str:
    """Lines for a tooltip. Qt would take names like "<b>" for formatting; what it takes for plain text stays
    as it is, for screen readers read it too."""
    if len(lines) == 1 and not Qt.mightBeRichText(lines[0]):
        return lines[0]
    return "<qt>" + "<br>".join(html.escape(line) for line in lines if line) + "</qt>"
