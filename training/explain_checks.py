"""Whether the heat map shows what the network has learnt, and what its answer rests on."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from lungviewer.core.trust import calibrated_probabilities
from training.augment.body import body_mask
from training.judge import BATCH, Judge
from training.metrics import bootstrap, group_count
from training.runtime import OnnxModel

Record = dict[str, Any]
Fields = npt.NDArray[np.uint8]
Shares = npt.NDArray[np.float64]

HIDDEN_SHARE = 0.2
"""Of a field's area that is hidden."""

AREAS = ("hot", "cold", "random")
_SEED = 0


def explanation_record(
    judge: Judge,
    randomised: OnnxModel | None,
    fields: Fields,
    ctx: JobContext,
    groups: npt.NDArray[np.str_] | None = None,
    split_unit: str = "image",
) -> Record:
    """Two checks of the maps of the called class (largest probability, before refusal).

    `randomised`: Spearman's correlation between a map and that of a network with random weights for the
    same class, mean over the images: near 0 when the map depends on what was learnt, near 1 when it only
    draws the picture's edges (Adebayo et al. 2018, arXiv:1810.03292). `hidden`: mean loss of the called
    class's probability when the hottest, the coldest or a random fifth of the area is replaced by a
    strongly blurred copy (Fong & Vedaldi 2017, arXiv:1704.03296), and how often hiding the hottest costs
    more than hiding the coldest. `surroundings` (CT): the share of the heat that lies outside the body, and
    the share of the picture that this is. Images without a map (0 everywhere) are counted and left out.

    Args:
        randomised: the pack's graph after `training.randomise.randomise`; None leaves that check out.
        fields: N×S×S×3 uint8 RGB at the model's input size.
        groups: N names for the 95 % intervals; by default every image is its own.
    """
    names = np.array([f"{i:06}" for i in range(len(fields))]) if groups is None else groups
    probabilities, maps = _answers(judge.model, judge, fields, ctx, "Heat maps")
    called = probabilities.argmax(axis=1)
    own = maps[np.arange(len(fields)), called]
    record: Record = {"split_unit": split_unit}
    if randomised is not None:
        _, other = _answers(randomised, judge, fields, ctx, "Random weights")
        record["randomised"] = _compared(own, other[np.arange(len(fields)), called], names)
    if judge.spec.modality == "ct":
        record["surroundings"] = _surroundings(fields, own, names)
    record["hidden"] = _hidden(judge, fields, probabilities, own, names, ctx)
    return record


def _answers(
    model: OnnxModel, judge: Judge, fields: Fields, ctx: JobContext, text: str
) -> tuple[Shares, FloatArray]:
    """Calibrated probabilities N×C and maps N×C×h×w."""
    parts = []
    for start in range(0, len(fields), BATCH):
        ctx.check()
        parts.append(model.predict(fields[start : start + BATCH]))
        ctx.progress(min(start + BATCH, len(fields)), len(fields), text)
    logits = np.concatenate([p.logits for p in parts])
    temperature = judge.spec.calibration.temperature
    return calibrated_probabilities(logits, temperature), np.concatenate([p.cam for p in parts])


def _compared(own: FloatArray, other: FloatArray, groups: npt.NDArray[np.str_]) -> Record:
    drawn = _has_map(own) & _has_map(other)
    if not drawn.any():
        return {"rank_correlation": None, "interval": None, "images": 0, "without_map": len(own)}
    values = rank_correlations(own[drawn], other[drawn])
    interval = bootstrap(groups[drawn], lambda rows: {"rho": float(values[rows].mean())})["rho"]
    return {
        "rank_correlation": float(values.mean()),
        "interval": interval,
        "images": int(drawn.sum()),
        "groups": group_count(groups[drawn]),
        "without_map": int((~drawn).sum()),
    }


