"""How a pack treats what it must not answer: other organs, other pictures, glass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.data import decode, image_files
from training.errors import DataProblem
from training.evaluate import reasons_of
from training.judge import Judge
from training.trust_fit import far_auroc

Record = dict[str, Any]


def strange_record(
    judge: Judge, name: str, pictures: Sequence[RGB], home_scores: npt.NDArray[np.float64], ctx: JobContext
) -> Record:
    """How a set that the model must not answer is scored and treated, against the home test images."""
    given = judge.images(((p, None) for p in pictures), len(pictures), ctx, f"Not lung: {name}")
    calls = given.is_status(Status.OK)
    return {
        "set": name,
        "images": len(pictures),
        "auroc": None if np.isnan(given.trust_score).any() else far_auroc(home_scores, given.trust_score),
        "refused": float(given.is_status(Status.REFUSED).mean()),
        "review": float(given.is_status(Status.REVIEW).mean()),
        "ok": float(calls.mean()),
        "refused_for": reasons_of(given),
    }


def strange_records(
    judge: Judge, folders: Mapping[str, Path], home_scores: npt.NDArray[np.float64], ctx: JobContext
) -> list[Record]:
    """`strange_record` for every folder, and for drawn glass; nothing when there are no folders."""
    if not folders:
        return []
    sets = read_strange_sets(folders)
    sets["glass (synthetic)"] = synthetic_glass(judge.spec.input.size)
    return [strange_record(judge, name, found, home_scores, ctx) for name, found in sets.items()]


def read_strange_sets(folders: Mapping[str, Path], limit: int = 120) -> dict[str, list[RGB]]:
    """Up to `limit` pictures of each folder, evenly spread over its files."""
    sets = {}
    for name, folder in folders.items():
        files = image_files(folder)
        if not files:
            raise DataProblem(f"The set {name!r} holds no images.")
        chosen = [files[i] for i in np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int)]
        sets[name] = [decode(f.read_bytes()) for f in chosen]
    return sets


def synthetic_glass(size: int, count: int = 40, seed: int = 1) -> list[RGB]:
    """Empty glass as cameras see it: white to beige, a gentle gradient, sensor noise, a few specks."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    pictures = []
    for _ in range(count):
        tint = np.array([244, 241, 238]) - random.uniform(0, 14, 3)
        slope = random.uniform(-6, 6, 2)
        plane = tint + (slope[0] * x + slope[1] * y)[..., None] + random.normal(0, 1.5, (size, size, 3))
        for _ in range(int(random.integers(0, 5))):
            cy, cx = random.integers(4, size - 4, 2)
            plane[cy - 2 : cy + 2, cx - 2 : cx + 2] -= random.uniform(10, 60)
        pictures.append(np.clip(plane, 0, 255).astype(np.uint8))
    return pictures
