"""Classes and groups counted: enough of each, none that outweighs the others."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from training.data import Dataset


def classes_record(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Per class id: images, groups, sizes of groups, groups of one image, and the largest group's share."""
    record = {}
    for target, spec in enumerate(dataset.classes):
        sizes = sorted(Counter(s.group for s in dataset.samples if s.target == target).values())
        images = sum(sizes)
        record[spec.id] = {
            "label": spec.label,
            "images": images,
            "groups": len(sizes),
            "smallest_group": sizes[0] if sizes else 0,
            "median_group": float(np.median(sizes)) if sizes else 0.0,
            "largest_group": sizes[-1] if sizes else 0,
            "groups_of_one": sizes.count(1),
            "largest_share": sizes[-1] / images if sizes else 0.0,
        }
    return record


def mixed_groups(dataset: Dataset) -> list[str]:
    """The groups with images of more than one class, by name."""
    classes: dict[str, set[int]] = {}
    for sample in dataset.samples:
        classes.setdefault(sample.group, set()).add(sample.target)
    return sorted(name for name, found in classes.items() if len(found) > 1)
