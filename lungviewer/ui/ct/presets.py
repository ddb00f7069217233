"""Windows that have a name: the usual ones, the file's own, and the one through which the model looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from lungviewer.core.window import PRESETS, Window

MODEL, FILE = "model", "file"
"""Ids of the model's window and of the file's first one; its others are "file2", "file3", …"""

_MOST_OF_FILE = 4
_LABELS = {
    "lung": QT_TRANSLATE_NOOP("presets", "Lung"),
    "soft_tissue": QT_TRANSLATE_NOOP("presets", "Soft tissue"),
    "bone": QT_TRANSLATE_NOOP("presets", "Bone"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A window with an `id` that code knows and a `label` for people."""

    id: str
    label: str
    window: Window


def presets_for(of_file: Sequence[Window], of_model: Window | None) -> tuple[Preset, ...]:
    """What may be chosen for a series: the usual windows, the model's, and what the file suggests."""
    found = [Preset(name, _tr(_LABELS[name]), window) for name, window in PRESETS.items()]
    if of_model is not None:
        found.append(Preset(MODEL, _tr("As the model sees it"), of_model))
    several = len(of_file) > 1
    for number, window in enumerate(of_file[:_MOST_OF_FILE], 1):
        label = _tr("As in the file, {number}").format(number=number) if several else _tr("As in the file")
        found.append(Preset(FILE if number == 1 else f"{FILE}{number}", label, window))
    return tuple(found)


def _tr(text: str) -> str:
    return QCoreApplication.translate("presets", text)
