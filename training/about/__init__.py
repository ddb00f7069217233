"""What a pack says about itself that no program can measure: purpose, data, limits, licence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.window import Window
from training.errors import DataProblem


@dataclass(frozen=True, slots=True)
class About:
    """The contents of an about file; `um_per_px` is at `input_size` pixels. Lists are sentences.
    `window` (keys `centre` and `width`, in HU) is what CT slices were saved through.

    `external_notes` and `strange_notes` say what the figures of other laboratories and of what is not lung
    were used for. `targets` are what this pack aims at besides the gate of all packs (training/targets.py has
    their names); `reasons` say, by key of a row of the gate or a target, why it is not reached.
    """

    id: str = "my-model"
    version: str = "0.1.0"
    title: str = "My model"
    modality: str = "histology"
    organ: str = "lung"
    stain: str = "H&E"
    input_size: int = 224
    um_per_px: float = 0.58
    window: Mapping[str, float] = field(default_factory=dict)
    data: str = "own images"
    licence: str = "Not stated."
    intended_use: tuple[str, ...] = ("Not stated by whoever trained this model.",)
    data_notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    external_notes: tuple[str, ...] = ()
    strange_notes: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    targets: Mapping[str, Any] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def field_um(self) -> float:
        return round(self.input_size * self.um_per_px, 4)

    @property
    def input_window(self) -> Window | None:
        return Window(float(self.window["centre"]), float(self.window["width"])) if self.window else None

    @property
    def checks(self) -> ImageCheckLimits:
        """Limits of the image checks. Only a model of H&E refuses other stains."""
        return ImageCheckLimits() if self.stain == "H&E" else ImageCheckLimits(min_green_excess=-1.0)


def read_about(path: Path) -> About:
    """Read an about file (JSON, the fields of `About`).

    Raises:
        DataProblem: it is not one.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataProblem("The about file cannot be read as JSON.") from error
    empty = About()
    known = {
        f.name: (int, float) if f.type == "float" else type(getattr(empty, f.name)) for f in fields(About)
    }
    if not isinstance(document, dict) or not set(document) <= set(known):
        raise DataProblem("The about file has fields that are not known.", hint=f"Known: {', '.join(known)}.")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in document.items()}
    wrong = [n for n, v in values.items() if not isinstance(v, known[n])]
    if wrong:
        raise DataProblem(f"The about file has a value of the wrong kind: {', '.join(wrong)}.")
    _check_window(values.get("window", {}), values.get("modality", empty.modality))
    _check_aims(values.get("targets", {}), values.get("reasons", {}))
    return About(**values)


def _check_window(window: dict[str, Any], modality: str) -> None:
    known = {"centre", "width"}
    if not window:
        return
    numbers = set(window) == known and all(type(v) in (int, float) for v in window.values())
    if modality != "ct" or not numbers or window["width"] <= 1:
        raise DataProblem(
            "The window of the about file cannot be used.",
            hint='Only CT has one: {"centre": …, "width": …} in HU, the width above 1.',
        )


def _check_aims(targets: dict[str, Any], reasons: dict[str, Any]) -> None:
    from training.targets import TARGETS

    unknown = sorted(set(targets) - set(TARGETS))
    if unknown:
        raise DataProblem(
            f"The about file names targets that are not known: {', '.join(unknown)}.",
            hint=f"Known: {', '.join(TARGETS)}.",
        )
    for name, limit in targets.items():
        by_class = name == "external_recall"
        numbers = limit.values() if by_class and isinstance(limit, dict) else [limit]
        if by_class != isinstance(limit, dict) or not all(type(n) in (int, float) for n in numbers):
            form = "a number per class id" if by_class else "a number"
            raise DataProblem(f"The target {name!r} of the about file must be {form}.")
    if not all(isinstance(reason, str) for reason in reasons.values()):
        raise DataProblem("Reasons in the about file must be sentences.")
