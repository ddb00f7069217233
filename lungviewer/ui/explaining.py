"""How the explanation is shown: which class, how strong, in which colours. Shared by panel and view."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from lungviewer.core.colourmap import COLOUR_MAPS, RGBA, fading_table, lookup_table
from lungviewer.ui.settings import SLIDE_LAYERS, SettingsStore

OF_CT = "of ct"
"""The only layer of a picture of a slice of CT: what speaks for the class, relative to the strongest."""

IN_SERIES = "in series"
"""The only layer of a slice of a series: as `OF_CT`, but relative to the strongest of all slices."""

_STEP = 0.05
_NO_PROBABILITY = 0.05
"""A probability below this is not painted."""


def colours_of(layer: str, colour_map: str) -> RGBA:
    """256×4 colours from the least to the most of what is shown; `layer`: one of `SLIDE_LAYERS`, or anything
    else for a picture. Those of slides and of CT begin clear, as most of them speaks for nothing."""
    if layer == "probability":
        return fading_table(colour_map, clear_below=_NO_PROBABILITY)
    if layer in ("activation", OF_CT, IN_SERIES):
        return fading_table(colour_map)
    return np.insert(lookup_table(colour_map), 3, 255, axis=1)


class Explaining(QObject):
    """`class_id` None: the class that was called. `threshold`: scores below it (0–1) are transparent.
    `layer`: one of `SLIDE_LAYERS`, which counts for slides only."""

    changed = Signal()

    def __init__(self, settings: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._visible = True
        self._class_id: str | None = None
        self._opacity = settings.current.opacity
        self._threshold = 0.0
        self._colour_map = settings.current.colour_map
        self._layer = settings.current.slide_layer

    @property
    def visible(self) -> bool:
        return self._visible

    @property
    def class_id(self) -> str | None:
        return self._class_id

    @property
    def opacity(self) -> float:
        return self._opacity

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def colour_map(self) -> str:
        return self._colour_map

    @property
    def layer(self) -> str:
        return self._layer

    def set_visible(self, on: bool) -> None:
        self._set("_visible", bool(on))

    def set_class(self, class_id: str | None) -> None:
        self._set("_class_id", class_id)

    def set_opacity(self, share: float) -> None:
        self._set("_opacity", min(1.0, max(0.0, round(share, 3))))

    def set_threshold(self, share: float) -> None:
        self._set("_threshold", min(1.0, max(0.0, round(share, 3))))

    def set_colour_map(self, name: str) -> None:
        if name in COLOUR_MAPS:
            self._set("_colour_map", name)

    def set_layer(self, name: str) -> None:
        if name in SLIDE_LAYERS:
            self._set("_layer", name)

    def weaker(self) -> None:
        """A step more transparent."""
        self.set_opacity(self._opacity - _STEP)

    def stronger(self) -> None:
        """A step less transparent."""
        self.set_opacity(self._opacity + _STEP)

    def remember(self) -> None:
        """Keep opacity, colours and what is shown of slides for the next start."""
        self._settings.update(opacity=self._opacity, colour_map=self._colour_map, slide_layer=self._layer)

    def _set(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.changed.emit()
