"""Slices as grey arrays, their stages, and batches of them in which no stage and no group rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from training.data import Dataset, batches
from training.errors import DataProblem
from training.progression.settings import STAGES
from training.sampling import Sampler
from training.split import Split

Grey = npt.NDArray[np.uint8]

TURN, SCALE, SHIFT = 5.0, 0.06, 0.03
"""Largest turn in degrees, change of scale, and shift as a share of the side, of slices trained on: what
another position on the table could have been. No mirroring: the heart lies on the left."""


@dataclass(frozen=True, slots=True)
class Slices:
    """`pixels` uint8 N×S×S, `stages` their places on the axis, `groups` and `paths` as in the data."""

    pixels: Grey
    stages: FloatArray
    groups: npt.NDArray[np.str_]
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def at(self, stage: float) -> Slices:
        """Those of one stage."""
        return self.take(np.flatnonzero(self.stages == stage))

    def take(self, rows: npt.NDArray[np.intp]) -> Slices:
        """Some of them, in the order given."""
        paths = tuple(self.paths[i] for i in rows)
        return Slices(self.pixels[rows], self.stages[rows], self.groups[rows], paths)


def read_slices(
    dataset: Dataset, split: Split, sides: Sequence[str], size: int, ctx: JobContext | None = None
) -> Slices:
    """Slices of some sides of the split at size×size, in the data's order.

    Raises:
        DataProblem: classes other than the stages, pictures that cannot be read or are not grey.
        Cancelled: between two batches.
    """
    positions = {stage.id: stage.position for stage in STAGES}
    classes = [spec.id for spec in dataset.classes]
    if set(classes) != set(positions):
        raise DataProblem(f"A simulator needs exactly the classes {', '.join(positions)}.")
    rows = np.flatnonzero(np.isin(np.array(split.sides), list(sides)))
    samples = [dataset.samples[i] for i in rows]
    parts = []
    for part, pixels in batches(dataset, samples, size, ctx=ctx):
        if np.ptp(pixels.astype(np.int16), axis=3).max() > COLOUR:
            listed = [s.path for s in samples[part]]
            raise DataProblem("A picture of the data folder is coloured: no CT slice.", listed=listed)
        parts.append(pixels[..., 0])
    stages = np.array([positions[classes[s.target]] for s in samples], np.float32)
    groups = np.array([s.group for s in samples])
    return Slices(np.concatenate(parts), stages, groups, tuple(s.path for s in samples))


COLOUR = 8
"""Grey levels by which the channels of a grey JPEG may differ."""


class Batches:
    """Draws batches of training slices, evenly over stages and over groups; batch n is always the same."""

    def __init__(self, slices: Slices, batch: int, seed: int) -> None:
        self._slices, self._batch, self._seed = slices, batch, seed
        self._sampler = Sampler(slices.stages.astype(np.int64), slices.groups, "sampling")

    def draw(self, number: int) -> tuple[FloatArray, FloatArray]:
        """Pictures N×S×S×1 from −1 to 1, a little moved, and their stages."""
        random = np.random.default_rng((self._seed, number, 1))
        rows = next(self._sampler.epoch(self._batch, self._batch, random))
        moved = np.stack([_moved(self._slices.pixels[row], random) for row in rows])
        return as_floats(moved), self._slices.stages[rows]


def as_floats(pixels: Grey) -> FloatArray:
    """N×S×S bytes as the networks want them: float32 N×S×S×1, −1 black to 1 white."""
    return np.asarray(pixels[..., None], np.float32) / np.float32(127.5) - np.float32(1)


def _moved(pixels: Grey, random: np.random.Generator) -> Grey:
    side = pixels.shape[0]
    turn, scale = random.uniform(-TURN, TURN), 1 + random.uniform(-SCALE, SCALE)
    centre = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), turn, scale)
    matrix[:, 2] += random.uniform(-SHIFT, SHIFT, 2) * side
    moved = cv2.warpAffine(
        pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)
