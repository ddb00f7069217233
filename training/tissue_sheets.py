"""Sheets of real pictures to look at: damage, heat maps and what is hidden. They show somebody's tissue, so
they go into the folder of whoever has the images, never into a pack."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.colourmap import colourise
from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.trust import calibrated_probabilities
from training.damage import SEVERITIES, corrupt, kinds_for
from training.explain_checks import AREAS, hide
from training.judge import Judge
from training.plots import new_figure, png
from training.randomise import randomise
from training.runtime import OnnxModel

Fields = npt.NDArray[np.uint8]


def corruption_sheet(field: npt.NDArray[np.uint8], modality: str, seed: int = 0) -> bytes:
    """Every kind of damage (rows) at every severity (columns) on one field S×S×3."""
    kinds = kinds_for(modality)
    pictures = [[field, *(corrupt(k, s, field[None], seed, modality)[0] for s in SEVERITIES)] for k in kinds]
    amounts = [["", *(f"{a:g}" for a in kind.amounts)] for kind in kinds.values()]
    return _sheet(pictures, list(kinds), ["clean", *(f"severity {s}" for s in SEVERITIES)], amounts)


def explanation_sheet(judge: Judge, graph: bytes, fields: Fields, names: list[str]) -> bytes:
    """Per field (rows): itself, the map of the called class, the same with random weights, and the field
    with its hottest, coldest and a random fifth hidden, with what is left of the class's probability."""
    raw, other = judge.model.predict(fields), OnnxModel(randomise(graph)).predict(fields)
    before = calibrated_probabilities(raw.logits, judge.spec.calibration.temperature)
    called = before.argmax(axis=1)
    pictures, notes = [], []
    for i, field in enumerate(fields):
        heat = raw.cam[i, called[i]]
        hidden = np.stack([hide(field, heat, area, np.random.default_rng(i)) for area in AREAS])
        after = calibrated_probabilities(
            judge.model.predict(hidden).logits, judge.spec.calibration.temperature
        )[:, called[i]]
        pictures.append([field, *(_overlaid(field, m) for m in (heat, other.cam[i, called[i]])), *hidden])
        label = judge.spec.classes[called[i]].label
        notes.append([f"{label}: {before[i, called[i]]:.2f}", "", "", *(f"{p:.2f}" for p in after)])
    columns = ["field", "map", "random weights", *(f"{area} fifth hidden" for area in AREAS)]
    return _sheet(pictures, names, columns, notes)


def _overlaid(field: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    side = field.shape[0]
    grid = Heatmap(heat, Rect(0, 0, side, side)).normalised()
    fine = cv2.resize(grid, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(0.5 * field + 0.5 * colourise(fine)[..., :3], np.uint8)


def _sheet(pictures: list[list[Any]], rows: Any, columns: list[str], notes: list[list[str]]) -> bytes:
    """A table of pictures with a name per row and column and a note below each."""
    width = len(columns)
    figure, axes = new_figure(1.55 * width + 0.8, 1.72 * len(pictures) + 0.3, width, len(pictures))
    for number, axis in enumerate(axes):
        row, column = divmod(number, width)
        axis.imshow(pictures[row][column])
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
        axis.set_xlabel(notes[row][column], fontsize=8)
        if row == 0:
            axis.set_title(columns[column], fontsize=9)
        if column == 0:
            axis.set_ylabel(rows[row].replace(" ", "\n"), fontsize=9)
    return png(figure)