def _surroundings(fields: Fields, own: FloatArray, groups: npt.NDArray[np.str_]) -> Record:
    """`heat` and `area`: mean shares outside the body; maps below 0 count as 0."""
    side = fields.shape[1]
    figures, kept = [], []
    for i, (field, heat) in enumerate(zip(fields, np.maximum(own, 0), strict=True)):
        body = body_mask(field)
        if body is None or not heat.any():
            continue
        fine = cv2.resize(heat, (side, side), interpolation=cv2.INTER_LINEAR)
        figures.append((float(fine[~body].sum() / fine.sum()), float((~body).mean())))
        kept.append(i)
    if not figures:
        return {"heat": None, "area": None, "interval": None, "images": 0}
    values = np.array(figures)
    interval = bootstrap(groups[kept], lambda rows: {"heat": float(values[rows, 0].mean())})["heat"]
    heat, area = (float(v) for v in values.mean(axis=0))
    return {"heat": heat, "area": area, "interval": interval, "images": len(kept)}


def _has_map(maps: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(maps.max(axis=(1, 2)) > maps.min(axis=(1, 2)))


def rank_correlations(one: FloatArray, other: FloatArray) -> Shares:
    """Spearman's correlation of each pair of maps n×h×w, ties sharing their mean rank. No map is flat."""
    from scipy.stats import rankdata

    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (one, other)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))


def _hidden(
    judge: Judge,
    fields: Fields,
    probabilities: Shares,
    own: FloatArray,
    groups: npt.NDArray[np.str_],
    ctx: JobContext,
) -> Record:
    rows = np.flatnonzero(_has_map(own))
    if not len(rows):
        return {"moved_share": None, "images": 0, "without_map": len(own)}
    called = probabilities[rows].argmax(axis=1)
    before = probabilities[rows, called]
    figures: dict[str, Shares] = {}
    for area in AREAS:
        covered = np.stack([hide(fields[i], own[i], area, np.random.default_rng((_SEED, i))) for i in rows])
        after, _ = _answers(judge.model, judge, covered, ctx, f"Hiding: {area}")
        figures[f"drop_{area}"] = before - after[np.arange(len(rows)), called]
        figures[f"changed_{area}"] = (after.argmax(axis=1) != called).astype(np.float64)
    figures["moved_share"] = (figures["drop_hot"] > figures["drop_cold"]).astype(np.float64)
    intervals = bootstrap(groups[rows], lambda r: {n: float(v[r].mean()) for n, v in figures.items()})
    return {
        **{name: float(values.mean()) for name, values in figures.items()},
        "intervals": intervals,
        "area": HIDDEN_SHARE,
        "images": len(rows),
        "groups": group_count(groups[rows]),
        "without_map": len(own) - len(rows),
    }


def hide(field: npt.NDArray[np.uint8], heat: FloatArray, area: str, random: np.random.Generator) -> Fields:
    """A field S×S×3 with a fifth of its area blurred away: where the map h×w is largest ("hot"), smallest
    ("cold"), or a map of the same kind with its cells shuffled is largest ("random")."""
    side = field.shape[0]
    if area == "random":
        heat = random.permutation(heat.reshape(-1)).reshape(heat.shape)
    # Ties, such as the zeros of a rectified map, are broken by smooth patches of chance: exactly a fifth is
    # always hidden, and in pieces as large as those of the map.
    chance = random.random(heat.shape).astype(np.float32)
    patches, fine = (cv2.resize(m, (side, side), interpolation=cv2.INTER_LINEAR) for m in (chance, heat))
    order = np.lexsort((patches.reshape(-1), fine.reshape(-1)))
    count = round(HIDDEN_SHARE * fine.size)
    covered = np.zeros(fine.size, bool)
    covered[order[:count] if area == "cold" else order[-count:]] = True
    blurred = cv2.GaussianBlur(field, (0, 0), side / 12)
    return np.asarray(np.where(covered.reshape(side, side, 1), blurred, field), np.uint8)
