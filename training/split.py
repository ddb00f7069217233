"""Train, validation and test sides, by group; and the gate that no group is on two of them.

LC25000 and its like hold many augmented copies of one original: split by image, twins of 99 % of the
test images are trained on, and accuracy means nothing.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data import Dataset, Sample
from training.errors import DataProblem, LeakageError
from training.run_folder import RunFolder

SIDES = ("train", "validation", "test")
SHARES: Mapping[str, float] = {"train": 0.70, "validation": 0.15, "test": 0.15}
"""Side → its share of the images; the sides are dealt to in this order."""


@dataclass(frozen=True, slots=True)
class Split:
    """The side of every sample, in the dataset's order; `unit` is what was kept together."""

    sides: tuple[str, ...]
    unit: str
    seed: int

    def rows(self, side: str) -> npt.NDArray[np.intp]:
        """Indices of the samples on one side, ascending."""
        return np.flatnonzero(np.array(self.sides) == side)


def split_by_group(dataset: Dataset, seed: int, shares: Mapping[str, float] = SHARES) -> Split:
    """Stratified 70/15/15 split that keeps every group whole.

    Groups are shuffled within their (commonest) class and each goes to the side that is furthest below
    its share of that class's images. The same data and seed give the same split on every machine.

    Raises:
        DataProblem: a class has fewer than three groups.
        LeakageError: never by construction; checked all the same.
    """
    units = [s.group for s in dataset.samples]
    return _split(dataset, units, dataset.split_unit, seed, shares)


def folds_by_group(dataset: Dataset, k: int, seed: int) -> list[Split]:
    """Stratified k-fold cross-validation that keeps every group whole: k splits.

    Every sample is on the test side of exactly one split; the validation side is the next split's test
    side, and the rest is for training. Which fold a group is in does not depend on the order of files.

    Raises:
        DataProblem: k is less than three (one fold for each side), or a class has fewer than k groups.
        LeakageError: never by construction; checked all the same.
    """
    return _folds(dataset, [s.group for s in dataset.samples], dataset.split_unit, k, seed)


def folds_by_image(dataset: Dataset, k: int, seed: int) -> list[Split]:
    """The same as if every image stood alone: leaks copies between sides, only for comparison."""
    return _folds(dataset, [s.path for s in dataset.samples], "image", k, seed)


def _folds(dataset: Dataset, units: Sequence[str], unit: str, k: int, seed: int) -> list[Split]:
    if k < len(SIDES):
        raise DataProblem(f"Cross-validation needs at least {len(SIDES)} folds, one for each side.")
    folds = _deal_groups(dataset, units, {str(fold): 1 / k for fold in range(k)}, seed)
    splits = []
    for fold in range(k):
        side_of = {str(fold): "test", str((fold + 1) % k): "validation"}
        split = Split(tuple(side_of.get(f, "train") for f in folds), unit, seed)
        check_groups(units, split.sides)
        splits.append(split)
    return splits


def split_by_image(dataset: Dataset, seed: int, shares: Mapping[str, float] = SHARES) -> Split:
    """The same split as if every image stood alone: leaks copies between sides, only for comparison."""
    return _split(dataset, [s.path for s in dataset.samples], "image", seed, shares)


def _split(
    dataset: Dataset, units: Sequence[str], unit: str, seed: int, shares: Mapping[str, float]
) -> Split:
    split = Split(_deal_groups(dataset, units, shares, seed), unit, seed)
    check_groups(units, split.sides)
    return split


def _deal_groups(
    dataset: Dataset, units: Sequence[str], shares: Mapping[str, float], seed: int
) -> tuple[str, ...]:
    """The side (a key of `shares`) of every sample."""
    members = _members(units)
    by_class = _by_class(dataset, members)
    sides = [""] * len(units)
    random = np.random.default_rng(seed)
    for target, spec in enumerate(dataset.classes):
        names = by_class[target]
        if len(names) < len(shares):
            raise DataProblem(
                f"The class {spec.id} has {len(names)} groups; each of the {len(shares)} sides or folds "
                "needs one of its own."
            )
        order = [names[i] for i in random.permutation(len(names))]
        for name, side in _deal(order, {n: len(members[n]) for n in names}, shares).items():
            for row in members[name]:
                sides[row] = side
    return tuple(sides)


