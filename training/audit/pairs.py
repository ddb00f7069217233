"""Pictures that are there twice: which, found how, and how well that agrees with the known groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data import Dataset
from training.duplicates import Fingerprints
from training.metrics import FEWEST_GROUPS, Measured, all_right_bound, bootstrap

Pair = tuple[int, int]
HEADER = (
    "path_a", "path_b", "label_a", "label_b", "group_a", "group_b", "found_by", "hash_bits", "cosine"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows of two pictures that look alike, the earlier first. `found_by` is "hash", "embedding" or "both";
    `hash_bits` of 63 differ; `cosine` of whitened embeddings, or None without a pack."""

    first: int
    second: int
    found_by: str
    hash_bits: int
    cosine: float | None


def exact_sets(prints: Fingerprints) -> list[list[int]]:
    """Rows of pictures with identical pixels, two or more a set, ordered by the first."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(prints.exact):
        if digest:
            rows[digest].append(row)
    return [found for found in rows.values() if len(found) > 1]


def exact_record(sets: Sequence[Sequence[int]], dataset: Dataset) -> dict[str, int]:
    """How many sets of copies there are, how many files are one too many, and which are torn apart."""
    samples = dataset.samples
    return {
        "sets": len(sets),
        "redundant_files": sum(len(rows) - 1 for rows in sets),
        "sets_in_several_groups": sum(len({samples[r].group for r in rows}) > 1 for rows in sets),
        "sets_in_several_classes": sum(len({samples[r].target for r in rows}) > 1 for rows in sets),
    }


def pairs_record(pairs: Sequence[Pair], dataset: Dataset) -> dict[str, Any]:
    """How many pairs, how many of them torn apart, and precision and recall against the known groups."""
    samples = dataset.samples
    return {
        "pairs": len(pairs),
        "between_groups": sum(samples[i].group != samples[j].group for i, j in pairs),
        "between_classes": sum(samples[i].target != samples[j].target for i, j in pairs),
        "agreement": agreement(pairs, dataset),
    }


def agreement(pairs: Sequence[Pair], dataset: Dataset) -> dict[str, dict[str, Any]] | None:
    """Precision (found pairs of one group) and recall (pairs of one group that are found), with intervals
    over groups; None when no group is known to hold two images.

    A low recall is no fault where a group is a patient: two fields of a patient need not look alike.
    """
    groups = dataset.groups
    sizes = Counter(groups.tolist())
    if not dataset.groups_known or max(sizes.values()) < 2:
        return None
    same, other = (np.zeros(len(groups)) for _ in range(2))
    for i, j in pairs:
        into = same if groups[i] == groups[j] else other
        into[[i, j]] += 1
    partners = np.array([sizes[g] - 1 for g in groups.tolist()], float)

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        right, found = same[rows].sum(), same[rows].sum() + other[rows].sum()
        return {
            "precision": float(right / found) if found else None,
            "recall": float(right / partners[rows].sum()) if partners[rows].any() else None,
        }

    intervals = bootstrap(groups, statistic, replicates=300)
    result = {}
    for name, value in statistic(np.arange(len(groups))).items():
        low, high = intervals[name] or (None, None)
        if value == 1.0 and len(sizes) >= FEWEST_GROUPS:
            # Resampling pairs without a wrong one finds none: count the groups that pairs were found in.
            low, high = all_right_bound(len(set(groups[same > 0].tolist()))), 1.0
        result[name] = asdict(Measured(value, low, high, len(groups), len(sizes), "group"))
    return result


def order_for_reading(pairs: Iterable[Alike], dataset: Dataset) -> list[Alike]:
    """Between classes first, then between groups, then the rest; the most alike first."""
    samples = dataset.samples

    def key(pair: Alike) -> tuple[object, ...]:
        a, b = samples[pair.first], samples[pair.second]
        likeness = -pair.cosine if pair.cosine is not None else pair.hash_bits
        return (a.target == b.target, a.group == b.group, likeness, pair.first, pair.second)

    return sorted(pairs, key=key)


def table_rows(pairs: Iterable[Alike], dataset: Dataset) -> list[tuple[object, ...]]:
    """One row per pair for a CSV with `HEADER`."""
    rows: list[tuple[object, ...]] = []
    for pair in pairs:
        a, b = dataset.samples[pair.first], dataset.samples[pair.second]
        cosine = "" if pair.cosine is None else f"{pair.cosine:.4f}"
        named = (a.path, b.path, a.label, b.label, a.group, b.group)
        rows.append((*named, pair.found_by, pair.hash_bits, cosine))
    return rows


def merged_groups(dataset: Dataset, pairs: Iterable[Pair]) -> list[str]:
    """The group of every sample once groups that share a pair are made one, named for the first of them."""
    parent = {s.group: s.group for s in dataset.samples}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for i, j in pairs:
        low, high = sorted((root(dataset.samples[i].group), root(dataset.samples[j].group)))
        parent[high] = low
    return [root(s.group) for s in dataset.samples]
