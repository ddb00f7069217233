"""Coordinates of made-up people in which a drawn latent is as likely as an encoded one.

An autoencoder's codes are not quite N(0, I). The graphs of the pack take and give coordinates in which they
are: the mean and covariance of the training slices' codes, stages alike, become the origin and the unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from training.progression.settings import Settings
from training.progression.slices import Slices, as_floats

SMALLEST = 0.02
"""Variance below which a direction is not stretched further."""


@dataclass(frozen=True, slots=True)
class Frame:
    """code = coordinates @ forward + origin; coordinates = (code − origin) @ back."""

    origin: FloatArray
    forward: FloatArray
    back: FloatArray


ENCODED_AT_ONCE = 32


def frame_of(encoder: Any, settings: Settings, training: Slices) -> Frame:
    """The frame of a method's codes: an autoencoder's lie where they lie, a GAN was trained on N(0, I)."""
    if settings.method == "gan":
        return plain_frame(settings.latent)
    parts = [
        encoder(as_floats(training.pixels[i : i + ENCODED_AT_ONCE]), training=False)[:2]
        for i in range(0, len(training), ENCODED_AT_ONCE)
    ]
    means, logs = (np.concatenate([np.asarray(part[i]) for part in parts]) for i in (0, 1))
    return fitted_frame(means, np.exp(logs), training.stages)


def plain_frame(latent: int) -> Frame:
    """Coordinates that are the codes: of a generator that was trained on N(0, I)."""
    unit = np.eye(latent, dtype=np.float32)
    return Frame(np.zeros(latent, np.float32), unit, unit)


def fitted_frame(means: FloatArray, variances: FloatArray, stages: FloatArray) -> Frame:
    """The frame of codes.

    Args:
        means, variances: N×Z, what an encoder says of N training slices; every code is as uncertain as it
            says, which is part of the spread that the generator was trained on.
        stages: N; every stage weighs the same.
    """
    weights = np.zeros(len(stages))
    for stage in np.unique(stages):
        weights[stages == stage] = 1.0 / (stages == stage).sum()
    weights /= weights.sum()
    origin = weights @ means
    spread = means - origin
    covariance = (spread * weights[:, None]).T @ spread + np.diag(weights @ variances)
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    scale = np.sqrt(np.maximum(values, SMALLEST))
    return Frame(
        origin=np.asarray(origin, np.float32),
        forward=_float(vectors * scale @ vectors.T),
        back=_float(vectors / scale @ vectors.T),
    )


def _float(values: npt.NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, np.float32)
