"""The model card, written from the measured figures: what a pathologist should know before trusting it."""

from __future__ import annotations

from typing import Any

from lungviewer.core.model import ModelSpec
from training.about import About
from training.beside import SEEN_NOTE
from training.card_elsewhere import damage_section, explanation_section, external_section, strange_section
from training.cross_text import cross_validation_section
from training.int8_text import INT8_TITLE, int8_summary
from training.markdown import bullets, interval, paragraphs, percent, section, table
from training.operating_text import made_up_lines, review_lines
from training.verdict import TITLE as VERDICT_TITLE
from training.verdict import verdict_section
from training.wording import Words, input_sentence, words_for

Record = dict[str, Any]

LIMITS_TITLE, LICENCE_TITLE, SOURCES_TITLE = "When not to trust it", "Licence", "Sources"

FIGURE_NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "ece": "Calibration error (ECE, 15 bins of equal mass)",
    "brier": "Brier score (0 to 2)",
}


def write_card(spec: ModelSpec, about: About, metrics: Record) -> str:
    """Markdown. `metrics` is the content of evaluation/metrics.json."""
    rounded, words = metrics.get("int8"), words_for(spec.modality)
    parts = [
        f"# {spec.title}",
        f"`{spec.id}` {spec.version} · {spec.provenance.date} · **Research use only, not for diagnosis.**",
        section("What it is for", bullets(about.intended_use)),
        section(LIMITS_TITLE, bullets(about.limits)),
        section("What it was trained on", _data(spec, about, metrics)),
        section("How good it is at home", _home(spec, metrics)),
        section("When it answers, and when it does not", _trust(spec, metrics)),
        section(words.elsewhere, external_section(spec, about, metrics)),
        section(words.unlike, strange_section(about, metrics, words)),
        section("Damaged and turned pictures", damage_section(metrics, words)),
        section("The heat map, and shortcuts", explanation_section(metrics, words)),
        section(VERDICT_TITLE, verdict_section(metrics)),
        section(INT8_TITLE, int8_summary(rounded) if rounded else ""),
        section("How it was made", _making(spec, metrics)),
        section(LICENCE_TITLE, about.licence),
        section(SOURCES_TITLE, bullets(about.citations)),
    ]
    return paragraphs(*parts) + "\n"


def _data(spec: ModelSpec, about: About, metrics: Record) -> str:
    head = ["side", "images", "groups", *(c.label for c in spec.classes)]
    rows = [
        [side, str(n["images"]), str(n["groups"]), *(str(n[f"images_{c.id}"]) for c in spec.classes)]
        for side, n in metrics["split"]["sides"].items()
    ]
    unit = spec.provenance.split_unit
    text = f"{about.data}.\n\nSplit by **{unit}**, seed {spec.provenance.seed}:\n\n{table(head, rows)}"
    notes = [*metrics["notes"], *about.data_notes]
    return f"{text}\n\n{bullets(notes)}" if notes else text


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
        f"{table(['figure (%)', 'value', '95 % interval'], rows)}\n\n{_confusion(spec, test)}"
        f"{_beside(metrics.get('beside'))}{_split_units(metrics, words_for(spec.modality))}"
        f"{cross_validation_section(spec, metrics.get('cross_validation'))}"
    )


def _beside(record: Record | None) -> str:
    """The pack it may take the place of, on the same images."""
    if record is None or record["after"] is None:
        return ""
    before, after, pack = record["before"], record["after"], record["pack"]
    rows = [
        [label, *(_with_interval(side[place][name]) for side in (before, after))]
        for label, place, name in (
            ("right", "figures", "accuracy"),
            ("calls", "calls", "coverage"),
            ("right of calls", "calls", "selective_accuracy"),
        )
    ]
    left_out = f" Not compared: {', '.join(record['left_out'])}." if record["left_out"] else ""
    seen = f" {SEEN_NOTE}" if record["has_seen_images"] else ""
    return (
        f"\n\nThe same for `{pack['id']}` {pack['version']}, on the {after['images']} of these images, of "
        f"{after['groups']} groups, whose classes both know; answers among these classes only."
        f"{left_out}{seen}"
        f"\n\n{table(['', pack['id'] + ' ' + pack['version'], 'this pack'], rows)}"
    )


def _split_units(metrics: Record, words: Words) -> str:
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
    return f"\n\nWhy the split unit matters: {words.leakage}\n\n" + table(
        ["split by", "test images", "groups", "accuracy", "95 % interval"], rows
    )


def _cells(measured: Record) -> list[str]:
    value = "–" if measured["value"] is None else f"{100 * measured['value']:.1f}"
    return [value, interval(measured["low"], measured["high"])]


def _confusion(spec: ModelSpec, test: Record) -> str:
    head = ["truth \\ called", *(c.label for c in spec.classes)]
    rows = [[c.label, *map(str, row)] for c, row in zip(spec.classes, test["confusion"], strict=True)]
    return table(head, rows)


def _trust(spec: ModelSpec, metrics: Record) -> str:
    calls, trust = metrics["test"]["calls"], metrics["trust"]
    words = words_for(spec.modality)
    lines = [
        f"Confidences are softmax probabilities at temperature {spec.calibration.temperature:g}, fitted on "
        f"{spec.calibration.fitted_on}.",
        *review_lines(spec, metrics["calibration"]),
        f"A {words.field} is *refused* when an image check fails ({words.checks}) or its strangeness "
        f"({spec.trust.score}) is above {spec.trust.refuse_above:g}, which "
        f"{percent(trust['refused']['validation'])} of validation and "
        f"{percent(trust['refused']['train'])} of training images are.",
        *made_up_lines(metrics["calibration"]["made_up_laboratories"], words),
        f"{_called(calls)} It refuses {_with_interval(calls['refused'])}.",
    ]
    return bullets(lines)


def _called(calls: Record) -> str:
    if calls["selective_accuracy"]["value"] is None:
        return "On the test groups it makes no call."
    return (
        f"On the test groups it makes a call on {_with_interval(calls['coverage'])} of images; of these "
        f"calls {_with_interval(calls['selective_accuracy'])} are right."
    )


def _with_interval(measured: Record) -> str:
    return f"{percent(measured['value'])} ({interval(measured['low'], measured['high'])})"


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
        input_sentence(spec),
        f"The heat map is {spec.explain.method} of layer {spec.explain.layer}.",
        f"The exported graph was compared with the trained network on {parity['images']} validation images: "
        f"probabilities differ by at most {parity['probability']:.1e}, maps from Grad-CAM by at most "
        f"{parity['cam']:.1e} of their largest value.",
        f"The image checks refuse {percent(metrics['image_checks']['refused_share'])} of the "
        f"{metrics['image_checks']['images']} home images.",
    ]
    return bullets(lines)
