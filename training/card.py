"""The model card, written from the measured figures: what a pathologist should know before trusting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lungviewer.core.model import ModelSpec
from training.about import About

Record = dict[str, Any]

FIGURE_NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "ece": "Calibration error (ECE, 15 bins of equal mass)",
    "brier": "Brier score (0 to 2)",
}


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def write_card(spec: ModelSpec, about: About, metrics: Record) -> str:
    """Markdown. `metrics` is the content of evaluation/metrics.json."""
    parts = [
        f"# {spec.title}",
        f"`{spec.id}` {spec.version} · {spec.provenance.date} · **Research use only, not for diagnosis.**",
        _section("What it is for", _bullets(about.intended_use)),
        _section("What it was trained on", _data(spec, about, metrics)),
        _section("How good it is at home", _home(spec, metrics)),
        _section("When it answers, and when it does not", _trust(spec, metrics)),
        _section("Other laboratories (evaluation only)", _external(spec, metrics)),
        _section("Not lung", _strange(metrics)),
        _section("When not to trust it", _bullets(about.limits)),
        _section("How it was made", _making(spec, metrics)),
        _section("Licence", about.licence),
        _section("Sources", _bullets(about.citations)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, body: str) -> str:
    return f"## {title}\n{body}" if body else ""


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _data(spec: ModelSpec, about: About, metrics: Record) -> str:
    head = ["side", "images", "groups", *(c.label for c in spec.classes)]
    rows = [
        [side, str(n["images"]), str(n["groups"]), *(str(n[f"images_{c.id}"]) for c in spec.classes)]
        for side, n in metrics["split"]["sides"].items()
    ]
    unit = spec.provenance.split_unit
    text = f"{about.data}.\n\nSplit by **{unit}**, seed {spec.provenance.seed}:\n\n{_table(head, rows)}"
    notes = [*metrics["notes"], *about.data_notes]
    return f"{text}\n\n{_bullets(notes)}" if notes else text


def _home(spec: ModelSpec, metrics: Record) -> str:
    test = metrics["test"]
    figures = test["figures"]
    rows = [[label, *_cells(figures[name])] for name, label in FIGURE_NAMES.items()]
    for c in spec.classes:
        rows.extend(
            [f"{what}: {c.label}", *_cells(figures[f"{name}_{c.id}"])]
            for name, what in (("recall", "Recall"), ("precision", "Precision"), ("f1", "F1"), ("auc", "AUC"))
        )
    what = f"{test['images']} test images of {test['groups']} groups that were not trained on"
    return (
        f"{what}, split unit: {test['split_unit']}. Intervals are 95 %, by resampling whole groups (the "
        f"exact binomial bound where there is no error at all). All answers count here, also those that "
        f"would be refused.\n\n"
        f"{_table(['figure (%)', 'value', '95 % interval'], rows)}\n\n{_confusion(spec, test)}"
        f"{_split_units(metrics)}"
    )


def _split_units(metrics: Record) -> str:
    records = metrics["split_units"]
    if len(records) < 2:
        return ""
    rows = [
        [
            r["split_unit"],
            str(r["images"]),
            str(r["groups"]),
            percent(r["value"]),
            interval(r["low"], r["high"]),
        ]
        for r in records
    ]
    return (
        "\n\nWhy the split unit matters: the same head trained both ways, without extra views. Split by "
        "image, copies of a test image were trained on, and its figure says little.\n\n"
        + _table(["split by", "test images", "groups", "accuracy", "95 % interval"], rows)
    )


def _cells(measured: Record) -> list[str]:
    value = "–" if measured["value"] is None else f"{100 * measured['value']:.1f}"
    return [value, interval(measured["low"], measured["high"])]


def _confusion(spec: ModelSpec, test: Record) -> str:
    head = ["truth \\ called", *(c.label for c in spec.classes)]
    rows = [[c.label, *map(str, row)] for c, row in zip(spec.classes, test["confusion"], strict=True)]
    return _table(head, rows)


def _trust(spec: ModelSpec, metrics: Record) -> str:
    calls, trust = metrics["test"]["calls"], metrics["trust"]
    review = metrics["calibration"]["review"]
    aims = {
        "error": "the error aims were met on validation",
        "either": "only the weaker of the two error aims could be met on validation at 90 % coverage",
        "coverage": "the error aims could not be met on validation at 90 % coverage; it keeps just that",
        "none": "none of the aims could be met on validation",
    }
    lines = [
        f"Confidences are softmax probabilities at temperature {spec.calibration.temperature:g}, fitted on "
        f"{spec.calibration.fitted_on}.",
        f"Below a confidence of {spec.trust.review_below:g} an answer is marked *review*: "
        f"{aims[review['target']]} (error {percent(review['plain_error'])} in all, "
        f"{percent(review['selective_error'])} among the {percent(review['coverage'])} kept).",
        f"A field is *refused* when an image check fails (glass, blur, pen, no colour) or its strangeness "
        f"({spec.trust.score}) is above {spec.trust.refuse_above:g}, which "
        f"{percent(trust['refused']['validation'])} of validation and "
        f"{percent(trust['refused']['train'])} of training images are.",
        *_made_up_laboratories(metrics["calibration"]["made_up_laboratories"]),
        f"On the test groups it makes a call on {_with_interval(calls['coverage'])} of images; of these "
        f"calls {_with_interval(calls['selective_accuracy'])} are right. It refuses "
        f"{_with_interval(calls['refused'])}.",
    ]
    return _bullets(lines)


def _made_up_laboratories(record: Record | None) -> list[str]:
    if record is None or record["selective_accuracy"] is None:
        return []
    plain, calls, kept = (record[k] for k in ("plain_accuracy", "selective_accuracy", "coverage"))
    return [
        f"The thresholds were also chosen on validation images as {record['laboratories']} made-up "
        f"laboratories would show them (stain, light, scale and sharpness changed, the tissue not): "
        f"{percent(plain['mean'])} of all answers are right there, and of its calls "
        f"{percent(calls['mean'])} on average over the laboratories ({percent(calls['lowest'])} to "
        f"{percent(calls['highest'])}), on {percent(kept['mean'])} of images. The aim of "
        f"{percent(record['aim'])} was {'met' if record['aim_met'] else 'NOT met'}."
    ]


def _with_interval(measured: Record) -> str:
    return f"{percent(measured['value'])} ({interval(measured['low'], measured['high'])})"


def _external(spec: ModelSpec, metrics: Record) -> str:
    records = metrics["external"]
    labels = {c.id: c.label for c in spec.classes}
    if not records:
        return "Not measured."
    head = ["set", "truth", "images", "groups", "right (all answers)", "mean confidence"]
    head += ["called (ok)", "right among calls", "refused"]
    rows = []
    for r in records:
        low, high = r["recall_interval"] or (None, None)
        row = [r["set"], labels[r["class"]], str(r["images"]), str(r["groups"])]
        row += [f"{percent(r['recall'])} ({interval(low, high)})", f"{r['mean_confidence']:.2f}"]
        row += [percent(r[name]) for name in ("coverage", "selective_accuracy", "refused")]
        rows.append(row)
    return (
        "Tiles of laboratories and scanners that had no part in training. Each row is a set of its own and "
        "is never added to another: the sets have few slides, and one slide can decide a row. Groups are "
        "slides or cases; with fewer than five there is no interval.\n\n"
        f"{_table(head, rows)}"
    )


def _strange(metrics: Record) -> str:
    records = metrics["strange"]
    if not records:
        return "Not measured."
    rows = [
        [r["set"], str(r["images"]), "–" if r["auroc"] is None else f"{r['auroc']:.3f}",
         percent(r["refused"]), percent(r["review"]), percent(r["ok"])]
        for r in records
    ]  # fmt: skip
    head = ["set", "images", "AUROC of the strangeness score", "refused", "review", "called (should be 0)"]
    return (
        "Images that are none of the classes. AUROC is against the home test images: 1 tells them apart "
        f"perfectly, 0.5 not at all.\n\n{_table(head, rows)}"
    )


def _kept_epoch(fit: Record) -> str:
    """Of a run that kept its best epoch; an averaged network has none."""
    if "best_epoch" not in fit:
        return ""
    return f" Epoch {fit['best_epoch']} of {fit['epochs']} was kept (smallest validation loss)."


def _making(spec: ModelSpec, metrics: Record) -> str:
    parity, fit = metrics["parity"], metrics["fit"]
    lines = [
        f"{fit['description']}{_kept_epoch(fit)} Seed {spec.provenance.seed}; code "
        f"{spec.provenance.code_version}.",
        f"Input {spec.input.size} × {spec.input.size} pixels that cover {spec.input.field_um:g} µm "
        f"({spec.input.um_per_px:g} µm per pixel), resized with {spec.input.resize}.",
        f"The heat map is {spec.explain.method} of layer {spec.explain.layer}.",
        f"The exported graph was compared with the trained network on {parity['images']} validation images: "
        f"probabilities differ by at most {parity['probability']:.1e}, maps from Grad-CAM by at most "
        f"{parity['cam']:.1e} of their largest value.",
        f"The image checks refuse {percent(metrics['image_checks']['refused_share'])} of the "
        f"{metrics['image_checks']['images']} home images.",
    ]
    return _bullets(lines)
