"""A comparison as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.plots import GREY, HELD, TRAIN, new_figure, png

Record = dict[str, Any]


def comparison_plot(found: Record) -> bytes:
    """compare.png: balanced accuracy by group with its interval, and by image beside it; and speed. Networks
    that are not trained yet are left out."""
    rows = [row for row in found["architectures"] if row["units"]]
    several = len({row["balance"] for row in rows}) > 1
    figure, (accuracy, speed) = new_figure(9.6, 0.46 * len(rows) + 1.9, 2, width_ratios=(3, 1), sharey=True)
    places = np.arange(len(rows))[::-1]
    marks = (
        ("group", HELD, "o", 0.12, "by group, with its 95 % interval"),
        ("image", TRAIN, "D", -0.12, "by image: leaks"),
    )
    for unit, colour, marker, shift, label in marks:
        shown = [
            (y, r["units"][unit]["figures"]["balanced_accuracy"])
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
    accuracy.set_xlabel("balanced accuracy on the test side")
    accuracy.set_yticks(places, [_name(row, several) for row in rows], fontsize=9)
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


def _name(row: Record, several: bool) -> str:
    start = f"{row['start']} weights"
    return f"{row['name']}\n{start}, balance: {row['balance']}" if several else f"{row['name']}\n{start}"
