"""Charts of the checks: damaged pictures, and what is not lung. Figures only, no tissue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.damage import SEVERITIES
from training.plots import GREY, HELD, TRAIN, new_figure, png

REVIEW = "#e69f00"


def check_charts(records: Mapping[str, Any]) -> dict[str, bytes]:
    """The charts of whichever of "robustness" and "strange" are among some records, by name."""
    pictures = {}
    if "robustness" in records:
        pictures["robustness"] = robustness_chart(records["robustness"])
    if records.get("strange"):
        pictures["strange"] = strange_bars(records["strange"])
    return pictures


def robustness_chart(record: Mapping[str, Any]) -> bytes:
    """Per kind of damage: accuracy of all answers, share called and share refused, against severity."""
    kinds, clean = record["kinds"], record["clean"]
    columns = 3
    lines = -(-len(kinds) // columns)
    figure, axes = new_figure(9, 2.15 * lines + 0.9, columns, lines, sharex=True, sharey=True)
    shown = (("accuracy", HELD, "right, of all answers"), ("coverage", TRAIN, "called (ok)"),
             ("refused", GREY, "refused"))  # fmt: skip
    for axis, (kind, rows) in zip(axes, kinds.items(), strict=False):
        for name, colour, label in shown:
            values = [clean[name], *(row[name] for row in rows)]
            axis.plot((0, *SEVERITIES), values, "o-", color=colour, markersize=3, linewidth=1.3, label=label)
        axis.set_title(kind, fontsize=10)
        axis.set_ylim(-0.03, 1.03)
        axis.set_xticks((0, *SEVERITIES), ["clean", *map(str, SEVERITIES)])
    for axis in axes[len(kinds) :]:
        axis.set_visible(False)
    figure.supxlabel("severity", fontsize=10)
    figure.supylabel("share of images", fontsize=10)
    note = f"{record['images']} images of {record['groups']} groups ({record['chosen']})"
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        frameon=False,
        fontsize=9,
        loc="outside upper center",
        ncols=3,
        title=note,
        title_fontsize=9,
    )
    return png(figure)


def strange_bars(records: Sequence[Mapping[str, Any]]) -> bytes:
    """What happens to pictures that are none of the classes: refused, for review, or called."""
    ordered = sorted(records, key=lambda r: r["kind"])
    figure, (axis,) = new_figure(8.4, 0.5 * len(ordered) + 1.4)
    position = np.arange(len(ordered))[::-1]
    left = np.zeros(len(ordered))
    shown = (("refused", GREY, "refused"), ("review", REVIEW, "for review"), ("ok", HELD, "called: wrong"))
    for name, colour, label in shown:
        share = np.array([r[name] for r in ordered])
        axis.barh(position, share, left=left, color=colour, height=0.55, label=label)
        left += share
    for y, record in zip(position, ordered, strict=True):
        text = "no score" if record["auroc"] is None else f"AUROC {record['auroc']:.3f}"
        axis.text(1.01, y, text, va="center", fontsize=9, color=GREY)
    names = [f"{r['set']}\n{r['kind']} (n = {r['images']})" for r in ordered]
    axis.set_yticks(position, names, fontsize=9)
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of pictures")
    handles = axis.get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize=9, loc="outside upper center", ncols=3)
    return png(figure)
