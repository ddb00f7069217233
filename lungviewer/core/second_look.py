"""A second look at doubtful fields: in all four positions, and the mean counts.

Tissue has no up and no left, but a network answers a turned field a little differently, and near the
boundary between two classes that changes the class. Looking at every field four times would take four times
as long; only a few are near a boundary, and for the others the mean says the same.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray, RawOutput

Fields = npt.NDArray[np.uint8]
Predict = Callable[[Fields], RawOutput]

# One, two and three to the left, as maps are turned back. By OpenCV: numpy turns pictures value by value.
_QUARTER_TURNS = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)


def look(predict: Predict, fields: Fields, again_below: float) -> RawOutput:
    """Run a model on N×S×S×3 fields, on doubtful ones in quarter turns as well.

    Doubtful is a field whose two largest logits are less than `again_below` apart (0: none is). Its logits,
    embedding and maps are the mean over the four positions, maps turned back first. A field's result does
    not depend on the fields beside it.

    Args:
        predict: M×S×S×3 → outputs, for any M up to N.
    """
    raw = predict(fields)
    rows = np.flatnonzero(margins(raw.logits) < again_below)
    if not len(rows):
        return raw
    logits, cam, embedding = (np.array(part) for part in (raw.logits, raw.cam, raw.embedding))
    turned = np.stack([cv2.rotate(fields[row], turn) for turn in _QUARTER_TURNS for row in rows])
    turns = _thirds([predict(turned[i : i + len(fields)]) for i in range(0, len(turned), len(fields))])
    logits[rows] = _mean([logits[rows], *(turn.logits for turn in turns)])
    embedding[rows] = _mean([embedding[rows], *(turn.embedding for turn in turns)])
    back = [np.rot90(turn.cam, -k, axes=(2, 3)) for k, turn in enumerate(turns, 1)]
    cam[rows] = _mean([cam[rows], *back])
    return RawOutput(logits, cam, embedding)


def _thirds(parts: list[RawOutput]) -> list[RawOutput]:
    """Outputs of three times as many fields, in order, as three outputs."""
    logits, cam, embedding = (
        np.split(np.concatenate(found), 3)
        for found in zip(*((part.logits, part.cam, part.embedding) for part in parts), strict=True)
    )
    return [RawOutput(*turn) for turn in zip(logits, cam, embedding, strict=True)]


def margins(logits: FloatArray) -> npt.NDArray[np.float64]:
    """How far the two largest of N×C logits lie apart; infinite where there is no second, or no number."""
    if logits.shape[1] < 2:
        return np.full(len(logits), np.inf)
    two = np.partition(logits.astype(np.float64), -2, axis=1)[:, -2:]
    return np.where(np.isfinite(logits).all(axis=1), two[:, 1] - two[:, 0], np.inf)


def _mean(parts: list[FloatArray]) -> FloatArray:
    return np.asarray(np.mean(np.stack(parts), axis=0, dtype=np.float64), np.float32)
