"""Windows: which part of the Hounsfield scale is shown. Plain numbers; the arithmetic is in core/ct.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Window:
    """Which Hounsfield units become black and white: `centre` and `width` (> 1) in HU."""

    centre: float
    width: float


LUNG, SOFT_TISSUE, BONE = Window(-600, 1500), Window(40, 400), Window(480, 2500)

PRESETS: Mapping[str, Window] = MappingProxyType({"lung": LUNG, "soft_tissue": SOFT_TISSUE, "bone": BONE})
