"""Strangeness scores: how unlike the training data an image is, from one forward pass.

A pack names its score and brings the arrays for it (trust.npz). Larger is always stranger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.errors import PackInvalid

Scores = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[np.generic]]

PARTS = ("gaussian", "neighbours", "energy", "norm")
"""What a score of method "sum" may add up. Packs name them by place: never reorder."""


class OutlierModel(Protocol):
    """How unlike the training data an image is."""

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        """N scores from embeddings N×D and logits N×C; larger is stranger."""


class GaussianOutlier:
    """Distance to the nearest class mean under a shared covariance (Lee et al. 2018, arXiv:1807.03888).

    `centre` D and `projection` D×K whiten the embedding so that the within-class covariance is the
    identity; `class_means` is C×K in that space. The score is the distance divided by √K: about 1 for
    training data.
    """

    def __init__(self, centre: FloatArray, projection: FloatArray, class_means: FloatArray) -> None:
        self._centre, self._projection, self._means = centre, projection, class_means

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        white = _product(embedding - self._centre, self._projection).astype(np.float64)
        distance = np.linalg.norm(white[:, None, :] - self._means[None, :, :], axis=2)
        return np.asarray(distance.min(axis=1) / np.sqrt(white.shape[1]))


class RelativeOutlier:
    """The squared Gaussian distance less that to all training data taken as one class (Ren et al. 2021,
    arXiv:2106.09022), both per dimension. `background` D×K whitens the whole training set about `centre`."""

    def __init__(self, near: GaussianOutlier, centre: FloatArray, background: FloatArray) -> None:
        self._near, self._centre, self._background = near, centre, background

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        white = _product(embedding - self._centre, self._background).astype(np.float64)
        return np.asarray(self._near.score(embedding, logits) ** 2 - (white**2).mean(axis=1))


class NeighbourOutlier:
    """Cosine distance to the k-th nearest training embedding (Sun et al. 2022, arXiv:2204.06507).

    `centre` D is subtracted first; `bank` is M×D with rows of length 1; `k` counts from 1.
    """

    def __init__(self, centre: FloatArray, bank: FloatArray, k: int) -> None:
        self._centre, self._bank, self._k = centre, bank.astype(np.float32), k

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        shifted = embedding - self._centre
        unit = shifted / np.maximum(np.linalg.norm(shifted, axis=1, keepdims=True), 1e-12)
        distance = 1.0 - _product(unit, self._bank.T)
        return np.asarray(np.partition(distance, self._k - 1, axis=1)[:, self._k - 1].astype(np.float64))


class EnergyOutlier:
    """Free energy of the logits, −log Σ exp (Liu et al. 2020, arXiv:2010.03759, at temperature 1)."""

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        return np.asarray(-np.logaddexp.reduce(logits.astype(np.float64), axis=1))


class NormOutlier:
    """Less length of the embedding, less activation: strange images excite few features (Dhamija et al.
    2018, arXiv:1811.04110)."""

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        return np.asarray(-np.linalg.norm(embedding.astype(np.float64), axis=1))


class SumOutlier:
    """Several scores, each less its `mean` and over its `deviation` at home, added up."""

    def __init__(self, parts: Sequence[OutlierModel], means: Scores, deviations: Scores) -> None:
        self._parts, self._means, self._deviations = tuple(parts), means, deviations

    def score(self, embedding: FloatArray, logits: FloatArray) -> Scores:
        found = np.stack([part.score(embedding, logits) for part in self._parts])
        return np.asarray(((found - self._means[:, None]) / self._deviations[:, None]).sum(axis=0))


def _product(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """rows @ matrix, so that a row's result does not depend on how many are beside it: BLAS multiplies a
    single row in another way, which rounds otherwise."""
    return (np.concatenate([rows, rows]) @ matrix)[:1] if len(rows) == 1 else rows @ matrix


def outlier_model(method: str, arrays: Arrays) -> OutlierModel | None:
    """The score that a pack names, from the arrays of its trust.npz; None for "none".

    Raises:
        PackInvalid: an array is missing or has the wrong shape.
    """
    if method == "none":
        return None
    try:
        return _sum(arrays) if method == "sum" else _single(method, arrays)
    except KeyError as error:
        raise PackInvalid(f"trust.npz lacks the array {error}.") from error


def _single(method: str, arrays: Arrays) -> OutlierModel:
    if method == "energy":
        return EnergyOutlier()
    if method == "norm":
        return NormOutlier()
    if method == "gaussian":
        return _gaussian(arrays)
    if method == "relative":
        near, centre = _gaussian(arrays), arrays["centre"].astype(np.float32)
        background = arrays["background"].astype(np.float32)
        _require(background.ndim == 2 and background.shape[0] == centre.shape[0])
        return RelativeOutlier(near, centre, background)
    if method == "neighbours":
        centre, bank = arrays["centre"].astype(np.float32), arrays["bank"].astype(np.float32)
        k = int(arrays["k"])
        _require(centre.ndim == 1 and bank.ndim == 2 and bank.shape[1] == centre.shape[0])
        _require(1 <= k <= bank.shape[0])
        return NeighbourOutlier(centre, bank, k)
    raise PackInvalid(f"The trust score {method!r} is not known to this version.")


def _gaussian(arrays: Arrays) -> GaussianOutlier:
    centre = arrays["centre"].astype(np.float32)
    projection = arrays["projection"].astype(np.float32)
    means = arrays["class_means"].astype(np.float32)
    _require(centre.ndim == 1 and projection.ndim == 2 and means.ndim == 2)
    _require(projection.shape[0] == centre.shape[0] and means.shape[1] == projection.shape[1])
    return GaussianOutlier(centre, projection, means)


def _sum(arrays: Arrays) -> SumOutlier:
    codes = arrays["parts"]
    means, deviations = (arrays[name].astype(np.float64) for name in ("means", "deviations"))
    _require(codes.ndim == 1 and codes.dtype.kind in "iu" and 1 <= len(codes) <= len(PARTS))
    _require(means.shape == deviations.shape == codes.shape and bool((deviations > 0).all()))
    places = [int(code) for code in codes]
    _require(all(0 <= place < len(PARTS) for place in places))
    return SumOutlier([_single(PARTS[place], arrays) for place in places], means, deviations)


def _require(condition: bool) -> None:
    if not condition:
        raise PackInvalid("The arrays of trust.npz do not fit together.")
