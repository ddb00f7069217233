"""From a trained model to the numbers a pack states: temperature, strangeness, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.model import CalibrationSpec, ModelSpec
from lungviewer.core.trust import calibrated_probabilities
from training.calibrate import compare_scalings, fit_calibration
from training.data import Dataset
from training.evidence import (
    Evidence,
    PixelModel,
    Shifted,
    joined,
    laboratory_evidence,
    reference_evidence,
    strange_evidence,
)
from training.metrics import Targets
from training.notes import Note
from training.operating import (
    DEFAULT_AIMS,
    TARGETS,
    Aims,
    Answered,
    OperatingPoint,
    abroad_record,
    choose_point,
    unreviewed_record,
)
from training.operating_text import unreviewed_sentence
from training.pack import with_thresholds
from training.split import Split
from training.trust_fit import TrustFit, candidates_record, fit_trust

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The pack's statement with its thresholds, the strangeness score, and what metrics.json says about
    "calibration" and about "trust"."""

    spec: ModelSpec
    trust: TrustFit
    calibration: Record
    trust_record: Record


def fit_thresholds(
    model: PixelModel,
    home: Evidence,
    dataset: Dataset,
    split: Split,
    failed_checks: Sequence[str],
    draft: ModelSpec,
    ctx: JobContext,
    shifted: Sequence[Shifted] | None = None,
    aims: Aims = DEFAULT_AIMS,
) -> Thresholds:
    """Fit everything on validation groups (strangeness statistics on training groups).

    Args:
        model: run on altered validation images.
        home: of all samples, in the data set's order.
        failed_checks: per sample, the image check that it fails or "".
        draft: the statement before; its input size and modality are used.
        shifted: validation images as other laboratories show them; None: made-up laboratories, empty:
            thresholds are chosen by home alone.
    """
    size = draft.input.size
    train, held = split.rows("train"), split.rows("validation")
    targets, groups = dataset.targets, dataset.groups
    if shifted is None:
        shifted = laboratory_evidence(
            model, dataset, split, size, draft.modality, ctx, limits=draft.trust.checks
        )
    fitted_on = f"{len(held)} validation images of {len(set(groups[held]))} groups"
    calibration = fit_calibration(home.logits[held], targets[held], fitted_on)
    strange = strange_evidence(model, dataset, split, size, ctx)
    classes = len(dataset.classes)
    reference = reference_evidence(model, dataset, split, size, draft.modality, ctx) if shifted else []
    trust = fit_trust(
        joined([home[train], *(r.evidence for r in reference)]),
        np.concatenate([targets[train], *(targets[r.rows] for r in reference)]),
        # An image in another laboratory is remembered beside the image as it is, not instead of it.
        np.concatenate(
            [groups[train], *(np.char.add(f"{i} ", groups[r.rows]) for i, r in enumerate(reference))]
        ),
        joined([home[held], *(s.evidence for s in shifted)]),
        strange,
        classes,
    )
    checks = np.array(failed_checks)
    known = _answered(home[held], targets[held], groups[held], checks[held], calibration, trust)
    abroad = [
        _answered(s.evidence, targets[s.rows], groups[s.rows], np.array(s.failed_checks), calibration, trust)
        for s in shifted
    ]
    point = choose_point(known, abroad, aims)
    unreviewed = unreviewed_record(point, known, aims)
    if not unreviewed["aim_met"]:
        said = f"Every answer of this pack asks for review: {unreviewed_sentence(unreviewed)}"
        ctx.partial(Note(said, "warning"))
    spec = with_thresholds(
        draft, calibration, trust.method, point.refuse_above, point.review_below, _rates(point, known)
    )
    return Thresholds(
        spec,
        trust,
        {
            "temperature": calibration.temperature,
            "scalings": compare_scalings(home.logits[held], targets[held], groups[held], split.seed),
            "review": asdict(point),
            "target": TARGETS[point.target],
            "aims": asdict(aims),
            "unreviewed": unreviewed,
            "made_up_laboratories": abroad_record(point, abroad, aims),
        },
        {
            "method": trust.method,
            "setting": trust.setting,
            "refuse_above": point.refuse_above,
            "refused": {
                "train": float((home[train].scores(trust.model) > point.refuse_above).mean()),
                "validation": float((known.strangeness > point.refuse_above).mean()),
            },
            "candidates": candidates_record(trust),
        },
    )


def _answered(
    seen: Evidence,
    targets: Targets,
    groups: npt.NDArray[np.str_],
    failed_checks: npt.NDArray[np.str_],
    calibration: CalibrationSpec,
    trust: TrustFit,
) -> Answered:
    probabilities = calibrated_probabilities(seen.logits, calibration.temperature)
    return Answered(
        probabilities.max(axis=1),
        seen.scores(trust.model),
        probabilities.argmax(axis=1) == targets,
        np.asarray(failed_checks == ""),
        # Numbers: the groups of a thousand subsets are counted.
        np.unique(groups, return_inverse=True)[1],
    )


def _rates(point: OperatingPoint, known: Answered) -> dict[str, float]:
    """What pack.json says for people to read."""
    rates = {
        "validation_refused": float((known.strangeness > point.refuse_above).mean()),
        "validation_coverage": point.coverage,
        "validation_error": point.plain_error,
        "validation_call_accuracy_low": point.accuracy_low,
    }
    if point.selective_error is not None:
        rates["validation_selective_error"] = point.selective_error
    if point.abroad is not None:
        rates["made_up_laboratories_accuracy"] = point.abroad
    return {name: round(value, 6) for name, value in rates.items()}
