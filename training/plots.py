"""The pictures of evaluation/: matplotlib figures drawn on Agg, never through pyplot's global state."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.model import CalibrationSpec, ClassSpec, ModelSpec, TrustSpec
from training.history import Epoch, best_epoch
from training.judge import Answers
from training.metrics import ECE_BINS, coverage_curve, equal_mass_bins, roc_auc, roc_curve

DPI = 110
GREY = "#595959"
TRAIN, HELD = "#56b4e9", "#d55e00"


def new_figure(
    width: float, height: float, columns: int = 1, rows: int = 1, **options: Any
) -> tuple[Any, Any]:
    """A figure in inches and its axes, a flat array; `options` go to matplotlib's `subplots`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1 / columns, h_pad=0.08 / rows)  # inches
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, **options).reshape(-1)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9)
    return figure, axes


def png(figure: Any) -> bytes:
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    # No software tag: the same figures give the same bytes with another matplotlib patch release.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def curves(history: Sequence[Epoch]) -> bytes:
    """Loss and accuracy per epoch, train against validation."""
    figure, (loss, accuracy) = new_figure(9, 3.6, 2)
    epochs = [e.epoch for e in history]
    best = best_epoch(history)
    for axis, name in ((loss, "loss"), (accuracy, "accuracy")):
        train = [getattr(e, f"train_{name}") for e in history]
        held = [getattr(e, f"validation_{name}") for e in history]
        axis.plot(epochs, train, color=TRAIN, label="train")
        axis.plot(epochs, held, color=HELD, label="validation (other groups)")
        axis.axvline(best.epoch, color=GREY, linewidth=0.8, linestyle=":", label=f"kept: epoch {best.epoch}")
        axis.set_xlabel("epoch")
    loss.set_ylabel("cross-entropy")
    loss.set_ylim(bottom=0)
    accuracy.set_ylabel("accuracy")
    loss.legend(frameon=False, fontsize=9)
    return png(figure)


def home_pictures(
    spec: ModelSpec, record: Mapping[str, Any], given: Answers, targets: npt.NDArray[np.int64]
) -> dict[str, bytes]:
    """The pictures about one side of the home data, by name without ending; `record` is `home_record`."""
    note = f"test: {record['images']} images of {record['groups']} groups, split by {record['split_unit']}"
    right = given.predicted == targets
    return {
        "confusion": confusion_matrix(record["confusion"], spec.classes, note),
        "roc": roc(given.probabilities, targets, spec.classes, note),
        "reliability": reliability_diagram(spec.calibration, given.confidence, right, note),
        "coverage": coverage(given, targets, spec.trust, note),
    }


