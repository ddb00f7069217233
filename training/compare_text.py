"""A comparison in words: a table for a terminal, one per split for a page, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any

import numpy as np

from training.markdown import table

Record = dict[str, Any]
NOT_YET = "not trained yet"


def text_table(found: Record) -> str:
    """The table for a terminal, with what it rests on below; the columns that fit into 100 characters."""
    header = ("network", "balance", "validation", "balanced (by group)", "balanced (by image)", "speed")
    rows = [header, *(_short(row) for row in found["architectures"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    notes = [*footnotes(found), "More columns are in compare.md, in the folder given with --out."]
    return "\n".join([*(line.rstrip() for line in lines), "", *(fill(note, 100) for note in notes)])


def _short(row: Record) -> tuple[str, ...]:
    by_group, by_image = (row["units"].get(unit) for unit in ("group", "image"))
    return (
        row["name"],
        row["balance"],
        _validation(by_group) if by_group else "–",
        *(_with_span(u["figures"]["balanced_accuracy"]) if u else NOT_YET for u in (by_group, by_image)),
        f"× {row['speed']:.2f}" if "speed" in row else "–",
    )


def markdown_table(found: Record) -> str:
    """compare.md: the networks, then their figures, a table for each split."""
    lines = ["# Architectures on the same split", "", _networks(found)]
    for unit in found["data"]:
        lines += ["", f"## Split by {unit}", "", _figures(found, unit)]
    return "\n".join([*lines, "", *(f"- {note}" for note in footnotes(found)), ""])


def _networks(found: Record) -> str:
    trained = {row["name"]: row for row in found["architectures"] if row["units"]}
    rows = [("network", "start", "parameters", "MB", "heat map", "speed", "trains")]
    for row in trained.values():
        trains = row["images_per_second"]
        rows.append(
            (
                row["name"],
                row["start"],
                f"{row['parameters'] / 1e6:.2f} M",
                f"{row['megabytes']:.1f}",
                row["explanation"],
                f"× {row['speed']:.2f}",
                "–" if trains is None else f"{trains:.0f}/s",
            )
        )
    return table(rows[0], rows[1:])


def _figures(found: Record, unit: str) -> str:
    classes = found["classes"]
    columns: dict[str, Callable[[Record], str]] = {
        "validation, balanced": _validation,
        "accuracy": lambda u: _with_span(u["figures"]["accuracy"]),
        "balanced = macro recall": lambda u: _with_span(u["figures"]["balanced_accuracy"]),
        "macro precision": lambda u: _with_span(u["figures"]["macro_precision"]),
        "macro F1": lambda u: _with_span(u["figures"]["macro_f1"]),
        "AUC, macro": lambda u: _with_span(u["figures"]["auc_macro"]),
        **{f"AUC, {c}": _column(f"auc_{c}") for c in classes},
        **{f"recall, {c}": _column(f"recall_{c}") for c in classes},
        "ECE": lambda u: _plain(u["figures"]["ece"]),
    }
    if found["folds"] > 1:
        columns["folds"] = lambda u: f"{u['folds']} of {found['folds']}"
    rows: list[tuple[str, ...]] = [("network", "balance", *columns)]
    for row in found["architectures"]:
        given = row["units"].get(unit)
        cells = (
            [cell(given) for cell in columns.values()] if given else [NOT_YET] + ["–"] * (len(columns) - 1)
        )
        rows.append((row["name"], row["balance"], *cells))
    return table(rows[0], rows[1:])


def _column(name: str) -> Callable[[Record], str]:
    return lambda u: _with_span(u["figures"][name])


def _validation(unit: Record) -> str:
    return f"{np.mean(unit['validation_balanced_by_seed']):.3f}"


def _plain(measured: Record) -> str:
    return "–" if measured["value"] is None else f"{measured['value']:.3f}"


def _with_span(measured: Record) -> str:
    if measured["low"] is None:
        return _plain(measured)
    return f"{measured['value']:.3f} ({measured['low']:.3f}–{measured['high']:.3f})"


def footnotes(found: Record) -> list[str]:
    """What the figures rest on, and what they do not say."""
    seeds, folds = found["seeds"], found["folds"]
    lines = [
        "A SHORT SCHEDULE, the same for all; it ranks beginnings, not what a network can reach: "
        + found["schedule"],
        *found["notes"],
    ]
    for unit, sides in found["data"].items():
        train, test = sides["train"], sides["test"]
        first = f"in {folds} folds, of which the first is " if folds > 1 else ""
        lines.append(
            f"Split by {unit}: {first}trained on {train['images']} images of {train['groups']} groups, "
            f"tested on {test['images']} of {test['groups']}."
        )
    if folds > 1:
        lines.append(
            "Every image is tested once, by a network that was trained without its fold; answers of all "
            "folds that are done are taken together. Rows with fewer folds rest on fewer images."
        )
    if "image" in found["data"]:
        lines.append(_leakage(found["architectures"]))
    if "group" in found["data"]:
        lines.append("Choose by the validation column; the figures of the test side are for the record.")
    lines.append(
        f"Mean over {len(seeds)} seed{'s' if len(seeds) > 1 else ''}; 95 % intervals over groups, none "
        "where a class has fewer than five; not calibrated. Networks whose intervals overlap are not told "
        "apart."
    )
    lines.append(
        "speed: images a second of the exported graph on this processor as a multiple of MobileNetV2's; "
        "trains: images a second in the last epoch, with validation, on this processor."
    )
    return lines


def _leakage(rows: Sequence[Record]) -> str:
    """What the split by image is worth."""
    said = (
        "Split by image, copies or neighbours of one original lie on both sides, and a network that "
        "remembers is taken for one that has understood: those figures prove nothing."
    )
    accuracies = [{u: row["units"][u]["figures"]["accuracy"]["value"] for u in row["units"]} for row in rows]
    gains = [100 * (a["image"] - a["group"]) for a in accuracies if "group" in a and "image" in a]
    if not gains:
        return said
    return (
        f"{said} Accuracy is {np.mean(gains):+.1f} points from the split by group on average ("
        f"{min(gains):+.1f} to {max(gains):+.1f}); they are tested on different images: what lies within the "
        "intervals is chance."
    )
