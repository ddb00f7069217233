"""What happens along the stage axis: how a probability rises, and how much of a picture stays."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training.progression.slices import Grey

Curves = npt.NDArray[np.floating]
"""K×T: a figure of K latents at T places along the axis, in order."""

TOLERANCE = 0.01
"""A probability that falls by less has not fallen."""
BODY = 100
"""Grey level above which a pixel belongs to the body, not to air: about −400 HU in the training window."""


def rise(curves: Curves) -> dict[str, float]:
    """Of the curves: share of steps that do not fall, share of curves without a falling step, mean rise from
    end to end, share of curves that end higher, mean rank correlation with the axis (Spearman)."""
    steps = np.diff(curves, axis=1)
    kept = steps >= -TOLERANCE
    return {
        "steps_not_falling": float(kept.mean()),
        "curves_not_falling": float(kept.all(axis=1).mean()),
        "mean_rise": float((curves[:, -1] - curves[:, 0]).mean()),
        "curves_ending_higher": float((curves[:, -1] > curves[:, 0]).mean()),
        "spearman": float(np.mean([_rank_correlation(curve) for curve in curves])),
    }


def _rank_correlation(curve: npt.NDArray[np.floating]) -> float:
    above = (curve[:, None] > curve).sum(axis=1)
    ranks = above + ((curve[:, None] == curve).sum(axis=1) - 1) / 2
    if np.ptp(ranks) == 0:
        return 0.0
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])


def correlation(one: Grey, other: Grey) -> npt.NDArray[np.float64]:
    """Pearson correlation of the pixels of each pair of N×S×S pictures; 0 where one is flat."""
    a, b = (np.asarray(p, np.float64).reshape(len(p), -1) for p in (one, other))
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.asarray(np.divide((a * b).sum(1), size, out=np.zeros(len(a)), where=size > 0))


def outline_overlap(one: Grey, other: Grey) -> npt.NDArray[np.float64]:
    """Dice overlap of the bodies of each pair of N×S×S pictures: twice the shared pixels by all of both."""
    a, b = (bodies(p).reshape(len(p), -1) for p in (one, other))
    total = a.sum(1) + b.sum(1)
    return np.asarray(np.divide(2.0 * (a & b).sum(1), total, out=np.zeros(len(a)), where=total > 0))


def bodies(pictures: Grey) -> npt.NDArray[np.bool_]:
    """The body of each picture: its largest bright piece, with what it encloses."""
    found = np.zeros(pictures.shape, np.uint8)
    for mask, picture in zip(found, pictures, strict=True):
        bright = (picture > BODY).astype(np.uint8)
        contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if contours:
            cv2.drawContours(mask, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return found.astype(bool)
