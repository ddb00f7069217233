"""A figure with its interval and what it rests on, and tables of such."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.metrics import bootstrap

REPLICATES = 200

ONLY_ADDED_TO = ("Fréchet distance, drawn", "Fréchet distance, training slices")
"""Resampling adds noise, which only ever adds to these: their intervals are put around their values."""

Statistic = Callable[[npt.NDArray[np.intp]], Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` with its 95 % interval (None: none can be had); `count` pictures, slices or latents, in
    `units` independent ones, which are called `unit`."""

    name: str
    value: float
    low: float | None
    high: float | None
    count: int
    units: int
    unit: str


def over_units(
    units: npt.NDArray[np.str_], unit: str, statistic: Statistic, prefix: str = ""
) -> list[Figure]:
    """Figures of N rows, with intervals from resampling whole units (groups, or latents one by one).

    Args:
        statistic: figures by name, of the rows it is given (with repeats).
    """
    intervals = bootstrap(units, statistic, replicates=REPLICATES)
    rows = np.arange(len(units))
    found = []
    for name, value in statistic(rows).items():
        if value is None:
            continue
        low, high = intervals[name] or (None, None)
        if low is not None and high is not None and name in ONLY_ADDED_TO:
            half = (high - low) / 2
            low, high = max(0.0, value - half), value + half
        distinct = len(np.unique(units))
        found.append(Figure(prefix + name, float(value), low, high, len(units), distinct, unit))
    return found


def single(name: str, value: float, count: int, units: int, unit: str) -> Figure:
    """A figure without an interval, such as a yardstick."""
    return Figure(name, float(value), None, None, count, units, unit)


def latents(count: int) -> npt.NDArray[np.str_]:
    """Names for made-up people, each a unit of its own."""
    return np.array([f"{i:06d}" for i in range(count)])


def records(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """As metrics.json has them."""
    return [asdict(figure) for figure in figures]


def table(sections: Mapping[str, Sequence[Figure]]) -> str:
    """All figures for a terminal, section by section."""
    lines = []
    for title, figures in sections.items():
        lines += ["", title, *(_line(figure) for figure in figures)]
    return "\n".join(lines).strip()


def _line(f: Figure) -> str:
    ends = "" if f.low is None or f.high is None else f"({f.low:.3f} to {f.high:.3f})"
    rests = f"{f.count} of {f.units} {f.unit}" if f.units != f.count else f"{f.count} {f.unit}"
    return f"  {f.name:<52}{f.value:>9.3f}  {ends:<20} {rests}"
