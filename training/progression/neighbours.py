"""Precision and recall of drawn pictures, and how near they are to what was learned from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.progression.frechet import Points

NEIGHBOURS = 3


def distances(one: Points, other: Points) -> npt.NDArray[np.float64]:
    """N×M Euclidean distances between N×D and M×D points."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def precision_recall(real: Points, drawn: Points, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of drawn points within the real ones' reach, and of real ones within the drawn ones'
    (Kynkäänniemi et al. 2019, arXiv:1904.06991). A point's reach is the distance to its k-th neighbour.

    Raises:
        ValueError: a set has no more points than neighbours.
    """
    return _covered(drawn, real, neighbours), _covered(real, drawn, neighbours)


def _covered(asked: Points, by: Points, neighbours: int) -> float:
    if len(by) <= neighbours:
        raise ValueError("too few points for their neighbours")
    apart = distances(by, by)
    np.fill_diagonal(apart, np.inf)
    reach = np.sort(apart, axis=1)[:, neighbours - 1]
    # Rounding of distances must not put a point outside of itself.
    return float((distances(asked, by) <= reach[None, :] + 1e-6).any(axis=1).mean())


def nearest(points: Points, among: Points) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Distance of each point to the nearest of some others, and which one that is."""
    apart = distances(points, among)
    return apart.min(axis=1), apart.argmin(axis=1)


def mean_pairwise(points: Points) -> float:
    """Mean distance between two different points; 0 for a single one."""
    count = len(points)
    return float(distances(points, points).sum() / max(1, count * (count - 1)))


def share_nearer(points: Points, held_out: Points, training: Points, tail: float = 0.05) -> float:
    """Share of points nearer to a training picture than all but `tail` of the held-out pictures are. About
    `tail` when a simulator draws new pictures as new patients are new; near 1 when it repeats."""
    limit = float(np.quantile(nearest(held_out, training)[0], tail))
    return float((nearest(points, training)[0] <= limit).mean())
