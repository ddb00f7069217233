"""Sections of a card about everything but clean home images: other laboratories, not lung, damage, maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lungviewer.core.model import ModelSpec
from training.about import About
from training.markdown import bullets, paragraphs, percent, table, with_interval
from training.wording import Words, words_for

Record = Mapping[str, Any]


def external_section(spec: ModelSpec, about: About, metrics: Record) -> str:
    """Foreign sets: per class, per set, and how far single runs lie apart."""
    records = metrics["external"]
    if not records:
        return "Not measured."
    labels = {c.id: c.label for c in spec.classes}
    head = ["set", "truth", "images", "groups", "right (all answers)", "mean confidence"]
    head += ["called (ok)", "right among calls", "refused"]
    rows = []
    for r in records:
        row = [r["set"], labels[r["class"]], str(r["images"]), str(r["groups"])]
        row += [with_interval(r["recall"], r["recall_interval"]), f"{r['mean_confidence']:.2f}"]
        row += [percent(r[name]) for name in ("coverage", "selective_accuracy", "refused")]
        rows.append(row)
    return paragraphs(
        words_for(spec.modality).elsewhere_intro,
        bullets(about.external_notes),
        table(head, rows),
        _sets(metrics["external_sets"]),
        _seeds(labels, metrics),
    )


def _sets(records: list[Record]) -> str:
    """Over all classes of a set: what its calls are worth when the truth is not known beforehand."""
    rows = [
        [
            r["set"],
            str(r["images"]),
            str(r["groups"]),
            with_interval(r["accuracy"], r["accuracy_interval"]),
            with_interval(r["coverage"], r["coverage_interval"]),
            with_interval(r["selective_accuracy"], r["selective_accuracy_interval"]),
        ]
        for r in records
    ]
    head = ["set, all its classes", "images", "groups", "right (all answers)", "called (ok)"]
    return table([*head, "right among calls"], rows)


def _seeds(labels: Mapping[str, str], metrics: Record) -> str:
    runs = metrics.get("seeds") or []
    if len(runs) < 2:
        return ""
    rows = []
    for place, first in enumerate(runs[0]["external"]):
        found = [run["external"][place]["recall"] for run in runs]
        row = [first["set"], labels[first["class"]], percent(float(np.mean(found)))]
        rows.append([*row, f"{percent(min(found))} to {percent(max(found))}"])
    home = [run["home_accuracy"] for run in runs]
    rows.append(
        [
            "home test groups",
            "all",
            percent(float(np.mean(home))),
            f"{percent(min(home))} to {percent(max(home))}",
        ]
    )
    return paragraphs(
        f"How far a single training run can be trusted: the same training from {len(runs)} seeds, before "
        "their weights were averaged into this model. Recall of all answers, before refusal.",
        table(["set", "truth", "mean of the runs", "lowest to highest"], rows),
    )


def strange_section(about: About, metrics: Record, words: Words) -> str:
    """What must not be answered."""
    records = metrics["strange"]
    if not records:
        return "Not measured."
    rows = [
        [
            r["set"],
            r["kind"],
            str(r["images"]),
            *("–" if r[name] is None else f"{r[name]:.3f}" for name in ("auroc", "auroc_with_checks")),
            *(percent(r[name]) for name in ("refused", "review", "ok")),
        ]
        for r in records
    ]
    head = ["set", "kind", "images", "AUROC of the strangeness score", "AUROC with image checks"]
    return paragraphs(
        words.unlike_intro,
        bullets(about.strange_notes),
        table([*head, "refused", "review", "called (should be 0)"], rows),
    )


def _not_called(figures: Record) -> float:
    return 1 - float(figures["coverage"])


def _refused(figures: Record) -> float:
    return float(figures["refused"])


_LOST = {
    _not_called: ("not called", "not called (review or refused)"),
    _refused: ("refused", "refused (the others ask for review)"),
}


def damage_section(metrics: Record, words: Words) -> str:
    """Damaged, turned and mirrored pictures."""
    record = metrics["robustness"]
    severities = list(record["mean_drop"])
    # A model without calls would have 100 in every cell.
    lost = _refused if record["clean"]["coverage"] == 0 else _not_called
    rows = [
        [kind, *(f"{100 * r['drop']:.1f} ({100 * lost(r):.0f})" for r in damaged)]
        for kind, damaged in record["kinds"].items()
    ]
    rows.append(["**mean**", *(f"**{100 * record['mean_drop'][s]:.1f}**" for s in severities)])
    clean, turned = record["clean"], metrics["stability"]
    return paragraphs(
        f"{record['images']} test images of {record['groups']} groups ({record['chosen']}), split unit: "
        f"{record['split_unit']}. Undamaged, {percent(clean['accuracy'])} of all answers are right and "
        f"{percent(lost(clean))} are {_LOST[lost][0]}. The table says how many points of accuracy "
        f"damage costs and, in brackets, how many per cent are then {_LOST[lost][1]}.",
        table(["damage", *(f"severity {s}" for s in severities)], rows),
        f"{words.turned} changes {100 * turned['per_view_share']:.2f} % of answers; "
        f"{with_interval(turned['changed_share'], turned['changed_interval'])} of {turned['images']} "
        f"{words.fields} change in at least one of {len(turned['views'])} positions.",
    )


def explanation_section(metrics: Record, words: Words) -> str:
    """What the heat map is worth, and what else than tissue could have been learned."""
    record = metrics["explanation"]
    hidden, lines = record["hidden"], []
    random = record.get("randomised")
    if random and random["rank_correlation"] is not None:
        lines.append(
            f"Against the map of the same network with random weights the rank correlation is "
            f"{random['rank_correlation']:.2f} on {random['images']} {words.fields}: a map that only drew "
            "the picture's edges would be near 1."
        )
    if hidden["images"]:
        lines.append(
            f"When a fifth of the {words.field} is blurred away, the called class loses "
            f"{100 * hidden['drop_hot']:.1f} points of probability if it is the hottest fifth, "
            f"{100 * hidden['drop_random']:.1f} if it is a random one (in scattered pieces, which "
            f"disturbs more than one piece) and {100 * hidden['drop_cold']:.1f} if it is the coldest "
            f"({hidden['images']} {words.fields}). The hottest matters more than the coldest "
            f"in {with_interval(hidden['moved_share'], hidden['intervals']['moved_share'])}."
        )
    around = record.get("surroundings")
    if around and around["images"]:
        lines.append(
            f"{with_interval(around['heat'], around['interval'])} of the map's heat lies outside the body, "
            f"on air and table, which are {percent(around['area'])} of the picture "
            f"({around['images']} slices)."
        )
    lines.append(words.map_limit)
    lines += [probe["sentence"] for probe in metrics["shortcuts"].values()]
    return bullets(lines)
