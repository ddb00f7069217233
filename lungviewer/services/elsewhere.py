"""How a model did on slides of other laboratories and at its gate, as its pack publishes it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.packs.catalogue import HISTOLOGY
from lungviewer.packs.names import METRICS
from lungviewer.services.gate import Gate, entries, gate_of, mapping, read_metrics
from lungviewer.services.reliability import share_range
from lungviewer.services.training_events import number, plain_text

_MOST_NAMED = 4
_WORDS = {
    HISTOLOGY: ("slides", "laboratory", "laboratories"),
    CT: ("CT", "hospital", "hospitals"),
}


@dataclass(frozen=True, slots=True)
class Laboratory:
    """One set of slides of another laboratory. `groups`: originals or patients; `right`: share of the `calls`
    (0–1) with its 95 % interval over the groups, whose ends are None where there are too few."""

    name: str
    images: int
    groups: int
    calls: int
    right: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a model beyond its home. `laboratories` None: the pack says nothing that can be read;
    empty: it was not measured elsewhere."""

    laboratories: tuple[Laboratory, ...] | None = ()
    gate: Gate = field(default_factory=Gate)
    modality: str = HISTOLOGY


def read_standing(folder: Path, spec: ModelSpec) -> Standing:
    """The standing that the pack in a folder or zip publishes. For a job: the file is read and verified."""
    if METRICS not in spec.files:
        return Standing(modality=spec.modality)
    metrics = read_metrics(folder, spec)
    if not metrics:
        return Standing(None, modality=spec.modality)
    sets = [_laboratory(mapping(entry)) for entry in entries(metrics.get("external_sets"))]
    return Standing(tuple(one for one in sets if one is not None), gate_of(metrics), spec.modality)


def elsewhere_sentence(standing: Standing) -> str:
    """How often calls were right on slides of other laboratories, or CT of other hospitals."""
    what, one_place, places = _WORDS.get(standing.modality, _WORDS[HISTOLOGY])
    if standing.laboratories is None:
        return f"How this model does on {what} of other {places} could not be read from its pack."
    called = [one for one in standing.laboratories if one.calls]
    if not standing.laboratories:
        return f"This model was not measured on {what} of other {places}."
    if not called:
        return f"On {what} of other {places} this model made no calls."
    where = f"another {one_place}" if len(called) == 1 else f"{len(called)} other {places}"
    if len(called) > _MOST_NAMED:
        right = share_range(min(one.right for one in called), max(one.right for one in called))
        images = f"{sum(one.images for one in called)} images"
        return f"On {what} of {where} {right} of calls were right, by {one_place} ({images})."
    right = _listed([f"{one.right * 100:.0f}\u00a0%" for one in called])
    calls = _listed([str(one.calls) for one in called])
    images = _listed([str(one.images) for one in called])
    return f"On {what} of {where} {right} of calls were right ({calls} calls on {images} images)."


def laboratory_lines(standing: Standing) -> tuple[str, ...]:
    """Each set with all its figures."""
    return tuple(
        f"{one.name}: {one.right * 100:.0f}\u00a0% of {one.calls} calls right"
        f"{_interval(one)}; {one.images} images of {one.groups} originals or patients."
        for one in standing.laboratories or ()
        if one.calls
    )


def _laboratory(entry: Mapping[str, Any]) -> Laboratory | None:
    """None where the pack gives no figure: nothing is guessed."""
    images, groups, calls = (number(entry.get(name)) for name in ("images", "groups", "calls"))
    right = number(entry.get("selective_accuracy"))
    if not all(map(math.isfinite, (images, groups, calls))) or not (calls == 0 or 0 <= right <= 1):
        return None
    ends = [number(end) for end in entries(entry.get("selective_accuracy_interval"))]
    known = len(ends) == 2 and all(0 <= end <= 1 for end in ends)
    return Laboratory(
        plain_text(entry.get("set") or "–"),
        int(images),
        int(groups),
        int(calls),
        right,
        ends[0] if known else None,
        ends[1] if known else None,
    )


def _interval(one: Laboratory) -> str:
    if one.low is None or one.high is None:
        return ""
    return f" (95\u00a0% interval {share_range(one.low, one.high)})"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
