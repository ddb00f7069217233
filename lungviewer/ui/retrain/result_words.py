"""Figures of a finished training in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from lungviewer.services.retrain_result import ComparedRow, Figure, TrainingResult
from lungviewer.ui.words import in_percent

_NOTHING = 0.0005  # below it, a difference is shown as 0.0 points
_GROUP_UNITS = ("group", "patient", "slide", "case")


def _tr(text: str) -> str:
    return QCoreApplication.translate("retrain", text)


def row_name(row: ComparedRow, result: TrainingResult) -> str:
    """What a row measures."""
    if row.class_id:
        label = result.spec.class_by_id(row.class_id).label
        return _tr("{label}: found (recall)").format(label=label)
    return {
        "accuracy": _tr("Right answers (accuracy)"),
        "ece": _tr("Confidence off by (calibration error, ECE)"),
        "coverage": _tr("Answered without a question mark (coverage)"),
        "selective_accuracy": _tr("Right among those"),
    }.get(row.key, row.key.replace("_", " "))


def share(value: float) -> str:
    return in_percent(QLocale().toString(value * 100, "f", 1))


def figure(found: Figure | None) -> str:
    """A share with its interval; "not measured" when there is none."""
    if found is None:
        return _tr("not measured")
    if found.low is None or found.high is None:
        return _tr("{value} (no interval)").format(value=share(found.value))
    ends = QLocale().toString(found.low * 100, "f", 1), QLocale().toString(found.high * 100, "f", 1)
    return _tr("{value} ({low} to {high})").format(value=share(found.value), low=ends[0], high=ends[1])


def both(row: ComparedRow, result: TrainingResult) -> tuple[str, str]:
    """A row's figures of the current and of the new model; "–" where a share is of no calls."""
    calls = next((other for other in result.rows if other.key == "coverage"), None)
    texts = []
    for found, called in (
        (row.parent, calls and calls.parent),
        (row.new, calls and calls.new),
    ):
        none = row.key == "selective_accuracy" and called is not None and called.value == 0
        texts.append("–" if none and found is None else figure(found))
    return texts[0], texts[1]


def basis(result: TrainingResult) -> str:
    """What the figures rest on, in a sentence."""
    number = QLocale().toString
    if not result.images:
        return _tr("It was not said what the figures rest on.")
    return _tr(
        "Figures on {images} held-out images of {groups} groups, split by {unit}; in brackets 95 % intervals "
        "over groups."
    ).format(images=number(result.images), groups=number(result.groups), unit=result.split_unit)


def split_warning(result: TrainingResult) -> str:
    """Why the figures are too good; "" when groups were kept together."""
    if result.split_unit in _GROUP_UNITS:
        return ""
    return _tr(
        "Warning: the images were split by {unit}, because it is not known which belong together. Images of "
        "one patient may be on both sides, and then every figure here is too good."
    ).format(unit=result.split_unit)


def comparison_warnings(result: TrainingResult) -> list[str]:
    """What must be known before the two columns are compared."""
    found = []
    if result.has_seen:
        found.append(
            _tr(
                "Warning: the current model has seen some of these images in its training; its figures are "
                "too good."
            )
        )
    if result.left_out:
        names = ", ".join(_label(class_id, result) for class_id in result.left_out)
        found.append(
            _tr("Only classes that both models know are compared. Left out: {names}.").format(names=names)
        )
    return found


def verdict(result: TrainingResult) -> str:
    """The difference in accuracy, and what its interval allows to say."""
    found = result.difference
    if found is None:
        return _tr("The two models were not compared on the same images.")
    points = QLocale().toString(abs(found.value) * 100, "f", 1)
    if abs(found.value) < _NOTHING:
        text = _tr("The new model gives as many right answers as the current one")
    elif found.value > 0:
        text = _tr("The new model gives {n} points more right answers than the current one").format(n=points)
    else:
        text = _tr("The new model gives {n} points fewer right answers than the current one").format(n=points)
    if found.low is None or found.high is None:
        return _tr("{text}; no interval can be given.").format(text=text)
    ends = QLocale().toString(found.low * 100, "f", 1), QLocale().toString(found.high * 100, "f", 1)
    text = _tr("{text} (95 % interval {low} to {high} points).").format(text=text, low=ends[0], high=ends[1])
    if found.low <= 0 <= found.high:
        text += " " + _tr("These images do not show that one is better.")
    return text


def plot_title(name: str) -> str:
    return {
        "confusion": _tr("What was taken for what"),
        "reliability": _tr("Confidence and how often it was right"),
        "coverage": _tr("Right answers when the unsure ones are left out"),
        "roc": _tr("ROC curves"),
        "curves": _tr("Training curves"),
    }.get(name, name)


def _label(class_id: str, result: TrainingResult) -> str:
    known = class_id in result.spec.class_ids
    return result.spec.class_by_id(class_id).label if known else class_id.replace("_", " ")
