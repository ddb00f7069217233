"""A comparison as rows, as text, as Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt

from training.compare_train import Images
from training.metrics import Figures, figures, with_interval
from training.plots import GREY, HELD, TRAIN, new_figure, png

Record = dict[str, Any]

HEADINGS = (
    "network",
    "start",
    "parameters",
    "MB",
    "validation (by group)",
    "test (by group)",
    "balanced",
    "macro F1",
    "AUC",
    "ECE",
    "test (by image)",
    "speed",
    "trains",
)
IN_TERMINAL = ("network", "start", "validation (by group)", "test (by group)", "test (by image)", "speed")


def row_of(name: str, images: Images, trained: Sequence[Record], graph: Record) -> Record:
    """One architecture: its graph, and per split unit the mean of the seeds' figures on the test side, with
    intervals over groups, and each seed's accuracy on both held-out sides."""
    row: Record = {
        "name": name,
        "start": trained[0]["start"],
        "seeds": sorted({r["seed"] for r in trained}),
        **{key: graph[key] for key in ("parameters", "megabytes", "explanation", "parity", "speed")},
        "images_per_second": _median([r["images_per_second"] for r in trained]),
        "units": {},
    }
    for unit in images.splits:
        of_unit = [r for r in trained if r["unit"] == unit]
        row["units"][unit] = {
            **_measured(images, unit, [np.array(r["probabilities"]) for r in of_unit]),
            "validation_by_seed": [r["validation_accuracy"] for r in of_unit],
            "history": {str(r["seed"]): r["history"] for r in of_unit},
        }
    return row


def _measured(images: Images, unit: str, answers: Sequence[npt.NDArray[np.float64]]) -> Record:
    split = images.splits[unit]
    rows = split.rows("test")
    targets, groups = images.dataset.targets[rows], images.dataset.groups[rows]
    class_ids = [c.id for c in images.dataset.classes]

    def statistic(chosen: npt.NDArray[np.intp]) -> Figures:
        each = [_summary(figures(a[chosen], targets[chosen], class_ids), class_ids) for a in answers]
        return {name: _mean([e[name] for e in each]) for name in each[0]}

    every = np.arange(len(rows))
    accuracies = [figures(a[every], targets, class_ids)["accuracy"] for a in answers]
    found = with_interval(groups, statistic, split.unit)
    return {"figures": {name: asdict(m) for name, m in found.items()}, "accuracy_by_seed": accuracies}


def _summary(found: Figures, class_ids: Sequence[str]) -> Figures:
    return {
        "accuracy": found["accuracy"],
        "balanced_accuracy": found["balanced_accuracy"],
        "macro_f1": _mean([found[f"f1_{c}"] for c in class_ids]),
        "auc_macro": found["auc_macro"],
        "ece": found["ece"],
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.median(known)) if known else None


# --- words --------------------------------------------------------------------------------------------