def _members(units: Sequence[str]) -> dict[str, list[int]]:
    """Unit → its rows."""
    members: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(units):
        members[name].append(row)
    return members


def _by_class(dataset: Dataset, members: Mapping[str, Sequence[int]]) -> dict[int, list[str]]:
    """Class → the units that are mostly of it, by name."""
    by_class: dict[int, list[str]] = defaultdict(list)
    for name in sorted(members):
        targets = [dataset.samples[row].target for row in members[name]]
        by_class[max(sorted(set(targets)), key=targets.count)].append(name)
    return by_class


def fewest_groups(dataset: Dataset) -> int:
    """The number of groups of the class that has the fewest: the most folds there can be."""
    by_class = _by_class(dataset, _members([s.group for s in dataset.samples]))
    return min(len(by_class[target]) for target in range(len(dataset.classes)))


def _deal(order: Sequence[str], sizes: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, str]:
    total = sum(sizes.values())
    sides = list(shares)
    missing = {side: shares[side] * total for side in sides}
    dealt: dict[str, str] = {}
    for i, name in enumerate(order):
        # The first ones give every side at least one group; the rest go where most is missing.
        side = sides[i] if i < len(sides) else max(sides, key=lambda s: missing[s])
        dealt[name] = side
        missing[side] -= sizes[name]
    return dealt


def straddling_groups(groups: Sequence[str], sides: Sequence[str]) -> list[str]:
    """The groups with images on more than one side, by name."""
    seen: dict[str, set[str]] = defaultdict(set)
    for group, side in zip(groups, sides, strict=True):
        seen[group].add(side)
    return sorted(group for group, where in seen.items() if len(where) > 1)


def check_groups(groups: Sequence[str], sides: Sequence[str]) -> None:
    """The leakage gate.

    Raises:
        LeakageError: a group has images on more than one side; `listed` names all such groups.
    """
    straddling = straddling_groups(groups, sides)
    if straddling:
        shown = ", ".join(straddling[:3]) + (" …" if len(straddling) > 3 else "")
        raise LeakageError(
            f"{len(straddling)} groups are on two sides of the split: {shown}.", listed=straddling
        )


def write_split(path: Path, dataset: Dataset, split: Split) -> None:
    """Save as CSV: path,label,group,side."""
    rows = ((s.path, s.label, s.group, side) for s, side in zip(dataset.samples, split.sides, strict=True))
    RunFolder(path.parent).write_table(path.name, ("path", "label", "group", "side"), rows)


def read_split(path: Path, dataset: Dataset, unit: str, seed: int) -> Split:
    """Load a split that was saved for this dataset, through the leakage gate again.

    Raises:
        DataProblem: it is of other data.
        LeakageError: a group is on two sides.
    """
    split = Split(read_sides(path, dataset), unit, seed)
    if unit != "image":
        check_groups([s.group for s in dataset.samples], split.sides)
    return split


def read_sides(path: Path, dataset: Dataset) -> tuple[str, ...]:
    """The side of every sample by a saved split, whether or not it leaks.

    Raises:
        DataProblem: it is not a split, or of other data.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            by_path = {row["path"]: row["side"] for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise DataProblem("The split cannot be read as CSV with the columns path and side.") from error
    if set(by_path) != {s.path for s in dataset.samples} or not set(by_path.values()) <= set(SIDES):
        raise DataProblem(
            "The saved split is of other data.",
            hint="Name the split.csv of this data, or choose a new run folder with --out.",
        )
    return tuple(by_path[s.path] for s in dataset.samples)


def describe(dataset: Dataset, split: Split) -> dict[str, dict[str, int]]:
    """Per side: number of images and groups, in all and per class."""
    table: dict[str, dict[str, int]] = {}
    for side in SIDES:
        chosen: list[Sample] = [dataset.samples[i] for i in split.rows(side)]
        table[side] = {"images": len(chosen), "groups": len({s.group for s in chosen})}
        for target, spec in enumerate(dataset.classes):
            table[side][f"images_{spec.id}"] = sum(s.target == target for s in chosen)
    return table
