"""Statistics for the strangeness score, chosen by what tells altered validation images apart.

Statistics come from the training groups, thresholds from the validation groups, which the statistics
have not seen: fitted and judged on the same images, a score looks far better than it is.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.trust import outlier_model
from training.metrics import Targets, roc_auc

REFUSED_SHARE = 0.015
"""Of validation images that the strangeness score may refuse."""

DIMENSIONS = (64, 128, 256)
NEIGHBOURS = (1, 5, 20)
BANK_PER_GROUP = 2
BANK_LARGEST = 1000

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class TrustCandidate:
    """One score: its method, what was varied, and its AUROC on each kind of altered image."""

    method: str
    setting: int
    auroc: Mapping[str, float]

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.auroc.values())))


@dataclass(frozen=True, slots=True)
class TrustFit:
    """The chosen score: arrays for trust.npz, threshold, and the figures behind the choice.

    `refused` is the share of train and validation images above the threshold: the difference is the
    shift between images that the statistics have seen and ones that they have not.
    """

    method: str
    setting: int
    arrays: Arrays
    refuse_above: float
    refused: Mapping[str, float]
    candidates: tuple[TrustCandidate, ...]


def gaussian_arrays(embedding: FloatArray, targets: Targets, classes: int, dimensions: int) -> Arrays:
    """Class means in a whitened projection onto the leading directions of the shared within-class
    covariance (Lee et al. 2018, arXiv:1807.03888), shrunk after Ledoit & Wolf (2004)."""
    from sklearn.covariance import ledoit_wolf

    data = embedding.astype(np.float64)
    centre = data.mean(axis=0)
    means = np.stack([data[targets == c].mean(axis=0) for c in range(classes)])
    covariance, _ = ledoit_wolf(data - means[targets], assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    leading = np.argsort(-values)[: min(dimensions, len(values))]
    projection = vectors[:, leading] / np.sqrt(np.maximum(values[leading], 1e-12))
    # An eigenvector's sign is the library's whim; fixed so that two runs give the same file.
    projection *= np.sign(projection[np.abs(projection).argmax(axis=0), np.arange(projection.shape[1])])
    return {
        "centre": centre.astype(np.float32),
        "projection": projection.astype(np.float32),
        "class_means": ((means - centre) @ projection).astype(np.float32),
    }


def leading_part(arrays: Arrays, dimensions: int) -> Arrays:
    """The same with fewer dimensions: directions are in order of variance."""
    cut = {name: arrays[name][:, :dimensions] for name in ("projection", "class_means")}
    return {**arrays, **{name: np.ascontiguousarray(values) for name, values in cut.items()}}


def neighbour_arrays(embedding: FloatArray, groups: npt.NDArray[np.str_], k: int) -> Arrays:
    """A bank of unit-length embeddings, a few from every group (Sun et al. 2022, arXiv:2204.06507)."""
    centre = embedding.mean(axis=0, dtype=np.float64).astype(np.float32)
    taken: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        if len(taken[group]) < BANK_PER_GROUP:
            taken[group].append(row)
    rows = np.sort([row for chosen in taken.values() for row in chosen])
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), BANK_LARGEST)).astype(int)]
    shifted = embedding[rows] - centre
    bank = shifted / np.maximum(np.linalg.norm(shifted, axis=1, keepdims=True), 1e-12)
    return {"centre": centre, "bank": bank.astype(np.float16), "k": np.array(min(k, len(bank)), np.int32)}


def fit_trust(
    train: FloatArray,
    train_targets: Targets,
    train_groups: npt.NDArray[np.str_],
    validation: FloatArray,
    strange: Mapping[str, FloatArray],
    classes: int,
) -> TrustFit:
    """Fit both kinds of score and keep the one with the best mean AUROC over the kinds of altered image.

    Args:
        train, validation: embeddings n×D of the two sides.
        strange: embeddings of altered validation images, by kind.
    """
    fitted: list[tuple[TrustCandidate, Arrays]] = []
    widest = gaussian_arrays(train, train_targets, classes, max(DIMENSIONS))
    for dimensions in DIMENSIONS:
        arrays = leading_part(widest, dimensions)
        fitted.append((_judge("gaussian", dimensions, arrays, validation, strange), arrays))
    for k in NEIGHBOURS:
        arrays = neighbour_arrays(train, train_groups, k)
        fitted.append((_judge("neighbours", k, arrays, validation, strange), arrays))
    best, arrays = max(fitted, key=lambda pair: pair[0].mean)
    scores = _scores(best.method, arrays, validation)
    threshold = float(f"{np.quantile(scores, 1 - REFUSED_SHARE):.6g}")
    return TrustFit(
        best.method,
        best.setting,
        arrays,
        threshold,
        {
            "train": float((_scores(best.method, arrays, train) > threshold).mean()),
            "validation": float((scores > threshold).mean()),
        },
        tuple(candidate for candidate, _ in fitted),
    )


def _scores(method: str, arrays: Arrays, embedding: FloatArray) -> npt.NDArray[np.float64]:
    model = outlier_model(method, arrays)
    assert model is not None  # only "none" has no model
    return model.score(embedding)


def _judge(
    method: str, setting: int, arrays: Arrays, validation: FloatArray, strange: Mapping[str, FloatArray]
) -> TrustCandidate:
    known = _scores(method, arrays, validation)
    auroc = {kind: far_auroc(known, _scores(method, arrays, e)) for kind, e in strange.items()}
    return TrustCandidate(method, setting, auroc)


def far_auroc(known: npt.NDArray[np.float64], far: npt.NDArray[np.float64]) -> float:
    """Chance that a strange image scores above a known one."""
    positive = np.concatenate([np.zeros(len(known), bool), np.ones(len(far), bool)])
    return roc_auc(np.concatenate([known, far]), positive) or 0.0


def pack_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """The bytes of an .npz; the same arrays give the same bytes (numpy stamps members with 1980)."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