def text_table(found: Record) -> str:
    """The table for a terminal, with what it rests on below; the columns that fit into 100 characters."""
    shown = [HEADINGS.index(name) for name in IN_TERMINAL]
    rows = [[row[i] for i in shown] for row in (HEADINGS, *map(_cells, found["architectures"]))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    notes = [*footnotes(found), "More columns are in compare.md, in the folder given with --out."]
    return "\n".join([*(line.rstrip() for line in lines), "", *(fill(note, 100) for note in notes)])


def markdown_table(found: Record) -> str:
    """compare.md."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(row) for row in found["architectures"])]
    lines = ["# Architectures on the same split", ""]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in footnotes(found)), ""])


def _leakage(rows: Sequence[Record]) -> str:
    """What the column of the split by image is worth."""
    said = (
        "Split by image, copies of one original lie on both sides, and a network that remembers is taken for "
        "one that has understood: that column proves nothing."
    )
    accuracies = [{u: row["units"][u]["figures"]["accuracy"]["value"] for u in row["units"]} for row in rows]
    gains = [100 * (a["image"] - a["group"]) for a in accuracies if "group" in a]
    if not gains:
        return said
    return (
        f"{said} It is {np.mean(gains):+.1f} points from the split by group on average ({min(gains):+.1f} to "
        f"{max(gains):+.1f}); they are tested on different images: what lies within the intervals is chance."
    )


def _cells(row: Record) -> tuple[str, ...]:
    units = row["units"]
    home = units.get("group", {}).get("figures", {})
    leaky = units.get("image", {}).get("figures", {})
    trains = row["images_per_second"]
    return (
        row["name"],
        row["start"],
        f"{row['parameters'] / 1e6:.2f} M",
        f"{row['megabytes']:.1f}",
        f"{np.mean(units['group']['validation_by_seed']):.3f}" if "group" in units else "–",
        _with_span(home.get("accuracy")),
        _with_span(home.get("balanced_accuracy")),
        _plain(home.get("macro_f1")),
        _plain(home.get("auc_macro")),
        _plain(home.get("ece")),
        _with_span(leaky.get("accuracy")),
        f"× {row['speed']:.2f}",
        "–" if trains is None else f"{trains:.0f}/s",
    )


def _plain(measured: Record | None) -> str:
    return "–" if measured is None or measured["value"] is None else f"{measured['value']:.3f}"


def _with_span(measured: Record | None) -> str:
    if measured is None or measured["low"] is None:
        return _plain(measured)
    return f"{measured['value']:.3f} ({measured['low']:.3f}–{measured['high']:.3f})"


def footnotes(found: Record) -> list[str]:
    """What the figures rest on, and what they do not say."""
    seeds = found["architectures"][0]["seeds"] if found["architectures"] else []
    lines = [
        "A SHORT SCHEDULE, the same for all; it ranks beginnings, not what a network can reach: "
        + found["schedule"],
        *found["notes"],
    ]
    for unit, sides in found["data"].items():
        train, test = sides["train"], sides["test"]
        lines.append(
            f"Split by {unit}: trained on {train['images']} images of {train['groups']} groups, tested on "
            f"{test['images']} of {test['groups']}."
        )
    if "image" in found["data"]:
        lines.append(_leakage(found["architectures"]))
    if "group" in found["data"]:
        lines.append("Choose by the validation column; the figures of the test side are for the record.")
    lines.append(
        f"Mean over {len(seeds)} seed{'s' if len(seeds) > 1 else ''}; 95 % intervals over groups; not "
        "calibrated. Networks whose intervals overlap are not told apart."
    )
    lines.append(
        "speed: images a second of the exported graph on this processor as a multiple of MobileNetV2's; "
        "trains: images a second in the last epoch, with validation, on this processor."
    )
    return lines


# --- picture ------------------------------------------------------------------------------------------


def comparison_plot(found: Record) -> bytes:
    """compare.png: accuracy by group with its interval, and by image beside it; and speed."""
    rows = found["architectures"]
    figure, (accuracy, speed) = new_figure(9.6, 0.46 * len(rows) + 1.9, 2, width_ratios=(3, 1), sharey=True)
    places = np.arange(len(rows))[::-1]
    marks = (
        ("group", HELD, "o", 0.12, "by group, with its 95 % interval"),
        ("image", TRAIN, "D", -0.12, "by image: leaks"),
    )
    for unit, colour, marker, shift, label in marks:
        shown = [
            (y, r["units"][unit]["figures"]["accuracy"])
            for y, r in zip(places, rows, strict=True)
            if unit in r["units"]
        ]
        if shown:
            heights = np.array([y + shift for y, _ in shown])
            values = np.array([m["value"] for _, m in shown])
            ends = [
                [m[end] if m[end] is not None else m["value"] for _, m in shown] for end in ("low", "high")
            ]
            accuracy.hlines(heights, ends[0], ends[1], color=colour, linewidth=1.6)
            accuracy.plot(values, heights, marker, color=colour, label=label, markersize=6)
    accuracy.set_xlabel("accuracy on the test side")
    accuracy.set_yticks(places, [f"{r['name']}\n{r['start']} weights" for r in rows], fontsize=9)
    accuracy.set_ylim(-0.6, len(rows) - 0.4)
    accuracy.grid(axis="x", color="#e5e5e5", linewidth=0.8)
    accuracy.set_axisbelow(True)
    speed.barh(places, [r["speed"] for r in rows], color=GREY, height=0.5)
    for y, row in zip(places, rows, strict=True):
        speed.text(row["speed"], y, f" × {row['speed']:.2f}", va="center", fontsize=9, color=GREY)
    speed.margins(x=0.25)
    speed.set_xlabel("speed of the graph,\nMobileNetV2 = 1")
    settings = found["settings"]
    note = f"{settings['epochs']} epochs at {settings['size']} pixels: a short schedule"
    figure.legend(
        *accuracy.get_legend_handles_labels(),
        frameon=False,
        fontsize=9,
        ncols=2,
        title=note,
        title_fontsize=9,
        loc="outside upper center",
    )
    return png(figure)
