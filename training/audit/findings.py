"""From the audit's figures to sentences a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.data import UNKNOWN_GROUPS_NOTE
from training.metrics import FEWEST_GROUPS
from training.split import SIDES

FEW_GROUPS = 20
"""Below it, a 15 % test side has three groups or fewer."""
LOPSIDED = 3.0
DOMINANT = 0.2
REFUSED = 0.05

ALONE_NOTE = (
    "EVERY FILE IS A GROUP OF ITS OWN in the manifest: nothing says which images come from one patient, "
    "slide or original. If several do, every figure will be too good."
)
Record = Mapping[str, Any]
Found = tuple[str, str]


def findings(record: Record) -> list[dict[str, str]]:
    """`level` ("stop", "warning" or "note") and `text` of everything worth saying, the gravest first."""
    found = [
        *_split(record),
        *_groups(record),
        *_files(record),
        *_classes(record),
        *_copies(record),
        *_checks(record),
        *_shortcuts(record),
    ]
    order = ("stop", "warning", "note")
    found.sort(key=lambda pair: order.index(pair[0]))
    return [{"level": level, "text": text} for level, text in found]


def _split(record: Record) -> Iterator[Found]:
    split = record["split"]
    if not split:
        return
    if split["straddling_groups"]:
        yield (
            "stop",
            f"{split['straddling_groups']} groups are on two sides of the split (straddling_groups.csv).",
        )
    if split["exact_across"]:
        yield (
            "stop",
            f"{split['exact_across']} pictures are on two sides of the split as identical copies "
            "(copies_across_sides.csv).",
        )
    if split["near_across"]:
        yield (
            "warning",
            f"{split['near_across']} pairs across the split look alike (near_across_sides.csv).",
        )


def _groups(record: Record) -> Iterator[Found]:
    classes = record["classes"].values()
    if not record["data"]["groups_known"]:
        yield "warning", UNKNOWN_GROUPS_NOTE
        if record["groups_if_merged"] < record["data"]["groups"]:
            yield (
                "note",
                "merged_manifest.csv takes what looks alike for one group "
                f"({record['groups_if_merged']} instead of {record['data']['groups']}): look through it "
                "before you use it with --manifest. It cannot know about patients.",
            )
    elif all(c["largest_group"] <= 1 for c in classes):
        yield "warning", ALONE_NOTE
    if record["mixed_groups"]:
        yield "note", f"{len(record['mixed_groups'])} groups have images of more than one class."


def _files(record: Record) -> Iterator[Found]:
    files = record["files"]
    if files["unreadable"]:
        yield (
            "warning",
            f"{files['unreadable']} of {files['listed']} files cannot be used (unreadable.csv says why).",
        )
    for what in ("sizes", "modes", "formats"):
        if len(files[what]) > 1:
            yield "note", f"{len(files[what])} different {what} of picture: see whether they go with a class."


def _classes(record: Record) -> Iterator[Found]:
    classes = record["classes"]
    for c in classes.values():
        name, groups = c["label"], c["groups"]
        if groups < len(SIDES):
            yield "warning", f"{name} has {groups} groups: too few for training, validation and test."
        elif groups < FEWEST_GROUPS:
            yield "warning", f"{name} has {groups} groups: no interval can be given for any figure about it."
        elif groups < FEW_GROUPS:
            yield "warning", f"{name} has only {groups} groups: figures about it will be vague."
        if c["largest_share"] > DOMINANT:
            yield "warning", f"{c['largest_share']:.0%} of the images of {name} are of one group."
        if c["groups_of_one"] and c["largest_group"] > 1:
            yield "note", f"{c['groups_of_one']} of the {groups} groups of {name} have a single image."
    for what in ("images", "groups"):
        counts = [c[what] for c in classes.values()]
        if max(counts) > LOPSIDED * max(1, min(counts)):
            yield "warning", f"The classes are uneven: from {min(counts)} to {max(counts)} {what}."


def _copies(record: Record) -> Iterator[Found]:
    exact, near = record["exact"], record["near"]["either"]
    if record["near"]["embedding_skipped"]:
        yield "note", "Too few images, or too short an embedding, to find near-duplicates by embedding."
    if exact["sets_in_several_classes"]:
        yield "warning", f"{exact['sets_in_several_classes']} pictures have copies in another class."
    if exact["sets_in_several_groups"]:
        yield "warning", f"{exact['sets_in_several_groups']} pictures have identical copies in another group."
    if exact["redundant_files"]:
        yield "note", f"{exact['redundant_files']} files repeat another file's pixels (exact_duplicates.csv)."
    if near["between_groups"]:
        yield (
            "warning",
            f"{near['between_groups']} pairs of different groups look alike, {near['between_classes']} of "
            "them of different classes: copies, neighbours of one slide or patient, or only alike? "
            "Look at look_alikes.png and near_between_groups.csv.",
        )


def _checks(record: Record) -> Iterator[Found]:
    for name, c in record["checks"]["per_class"].items():
        if c["refused"]:
            reasons = ", ".join(f"{why} {n}" for why, n in c["refused_for"].items())
            yield (
                "warning" if c["refused_share"] > REFUSED else "note",
                f"The viewer's image checks refuse {c['refused']} of {c['images']} images of "
                f"{record['classes'][name]['label']} ({reasons}): refused_by_checks.csv.",
            )


def _shortcuts(record: Record) -> Iterator[Found]:
    if record["shortcuts"] is None:
        yield "note", "Shortcuts were not looked for: a class has fewer than three groups."
        return
    for probe in record["shortcuts"].values():
        wrong_reason = "wrong reason" in probe["sentence"]
        yield "warning" if wrong_reason else "note", probe["sentence"]
