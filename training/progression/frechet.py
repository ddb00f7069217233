"""The Fréchet distance between two sets of pictures in an embedding (Heusel et al. 2017,
arXiv:1706.08500)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.floating]
"""N×D: one embedding a row."""


class Plane:
    """The leading directions of some embeddings. A few hundred slices cannot tell a covariance of a thousand
    numbers, and what is left over would rule the distance."""

    def __init__(self, points: Points, directions: int) -> None:
        self._mean = points.mean(axis=0, dtype=np.float64)
        spread = points.astype(np.float64) - self._mean
        _, scales, axes = np.linalg.svd(spread, full_matrices=False)
        self._axes = axes[:directions]
        total = float((scales**2).sum()) or 1.0
        self.kept = float((scales[:directions] ** 2).sum()) / total
        """Share of the variance that these directions hold."""

    def __call__(self, points: Points) -> npt.NDArray[np.float64]:
        """N×D → N×directions."""
        return np.asarray((points.astype(np.float64) - self._mean) @ self._axes.T)


def frechet_distance(one: Points, other: Points) -> float:
    """Between two normal distributions fitted to N×D and M×D points; the squared form that is usual (FID).

    Raises:
        ValueError: fewer than two points on a side.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError("a distribution needs two points")
    means = [points.mean(axis=0, dtype=np.float64) for points in (one, other)]
    first, second = (
        np.atleast_2d(np.cov(points.astype(np.float64), rowvar=False)) for points in (one, other)
    )
    root = _root(first)
    # trace of the root of a product, by way of a symmetric matrix of the same eigenvalues
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    apart = float(((means[0] - means[1]) ** 2).sum())
    return max(0.0, apart + float(np.trace(first) + np.trace(second) - 2 * shared))


def _root(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
