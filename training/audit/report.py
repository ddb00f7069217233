"""audit.md: the audit's figures for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.markdown import table

Record = Mapping[str, Any]
LEVELS = {"stop": "Must be corrected", "warning": "To look at", "note": "Good to know"}


def write_report(record: Record) -> str:
    """Markdown, ending in a newline."""
    data = record["data"]
    parts = [
        "# Data audit",
        f"{data['images']} readable images of {data['groups']} groups; split unit: {data['split_unit']}. "
        "Research use only.",
        *_findings(record),
        "## Classes",
        _classes(record["classes"]),
        "## Files",
        *_files(record["files"]),
        "## The same picture twice",
        *_twice(record),
        *_split(record["split"]),
        "## Image checks",
        _checks(record["checks"]),
        "## Shortcuts",
        *_shortcuts(record["shortcuts"]),
    ]
    return "\n\n".join(parts) + "\n"


def _findings(record: Record) -> list[str]:
    parts = []
    for level, title in LEVELS.items():
        texts = [f"- {f['text']}" for f in record["findings"] if f["level"] == level]
        if texts:
            parts += [f"## {title}", "\n".join(texts)]
    return parts


def _classes(classes: Record) -> str:
    return table(
        ("class", "images", "groups", "images per group (least, median, most)", "groups of one"),
        [
            (
                c["label"],
                c["images"],
                c["groups"],
                f"{c['smallest_group']}, {c['median_group']:g}, {c['largest_group']}",
                c["groups_of_one"],
            )
            for c in classes.values()
        ],
    )


def _files(files: Record, most: int = 6) -> list[str]:
    lines = [f"{files['unreadable']} of {files['listed']} listed files cannot be used."]
    for what in ("sizes", "modes", "formats"):
        counts = list(files[what].items())
        shown = ", ".join(f"{name} ({n})" for name, n in counts[:most])
        rest = f" and {len(counts) - most} more" if len(counts) > most else ""
        lines.append(f"- {what}: {shown}{rest}")
    return [lines[0], "\n".join(lines[1:])]


def _twice(record: Record) -> list[str]:
    exact, near = record["exact"], record["near"]
    first = (
        f"Identical pixels: {exact['sets']} pictures are there more than once, {exact['redundant_files']} "
        f"files are one too many; {exact['sets_in_several_groups']} have copies in several groups, "
        f"{exact['sets_in_several_classes']} in several classes."
    )
    names = {"hash": f"perceptual hash, up to {near['hash']['bits']} of 63 bits differ", "either": "either"}
    if near["embedding"]:
        e = near["embedding"]
        names["embedding"] = (
            f"embedding of {e['pack']['id']}, {e['dimensions']} whitened dimensions, "
            f"cosine {e['cosine']:.2f} or more"
        )
    rows = []
    for way in ("hash", "embedding", "either"):
        if found := near[way]:
            known = found["agreement"]
            figures = [_figure(known[name]) for name in ("precision", "recall")] if known else ["–", "–"]
            rows.append(
                (names[way], found["pairs"], found["between_groups"], found["between_classes"], *figures)
            )
    header = ("found by", "pairs", "between groups", "between classes", "in one group", "of all in one group")
    return [
        first,
        table(header, rows),
        '"In one group" is the share of the found pairs that the groups confirm, "of all in one group" the '
        "share of the groups' pairs that are found; 95 % intervals over groups. Only where groups are "
        "originals and their copies should the second be high. Pairs: near_duplicates.csv, look_alikes.png.",
    ]


def _figure(measured: Record) -> str:
    if measured["value"] is None:
        return "–"
    value = f"{measured['value']:.3f}"
    return value if measured["low"] is None else f"{value} ({measured['low']:.3f} to {measured['high']:.3f})"


def _split(split: Record | None) -> list[str]:
    if split is None:
        return []
    return [
        "## The given split",
        f"{split['straddling_groups']} groups and {split['exact_across']} sets of identical pictures are on "
        f"two sides; {split['near_across']} pairs across sides look alike.",
    ]


def _checks(checks: Record) -> str:
    head = f"At {checks['input_size']} pixels, for {checks['modality']}."
    rows = [
        (
            name,
            c["images"],
            c["refused"],
            f"{c['refused_share']:.1%}",
            ", ".join(f"{why} {n}" for why, n in c["refused_for"].items()) or "–",
        )
        for name, c in checks["per_class"].items()
    ]
    return f"{head}\n\n" + table(("class", "images", "refused", "share", "for"), rows)


def _shortcuts(shortcuts: Record | None) -> list[str]:
    if shortcuts is None:
        return ["Not looked for: a class has fewer than three groups."]
    rows = [
        (
            name,
            _figure(probe["accuracy"]),
            f"{probe['accuracy']['chance']:.3f}",
            _figure(probe["balanced_accuracy"]),
            f"{probe['balanced_accuracy']['chance']:.3f}",
        )
        for name, probe in shortcuts.items()
    ]
    first = next(iter(shortcuts.values()))
    rests_on = (
        f"Logistic regression, {first['folds']}-fold cross-validation by {first['accuracy']['split_unit']}, "
        f"{first['accuracy']['images']} images of {first['accuracy']['groups']} groups, 95 % intervals over "
        "groups. The lower these figures, the better."
    )
    return [table(("from", "accuracy", "chance", "balanced accuracy", "chance"), rows), rests_on]
