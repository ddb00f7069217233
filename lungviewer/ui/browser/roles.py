"""What a row of the browser can be asked for."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import Qt


class Role(IntEnum):
    """What a row can be asked for besides its name."""

    PATH = Qt.ItemDataRole.UserRole + 1  # Path
    THUMBNAIL = Qt.ItemDataRole.UserRole + 2  # QPixmap or None; asking has it loaded
    FAILURE = Qt.ItemDataRole.UserRole + 3  # a word for why there is no thumbnail, or ""
    RECORD = Qt.ItemDataRole.UserRole + 4  # ImageRecord as it may be told, or None
    STATUS = Qt.ItemDataRole.UserRole + 5  # Status as plain text, or None; also when it is hidden
    PENDING = Qt.ItemDataRole.UserRole + 6  # bool
    BADGE = Qt.ItemDataRole.UserRole + 7  # str
    COLOUR = Qt.ItemDataRole.UserRole + 8  # the called class's #rrggbb, or ""
    REVIEWED = Qt.ItemDataRole.UserRole + 9  # what a person did about it in a word, or ""
    KIND = Qt.ItemDataRole.UserRole + 10  # a word for what is no single picture, as far as it is known; or ""
