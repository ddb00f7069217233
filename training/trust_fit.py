"""Statistics for the strangeness score, chosen by what tells altered validation images apart.

Statistics come from the training groups, thresholds from the validation groups, which the statistics
have not seen: fitted and judged on the same images, a score looks far better than it is.

Familiar are images as they are and as made-up laboratories show them. Statistics of home images alone
call every other laboratory strange, and there it is the familiar-looking images that are answered
wrongly: of the calls on one foreign set 70 % were right, of what was refused as strange 92 %.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.outliers import PARTS, OutlierModel, Scores, outlier_model
from training.evidence import Evidence
from training.metrics import Targets, evenly, roc_auc

DIMENSIONS = (64, 128, 256)
NEIGHBOURS = (1, 5, 20)
SUMS = (
    ("gaussian", "norm"),
    ("gaussian", "energy"),
    ("gaussian", "norm", "energy"),
    ("neighbours", "energy"),
)
BANK_PER_GROUP = 2

LARGEST_MATRIX = 700_000
"""Numbers that the matrices of a score may hold together, so that trust.npz stays below 3 MB; half
floats count half."""

SIMPLEST_FIRST = ("norm", "energy", "neighbours", "gaussian", "relative", "sum")
STANDARD_ERRORS, BLIND = 2.0, 0.1
"""A candidate is clearly worse than the best when its mean AUROC is this many standard errors of the
difference lower, over the kinds of altered image; or when it is blind to one kind: its AUROC there is lower
by this much. Of those that are not, the simplest is taken: the one that assumes least."""

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class TrustCandidate:
    """One score: its method, what was varied, and its AUROC on each kind of altered image."""

    method: str
    setting: str
    auroc: Mapping[str, float]

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.auroc.values())))


@dataclass(frozen=True, slots=True)
class TrustFit:
    """The chosen score: its arrays for trust.npz, and all candidates with the figures behind the choice."""

    method: str
    setting: str
    arrays: Arrays
    candidates: tuple[TrustCandidate, ...]

    @property
    def model(self) -> OutlierModel:
        return _model(self.method, self.arrays)


def fit_trust(
    train: Evidence,
    targets: Targets,
    groups: npt.NDArray[np.str_],
    familiar: Evidence,
    strange: Mapping[str, Evidence],
    classes: int,
) -> TrustFit:
    """Fit every kind of score and keep the one that tells altered images from familiar ones best.

    The best is the highest mean AUROC over the kinds of altered image; a simpler score that is not clearly
    worse (`STANDARD_ERRORS`, `BLIND`) goes first.

    Args:
        train: of the training side, with `targets` and `groups` of its images. Views of one image may be
            groups of their own: a few of every group are remembered.
        familiar: of validation images.
        strange: of altered validation images, by kind.
    """
    fitted = []
    for method, setting, arrays in _candidates(train, targets, groups, familiar, classes):
        model = _model(method, arrays)
        known = familiar.scores(model)
        auroc = {kind: far_auroc(known, seen.scores(model)) for kind, seen in strange.items()}
        fitted.append((TrustCandidate(method, setting, auroc), arrays))
    chosen = _chosen([candidate for candidate, _ in fitted])
    best, arrays = fitted[chosen]
    return TrustFit(best.method, best.setting, arrays, tuple(candidate for candidate, _ in fitted))


def _chosen(candidates: Sequence[TrustCandidate]) -> int:
    best = max(candidates, key=lambda c: c.mean)
    near = [i for i, c in enumerate(candidates) if not clearly_worse(c, best)]
    return min(near, key=lambda i: (SIMPLEST_FIRST.index(candidates[i].method), -candidates[i].mean))


def clearly_worse(candidate: TrustCandidate, best: TrustCandidate) -> bool:
    """Whether the difference is more than chance among the kinds of altered image (paired), or large on one
    of them: a single large one makes the standard error large as well, and would never count."""
    lost = np.array([best.auroc[kind] - candidate.auroc[kind] for kind in best.auroc])
    error = lost.std(ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else 0.0
    return bool(lost.mean() > STANDARD_ERRORS * error or lost.max() > BLIND)


def _candidates(
    train: Evidence,
    targets: Targets,
    groups: npt.NDArray[np.str_],
    familiar: Evidence,
    classes: int,
) -> list[tuple[str, str, Arrays]]:
    """Method, setting and arrays of every score that is tried."""
    width = train.embedding.shape[1]
    small = [k for k in DIMENSIONS if k * width <= LARGEST_MATRIX] or [DIMENSIONS[0]]
    widest = gaussian_arrays(train.embedding, targets, classes, max(small))
    background = _whitening(train.embedding - widest["centre"], max(small))
    banks = {k: neighbour_arrays(train.embedding, groups, k) for k in NEIGHBOURS}
    relative = [k for k in small if 2 * k * width <= LARGEST_MATRIX]
    return [
        ("norm", "", {}),
        ("energy", "", {}),
        *[("gaussian", f"{k} dimensions", leading_part(widest, k)) for k in small],
        *[
            ("relative", f"{k} dimensions", {**leading_part(widest, k), "background": background[:, :k]})
            for k in relative
        ],
        *[("neighbours", f"neighbour {k}", bank) for k, bank in banks.items()],
        *[
            (
                "sum",
                " + ".join(parts),
                sum_arrays(parts, banks[1] if "neighbours" in parts else widest, familiar),
            )
            for parts in SUMS
        ],
    ]


def gaussian_arrays(embedding: FloatArray, targets: Targets, classes: int, dimensions: int) -> Arrays:
    """Class means in a whitened projection onto the leading directions of the shared within-class
    covariance (Lee et al. 2018, arXiv:1807.03888)."""
    data = embedding.astype(np.float64)
    centre = data.mean(axis=0)
    means = np.stack([data[targets == c].mean(axis=0) for c in range(classes)])
    projection = _whitening(data - means[targets], dimensions)
    return {
        "centre": centre.astype(np.float32),
        "projection": projection,
        "class_means": ((means - centre) @ projection).astype(np.float32),
    }


def _whitening(residuals: npt.NDArray[np.floating], dimensions: int) -> FloatArray:
    """D×K onto the leading directions of the covariance of centred rows n×D, each over its deviation.
    The covariance is shrunk after Ledoit & Wolf (2004)."""
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(residuals.astype(np.float64), assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    leading = np.argsort(-values)[: min(dimensions, len(values))]
    projection = vectors[:, leading] / np.sqrt(np.maximum(values[leading], 1e-12))
    # An eigenvector's sign is the library's whim; fixed so that two runs give the same file.
    projection *= np.sign(projection[np.abs(projection).argmax(axis=0), np.arange(projection.shape[1])])
    return np.asarray(projection, np.float32)


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
    largest = max(1, 2 * LARGEST_MATRIX // embedding.shape[1])
    rows = np.sort([row for chosen in taken.values() for row in chosen])
    rows = evenly(rows, largest)
    shifted = embedding[rows] - centre
    bank = shifted / np.maximum(np.linalg.norm(shifted, axis=1, keepdims=True), 1e-12)
    return {"centre": centre, "bank": bank.astype(np.float16), "k": np.array(min(k, len(bank)), np.int32)}


def sum_arrays(parts: Sequence[str], arrays: Arrays, familiar: Evidence) -> Arrays:
    """The arrays of several scores with the mean and deviation that each has on familiar images."""
    scores = np.stack([familiar.scores(_model(part, arrays)) for part in parts])
    return {
        **arrays,
        "parts": np.array([PARTS.index(part) for part in parts], np.int32),
        "means": scores.mean(axis=1),
        "deviations": np.maximum(scores.std(axis=1), 1e-12),
    }


def _model(method: str, arrays: Arrays) -> OutlierModel:
    model = outlier_model(method, arrays)
    assert model is not None  # only "none" has no model
    return model


def far_auroc(known: Scores, far: Scores) -> float:
    """Chance that a strange image scores above a known one."""
    positive = np.concatenate([np.zeros(len(known), bool), np.ones(len(far), bool)])
    return roc_auc(np.concatenate([known, far]), positive) or 0.0


def pack_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """The bytes of an .npz; the same arrays give the same bytes (numpy stamps members with 1980)."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def candidates_record(trust: TrustFit) -> list[dict[str, Any]]:
    """All scores that were tried, as metrics.json has them."""
    return [{**asdict(c), "mean_auroc": c.mean} for c in trust.candidates]
