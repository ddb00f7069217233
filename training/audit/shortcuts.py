"""How well the classes can be told by what is no pathology: colour alone, corners alone, the file alone.

What these can tell, a network can learn instead of tissue, and it will fail where the shortcut does not hold
(Geirhos et al. 2020, arXiv:2004.07780).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.errors import MissingDependency
from lungviewer.core.job import JobContext
from training.audit.files import FileFacts, file_facts
from training.audit.probes import file_features, pixel_features
from training.audit.scan_probes import SCAN_PROBES, scan_features
from training.data import Dataset
from training.libraries import ADAPT_HINT
from training.metrics import Measured, measure
from training.split import Split, fewest_groups, folds_by_group

FOLDS = 5
"""Fewer when a class has fewer groups."""
NAMES = {
    "colour": "colour and brightness alone (a histogram, no shapes)",
    "corners": "four small corner crops alone",
    "file": "the file alone (picture size, bytes, JPEG tables; no pixels)",
    **{name: probe.words for name, probe in SCAN_PROBES.items()},
}
BYTES_ONLY = (
    " All files have the same size, mode and JPEG tables; only the number of bytes differs, which follows "
    "the detail in the picture."
)
TELLS = 0.5
EASY = 0.95
"""A probe tells the classes apart when it comes more than halfway (`TELLS`) from chance to always right, or
when it knows one class from the rest with an AUC of `EASY`."""


def shortcut_record(
    dataset: Dataset,
    ctx: JobContext,
    seed: int = 0,
    facts: Sequence[FileFacts] | None = None,
    modality: str = "histology",
) -> dict[str, dict[str, Any]]:
    """Accuracy of logistic regression on each stupid description, grouped cross-validation.

    Every image is answered once, by a fit that saw no image of its group. Keys are "colour", "corners" and
    "file", for CT also "noise", "border" and "table"; each holds `accuracy` and `balanced_accuracy` (value,
    low, high, images, groups, split_unit, chance), the `recall` and `auc` per class id, the number of
    `folds`, and a `sentence`.

    Args:
        facts: of the files, if they were read before.

    Raises:
        DataProblem: a class has fewer than three groups; a file cannot be read.
        MissingDependency: scikit-learn is not installed.
    """
    folds = folds_by_group(dataset, min(FOLDS, fewest_groups(dataset)), seed)
    colour, corners = pixel_features(dataset, ctx)
    facts = facts or file_facts(dataset, ctx)
    described = {"colour": colour, "corners": corners, "file": file_features(facts)}
    if modality == "ct":
        described |= scan_features(dataset, ctx)
    record = {}
    for done, (name, features) in enumerate(described.items()):
        ctx.progress(done, len(described), "Fitting shortcut probes")
        probabilities = _cross_validated(features, dataset.targets, folds, ctx)
        record[name] = _probe_record(name, probabilities, dataset, len(folds), seed)
    ctx.progress(len(described), len(described), "Fitting shortcut probes")
    if len({replace(f, bytes=0) for f in facts}) == 1:
        record["file"]["sentence"] += BYTES_ONLY
    return record


def _cross_validated(
    features: FloatArray, targets: npt.NDArray[np.int64], folds: Sequence[Split], ctx: JobContext
) -> npt.NDArray[np.float64]:
    """N×C probabilities, each row from the fit that did not see it."""
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingDependency(
            "The shortcut probes need scikit-learn, which is not installed.", hint=ADAPT_HINT
        ) from error
    probabilities = np.empty((len(targets), int(targets.max()) + 1))
    for fold in folds:
        ctx.check()
        held = fold.rows("test")
        seen = np.setdiff1d(np.arange(len(targets)), held)  # nothing is tuned: validation may be learned from
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=3000, tol=1e-3)
        )
        # Products this small gain nothing from threads, and lose minutes where others want the cores.
        with threadpool_limits(1):
            model.fit(features[seen], targets[seen])
            probabilities[held] = model.predict_proba(features[held])
    return probabilities


def _probe_record(
    name: str, probabilities: npt.NDArray[np.float64], dataset: Dataset, folds: int, seed: int
) -> dict[str, Any]:
    targets, ids = dataset.targets, [c.id for c in dataset.classes]
    found = measure(probabilities, targets, dataset.groups, ids, dataset.split_unit, seed, replicates=300)
    commonest = float(np.bincount(targets).max() / len(targets))
    balanced = found["balanced_accuracy"]
    easiest = max(dataset.classes, key=lambda c: found[f"auc_{c.id}"].value or 0.0)
    area = found[f"auc_{easiest.id}"].value or 0.0
    return {
        "accuracy": {**asdict(found["accuracy"]), "chance": commonest},
        "balanced_accuracy": {**asdict(balanced), "chance": 1 / len(ids)},
        "recall": {c: found[f"recall_{c}"].value for c in ids},
        "auc": {c: found[f"auc_{c}"].value for c in ids},
        "folds": folds,
        "sentence": _sentence(name, balanced, 1 / len(ids), easiest.label, area),
    }


def _sentence(name: str, balanced: Measured, chance: float, easiest: str, area: float) -> str:
    value = balanced.value or 0.0
    sure = value if balanced.low is None else balanced.low
    figures = f"{value:.0%} right on average over the classes, chance {chance:.0%}"
    if sure <= chance:
        return f"From {NAMES[name]} the classes cannot be told ({figures})."
    best = f"best {easiest} (AUC {area:.3f})"
    if sure < chance + TELLS * (1 - chance) and area < EASY:
        return f"From {NAMES[name]} the class can be guessed at ({figures}), {best}."
    return (
        f"From {NAMES[name]} the classes can be told apart ({figures}), {best}: "
        "a model can look right for the wrong reason."
    )
