"""What a row of the browser is, where it is no single picture."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from lungviewer.ui.session import ViewerSession


def _tr(text: str) -> str:
    return QCoreApplication.translate("kinds", text)


def kind_word(session: ViewerSession, path: Path) -> str:
    """In the corner of a small picture; "" for single pictures, and while nobody knows."""
    if session.series(path) is not None:
        return _tr("CT")
    slide = session.is_left_alone(path) or session.mapping.is_slide(path)
    return _tr("slide") if slide else ""


def kind_text(session: ViewerSession, path: Path) -> str:
    """The same where there is more room."""
    if session.series(path) is not None:
        return _tr("CT series")
    return _tr("whole slide") if kind_word(session, path) else ""


def waiting_text(session: ViewerSession, path: Path) -> str:
    """Of a slide or series that nobody has looked at."""
    return _tr("not looked at yet") if session.series(path) is not None else _tr("slide, not mapped")
