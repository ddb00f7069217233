"""Deliberately stupid descriptions of a CT slice: what a scanner, a dose or a table could give away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from training.data import Dataset

Figures = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

SIDE = 256
"""Pixels of the central square in which slices are described."""
_AIR, _SOFT = (10, 90), (150, 240)
"""Grey of air and of soft tissue, widely."""
_BORDER = 0.04
_TABLE = 0.22
"""Share of the height, from the lowest row up: table and air below the body, of large bodies their back."""
_STRIPS = 12


@dataclass(frozen=True, slots=True)
class ScanProbe:
    """`describe` gives some figures of a square slice in grey; `words` say what it sees."""

    describe: Callable[[Grey], Figures]
    words: str


def scan_features(dataset: Dataset, ctx: JobContext) -> dict[str, FloatArray]:
    """N×… of every probe, by its name."""
    found: dict[str, list[Figures]] = {name: [] for name in SCAN_PROBES}
    for i, sample in enumerate(dataset.samples):
        if i % 64 == 0:
            ctx.check()
            ctx.progress(i, len(dataset.samples), "Shortcut probes of scans")
        slice_ = in_grey(dataset.pixels(sample, SIDE))
        for name, probe in SCAN_PROBES.items():
            found[name].append(probe.describe(slice_))
    return {name: np.stack(rows).astype(np.float32) for name, rows in found.items()}


def in_grey(pixels: RGB) -> Grey:
    """S×S of S×S×3."""
    return np.asarray(pixels.mean(axis=2, dtype=np.float32), np.float32)


def noise_statistics(slice_: Grey) -> Figures:
    """How rough air and soft tissue are, at three sizes of grain: median and 90th percentile of what a
    Gaussian takes away, logarithms. Nothing that lies anywhere in particular."""
    figures: list[float] = []
    for deviation in (0.7, 1.4, 2.8):
        detail = np.abs(slice_ - cv2.GaussianBlur(slice_, (0, 0), deviation))
        for low, high in (_AIR, _SOFT):
            there = detail[(slice_ > low) & (slice_ < high)]
            ends = np.percentile(there, (50, 90)) if there.size else np.zeros(2)
            figures += [float(np.log1p(v)) for v in ends]
    return np.array(figures)


def border_statistics(slice_: Grey) -> Figures:
    """Mean, spread and roughness of a narrow frame, side by side."""
    width = max(1, round(_BORDER * len(slice_)))
    sides = (slice_[:width], slice_[-width:], slice_[:, :width].T, slice_[:, -width:].T)
    return np.concatenate([_plain(np.ascontiguousarray(side)) for side in sides])


def table_statistics(slice_: Grey) -> Figures:
    """Mean brightness of strips across and along the lowest part of the picture."""
    lowest = slice_[-round(_TABLE * len(slice_)) :]
    across = [strip.mean() for strip in np.array_split(lowest, _STRIPS, axis=1)]
    along = [strip.mean() for strip in np.array_split(lowest, _STRIPS, axis=0)]
    return np.array([*across, *along])


def _plain(part: Grey) -> Figures:
    rough = np.abs(cv2.Laplacian(part, cv2.CV_32F)).mean()
    return np.array([part.mean(), part.std(), rough])


SCAN_PROBES: Mapping[str, ScanProbe] = {
    "noise": ScanProbe(noise_statistics, "the noise of air and soft tissue alone (no shapes)"),
    "border": ScanProbe(border_statistics, "a narrow frame around the slice alone"),
    "table": ScanProbe(table_statistics, "the lowest part of the picture alone (table and back)"),
}
