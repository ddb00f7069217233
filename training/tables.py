"""Figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def tables(metrics: Record) -> str:
    """Every record that there is (training/measure_pack.py), as tables one below another."""
    writers = {
        "home": home_table,
        "robustness": robustness_table,
        "stability": stability_line,
        "explanation": explanation_lines,
        "strange": strange_table,
        "external": external_table,
        "external_sets": set_table,
    }
    return "\n\n".join(write(metrics[name]) for name, write in writers.items() if metrics.get(name))


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def span(interval: Sequence[float] | None) -> str:
    return "(no interval)" if interval is None else f"({interval[0]:.3f} to {interval[1]:.3f})"


def external_table(records: Sequence[Record]) -> str:
    """One line per set and class."""
    lines = [
        f"{'set':<22}{'truth':<26}{'images':>7}{'groups':>7}{'right':>8}{'conf.':>7}"
        f"{'called':>8}{'right of called':>17}{'refused':>9}"
    ]
    lines += [
        f"{r['set']:<22}{r['class']:<26}{r['images']:>7}{r['groups']:>7}{r['recall']:>8.3f}"
        f"{r['mean_confidence']:>7.2f}{r['coverage']:>8.3f}{share(r['selective_accuracy']):>17}"
        f"{r['refused']:>9.3f}"
        for r in records
    ]
    lines.append("Evaluation only. Few slides a row: rows are not comparable, and never pooled.")
    return "\n".join(lines)


def set_table(records: Sequence[Record]) -> str:
    """One line per foreign set, over its classes, with intervals over its groups."""
    lines = [f"{'set':<22}{'images':>7}{'groups':>7}{'right':>8}{'':<19}{'called':>8}{'right of called':>17}"]
    lines += [
        f"{r['set']:<22}{r['images']:>7}{r['groups']:>7}{r['accuracy']:>8.3f} "
        f"{span(r['accuracy_interval']):<18}{r['coverage']:>8.3f}{share(r['selective_accuracy']):>17} "
        f"{span(r['selective_accuracy_interval'])}"
        for r in records
    ]
    return "\n".join(lines)


def home_table(record: Record) -> str:
    """Every figure of one side with its interval, and what it rests on."""
    lines = [
        f"{record['images']} images of {record['groups']} groups, split unit: {record['split_unit']}; "
        "95 % intervals over groups"
    ]
    for name, measured in (*record["figures"].items(), *record["calls"].items()):
        value = "–" if measured["value"] is None else f"{measured['value']:.4f}"
        low, high = measured["low"], measured["high"]
        interval = "no interval" if low is None or high is None else f"{low:.4f} to {high:.4f}"
        lines.append(f"{name:<40}{value:>8}   {interval}")
    return "\n".join(lines)


def robustness_table(record: Record) -> str:
    """Loss of accuracy and share refused, per kind of damage and severity."""
    clean = record["clean"]
    severities = list(record["mean_drop"])
    lines = [
        f"Damaged pictures: {record['images']} images of {record['groups']} groups ({record['chosen']}), "
        f"split unit: {record['split_unit']}. Clean: {share(clean['accuracy'])} right, "
        f"{share(clean['refused'])} refused.",
        "Points of accuracy lost (and % refused) at severity 1 to 5:",
    ]
    for kind, rows in record["kinds"].items():
        cells = (f"{100 * r['drop']:>6.1f} ({100 * r['refused']:>3.0f})" for r in rows)
        lines.append(f"{kind:<12}" + "".join(f"{cell:>14}" for cell in cells))
    means = (f"{100 * record['mean_drop'][s]:>6.1f}      " for s in severities)
    lines.append(f"{'mean':<12}" + "".join(f"{cell:>14}" for cell in means))
    intervals = (record["mean_drop_interval"][s] for s in severities)
    cells = ("–" if i is None else f"{100 * i[0]:.1f} to {100 * i[1]:.1f}" for i in intervals)
    lines.append(f"{'  interval':<12}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def stability_line(record: Record) -> str:
    return (
        f"Turned and mirrored: {100 * record['per_view_share']:.2f} % of answers change per view, "
        f"{100 * record['changed_share']:.2f} % {span(record['changed_interval'])} of images in any of "
        f"{len(record['views'])} views; {record['images']} images of {record['groups']} groups, split unit: "
        f"{record['split_unit']}."
    )


def explanation_lines(record: Record) -> str:
    hidden, lines = record["hidden"], []
    if "randomised" in record:
        r = record["randomised"]
        lines.append(
            f"Heat map against that of random weights: rank correlation {share(r['rank_correlation'])} "
            f"{span(r['interval'])}, {r['images']} images ({r['without_map']} without a map)."
        )
    if hidden["images"]:
        lines.append(
            f"A fifth of the field hidden: the called class loses {hidden['drop_hot']:.3f} (hottest), "
            f"{hidden['drop_random']:.3f} (random), {hidden['drop_cold']:.3f} (coldest) of probability; the "
            f"hottest matters more than the coldest in {100 * hidden['moved_share']:.0f} % of "
            f"{hidden['images']} images {span(hidden['intervals']['moved_share'])}."
        )
    return "\n".join(lines)


def strange_table(records: Sequence[Record]) -> str:
    """One line per set that must not be answered."""
    lines = [
        f"{'not lung':<36}{'kind':<6}{'images':>7}{'AUROC':>8}{'':<19}{'with checks':>12}{'refused':>9}"
        f"{'review':>8}{'called':>8}"
    ]
    lines += [
        f"{r['set']:<36}{r['kind']:<6}{r['images']:>7}{share(r['auroc']):>8} "
        f"{span(r['auroc_interval']):<18}{share(r['auroc_with_checks']):>12}{r['refused']:>9.3f}"
        f"{r['review']:>8.3f}{r['ok']:>8.3f}"
        for r in records
    ]
    return "\n".join(lines)
