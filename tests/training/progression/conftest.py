"""A small simulator's data: bodies drawn as discs, with a spot that grows from stage to stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.progression.settings import Settings
from training.progression.slices import Grey, Slices

SIZE = 32


def discs(stages: list[int], seed: int = 0) -> Grey:
    """One picture a stage: a grey ellipse on air with two dark lungs, and a bright spot in one of them."""
    random = np.random.default_rng(seed)
    pictures = np.full((len(stages), SIZE, SIZE), 38, np.uint8)
    for picture, stage in zip(pictures, stages, strict=True):
        middle = (16 + int(random.integers(-1, 2)), 16 + int(random.integers(-1, 2)))
        axes = (13 + int(random.integers(-1, 2)), 9 + int(random.integers(-1, 2)))
        cv2.ellipse(picture, middle, axes, 0, 0, 360, 200, -1)
        for side in (-6, 6):
            cv2.ellipse(picture, (middle[0] + side, middle[1]), (3, 5), 0, 0, 360, 60, -1)
        if stage:
            cv2.circle(picture, (middle[0] + 6, middle[1]), stage, 230, -1)
    return pictures


@pytest.fixture
def slices() -> Slices:
    """Twelve training slices of six groups, four of each stage."""
    stages = [0, 1, 2] * 4
    groups = np.array([f"{'nbm'[stage]}{i // 6}" for i, stage in enumerate(stages)])
    paths = tuple(f"{i}.png" for i in range(len(stages)))
    return Slices(discs(stages), np.array(stages, np.float32), groups, paths)


@pytest.fixture
def settings() -> Settings:
    """Networks of a few thousand numbers and a few steps."""
    return Settings(
        size=SIZE,
        latent=4,
        width=4,
        widest=8,
        steps=4,
        batch=6,
        warm_up=1,
        inversion_steps=2,
        r1_every=2,
        checkpoint=2,
    )


@pytest.fixture
def disc_folder(tmp_path: Path) -> Path:
    """A data folder: four groups of two slices for each stage, with manifest."""
    root, rows = tmp_path / "discs", ["path,label,group"]
    for stage, label in enumerate(("normal", "benign", "malignant")):
        (root / label).mkdir(parents=True)
        for i, picture in enumerate(discs([stage] * 8, seed=stage)):
            cv2.imwrite(str(root / label / f"{i}.png"), picture)
            rows.append(f"{label}/{i}.png,{label},{label}-{i // 2}")
    (root / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


@pytest.fixture
def eagerly() -> Iterator[None]:
    """A few steps are sooner done one by one than compiled; the test of the pack compiles them."""
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)
