"""Which images of a folder a finished pack may be fitted again on, and which it may be measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lungviewer.core.model import ModelSpec
from training.data import Dataset
from training.errors import DataProblem
from training.split import Split, split_by_group, split_by_image

OTHER_SHARES: Mapping[str, float] = {"train": 0.4, "validation": 0.3, "test": 0.3}
"""Of a folder that the pack was not trained on: statistics, thresholds, figures."""
FEWEST_GROUPS = 5
"""Of every class, to fit thresholds on and to measure them on."""


def sides_for(dataset: Dataset, spec: ModelSpec) -> tuple[Split, bool]:
    """The pack's own split of the folder it was trained on, or a new one by group of any other; and
    whether it is the former.

    Raises:
        DataProblem: groups are unknown, or a class has too few of them.
    """
    stated = spec.provenance
    if dataset.manifest_sha256 == stated.manifest_sha256:
        divide = split_by_image if stated.split_unit == "image" else split_by_group
        return divide(dataset, stated.seed), True
    if not dataset.groups_known:
        raise DataProblem(
            "Groups are not known: thresholds fitted on copies of the images they are measured on mean "
            "nothing.",
            hint="Write a manifest.csv (path,label,group); a group is a patient, a slide or an original.",
        )
    split = split_by_group(dataset, stated.seed, OTHER_SHARES)
    for side in ("validation", "test"):
        samples = [dataset.samples[i] for i in split.rows(side)]
        for target, spec_of in enumerate(dataset.classes):
            found = len({s.group for s in samples if s.target == target})
            if found < FEWEST_GROUPS:
                raise DataProblem(
                    f"There are too few groups of {spec_of.id}: {found} of them would be on the {side} "
                    f"side, and at least {FEWEST_GROUPS} are needed.",
                    hint="Add images of more patients or slides: about 17 groups of every class.",
                )
    return split, False


def in_order_of(dataset: Dataset, spec: ModelSpec) -> Dataset:
    """The same images with the pack's classes, in the order of its outputs.

    Raises:
        DataProblem: the folder has other classes than the pack, or lacks one.
    """
    given, wanted = {c.id for c in dataset.classes}, set(spec.class_ids)
    if given != wanted:
        lacking, strange = sorted(wanted - given), sorted(given - wanted)
        what = [f"it lacks {', '.join(lacking)}"] if lacking else []
        what += [f"the pack does not know {', '.join(strange)}"] if strange else []
        raise DataProblem(
            f"The folder's classes are not the pack's: {'; '.join(what)}.",
            hint="For other classes, learn a new head: fit --from-pack PACK --head-only.",
        )
    place = [spec.class_ids.index(c.id) for c in dataset.classes]
    samples = tuple(replace(s, target=place[s.target]) for s in dataset.samples)
    return replace(dataset, samples=samples, classes=spec.classes)