def confusion_matrix(table: Sequence[Sequence[int]], classes: Sequence[ClassSpec], note: str) -> bytes:
    """Counts, coloured by the share of the true class."""
    figure, (axis,) = new_figure(6.0, 4.6)
    counts = np.array(table)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.55 else "black"
        text = f"{count}\n{share[row, column]:.1%}"
        axis.text(column, row, text, ha="center", va="center", color=colour, fontsize=10)
    names = [c.label.replace(" ", "\n") for c in classes]
    axis.set_xticks(range(len(names)), names, fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_xlabel("called")
    axis.set_ylabel("truth")
    axis.set_title(note, fontsize=9, color=GREY)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return png(figure)


def roc(
    probabilities: npt.NDArray[np.float64],
    targets: npt.NDArray[np.int64],
    classes: Sequence[ClassSpec],
    note: str,
) -> bytes:
    """One curve per class against the rest."""
    figure, (axis,) = new_figure(5.2, 4.6)
    for i, spec in enumerate(classes):
        positive = targets == i
        false_rate, true_rate = roc_curve(probabilities[:, i], positive)
        area = roc_auc(probabilities[:, i], positive)
        label = f"{spec.label} ({'–' if area is None else format(area, '.4f')})"
        axis.plot(false_rate, true_rate, color=spec.colour, label=label)
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    axis.set_xlabel("false positive rate")
    axis.set_ylabel("true positive rate")
    axis.set_title(note, fontsize=9, color=GREY)
    axis.legend(
        frameon=False, fontsize=9, loc="lower right", title="against the rest (AUC)", title_fontsize=9
    )
    return png(figure)


def reliability_diagram(
    calibration: CalibrationSpec,
    confidence: npt.NDArray[np.float64],
    right: npt.NDArray[np.bool_],
    note: str,
    bins: int = ECE_BINS,
) -> bytes:
    """Accuracy against confidence in bins of equal mass: validation (fitted on) and test."""
    figure, (axis,) = new_figure(5.2, 4.6)
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="as sure as right")
    known = [b for b in calibration.reliability if b.n >= 5]
    middle = [(b.low + b.high) / 2 for b in known]
    shares = [b.right / b.n for b in known]
    axis.plot(middle, shares, "o-", color=TRAIN, markersize=4, label="validation, as in the pack")
    parts = equal_mass_bins(confidence, bins)
    x, y = [confidence[p].mean() for p in parts], [right[p].mean() for p in parts]
    axis.plot(x, y, "s-", color=HELD, markersize=4, label=f"test, {len(parts)} bins of equal mass")
    low = max(0.0, min([*x, *y, *middle, *shares, 0.9]) - 0.05)
    axis.set_xlim(low, 1.005)
    axis.set_ylim(low, 1.02)
    axis.set_xlabel("calibrated confidence")
    axis.set_ylabel("share right")
    axis.set_title(note, fontsize=9, color=GREY)
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    return png(figure)


def coverage(given: Answers, targets: npt.NDArray[np.int64], trust: TrustSpec, note: str) -> bytes:
    """Accuracy among the most confident answers, against how many those are."""
    figure, (axis,) = new_figure(5.2, 4.6)
    right = given.predicted == targets
    covered, accuracy = coverage_curve(given.confidence, right)
    axis.plot(covered, accuracy, color=HELD, label="test, by confidence")
    here = 0.0 if trust.always_review else float((given.confidence >= trust.review_below).mean())
    label = "every answer for review" if trust.always_review else f"review below {trust.review_below:.2f}"
    axis.axvline(here, color=GREY, linewidth=0.8, linestyle=":", label=label)
    axis.axhline(float(right.mean()), color=TRAIN, linewidth=0.8, label=f"all answers: {right.mean():.3f}")
    axis.set_xlim(0, 1.01)
    axis.set_ylim(max(0.0, min(float(accuracy.min()), float(right.mean())) - 0.02), 1.004)
    axis.set_xlabel("coverage")
    axis.set_ylabel("accuracy among these")
    axis.set_title(note, fontsize=9, color=GREY)
    axis.legend(frameon=False, fontsize=9, loc="lower left")
    return png(figure)


def external_bars(records: Sequence[dict[str, Any]], classes: Sequence[ClassSpec]) -> bytes:
    """What each foreign set was called, as shares, with the share that is refused or for review."""
    figure, (axis,) = new_figure(8.4, 0.55 * len(records) + 1.5)
    position = np.arange(len(records))[::-1]
    left = np.zeros(len(records))
    for spec in classes:
        share = np.array([r["called"][spec.id] / r["images"] for r in records])
        axis.barh(position, share, left=left, color=spec.colour, height=0.55, label=spec.label)
        left += share
    for y, record in zip(position, records, strict=True):
        text = f"{record['coverage']:.0%} called, {record['refused']:.0%} refused"
        axis.text(1.01, y, text, va="center", fontsize=9, color=GREY)
    labels = {spec.id: spec.label for spec in classes}
    names = [f"{r['set']}\ntruly {labels[r['class']].lower()} (n = {r['images']})" for r in records]
    axis.set_yticks(position, names, fontsize=9)
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of images by largest probability, before refusing")
    handles = axis.get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize=9, loc="outside upper center", ncols=len(classes))
    return png(figure)
