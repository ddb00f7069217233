"""Data before training: listed, read once, split, and through every gate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec, ImageCheckLimits
from lungviewer.core.trust import check_field
from lungviewer.packs.writer import replaceable
from training.data import Dataset, batches, open_dataset, without
from training.duplicates import Fingerprints, check_exact, fingerprint, near_pairs
from training.errors import DataProblem, LeakageError
from training.notes import Note
from training.run_folder import RunFolder
from training.split import Split, describe, read_split, split_by_group, split_by_image, write_split

BY_IMAGE_NOTE = (
    "SPLIT BY IMAGE, AS ASKED: copies of one original are on both sides of the split; "
    "the figures of this run mean nothing but for comparison."
)


@dataclass(frozen=True, slots=True)
class DataRequest:
    """Where the labelled images are and how they are to be split."""

    folder: Path
    manifest: Path | None
    classes: Mapping[str, ClassSpec]
    seed: int
    by_image: bool = False
    skip_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data that passed every gate. `record` is what metrics.json says about it."""

    dataset: Dataset
    split: Split
    record: Mapping[str, Any]


def prepare_data(request: DataRequest, run: RunFolder, ctx: JobContext) -> Prepared:
    """List, fingerprint and split the data. Saves split.csv, and alike.csv with near-duplicates.

    Raises:
        DataProblem: files are unreadable (unreadable.csv), the folder is not what it should be, or not what
            it was when the run was begun.
        LeakageError: a group or an identical picture is on two sides (leaks.csv).
    """
    dataset = open_dataset(request.folder, request.manifest, request.classes)
    if request.by_image:
        dataset = replace(dataset, notes=(*dataset.notes, BY_IMAGE_NOTE))
    for note in dataset.notes:
        ctx.partial(Note(note, "warning"))
    prints = fingerprint(dataset, ctx)
    pixels = hashlib.sha256("\n".join(prints.exact).encode()).hexdigest()
    run.claim({"manifest_sha256": dataset.manifest_sha256, "pixels_sha256": pixels})
    try:
        # Before unreadable files are left out, so that the seed alone gives the same split again.
        split = _split(request, run, dataset)
        write_split(run.path / "split.csv", dataset, split)
        if prints.unreadable:
            dataset, split, prints = _without_unreadable(request, run, dataset, split, prints)
        paths = [s.path for s in dataset.samples]
        copies = 0 if request.by_image else check_exact(prints, paths, split.sides)
    except LeakageError as leak:
        run.write_list("leaks.csv", leak.listed)
        raise
    alike = near_pairs(prints, split.sides, ctx=ctx)
    run.write_list("alike.csv", [f"{paths[i]},{paths[j]}" for i, j in alike])
    if alike:
        text = f"{len(alike)} pairs of images look alike across the split (alike.csv in the run folder)."
        ctx.partial(Note(text, "warning"))
    return Prepared(
        dataset,
        split,
        {
            "unit": split.unit,
            "seed": split.seed,
            "identical_copies_on_one_side": copies,
            "alike_across_sides": len(alike),
            "sides": describe(dataset, split),
        },
    )


def _split(request: DataRequest, run: RunFolder, dataset: Dataset) -> Split:
    saved = run.path / "split.csv"
    if saved.is_file():
        unit = "image" if request.by_image else dataset.split_unit
        return read_split(saved, dataset, unit, request.seed)
    return (split_by_image if request.by_image else split_by_group)(dataset, request.seed)


def _without_unreadable(
    request: DataRequest, run: RunFolder, dataset: Dataset, split: Split, prints: Fingerprints
) -> tuple[Dataset, Split, Fingerprints]:
    bad = prints.unreadable
    run.write_list("unreadable.csv", [f"{path},{why}" for path, why in bad.items()])
    if not request.skip_unreadable:
        raise DataProblem(
            f"{len(bad)} of {len(dataset.samples)} images cannot be read (unreadable.csv in the run folder).",
            hint="Repair or remove them, or leave them out with --skip-unreadable.",
            listed=tuple(bad),
        )
    note = f"{len(bad)} unreadable images were left out."
    keep = [i for i, s in enumerate(dataset.samples) if s.path not in bad]
    return (
        without(dataset, tuple(bad), note),
        replace(split, sides=tuple(split.sides[i] for i in keep)),
        prints.at(keep),
    )


def check_images(
    dataset: Dataset, size: int, modality: str, ctx: JobContext, limits: ImageCheckLimits | None = None
) -> tuple[str, ...]:
    """The code of the image check that each sample fails at the model's input size, or ""."""
    limits = limits or ImageCheckLimits()
    failed: list[str] = []
    for _, batch in batches(dataset, dataset.samples, size, 32, ctx, "Image checks"):
        failed += [check_field(field, limits, modality) or "" for field in batch]
    return tuple(failed)


def refuse_unfit(failed: Sequence[str]) -> None:
    """Before anything is trained: a model of images that all fail a check could never call one.

    Raises:
        DataProblem: all images fail.
    """
    if all(failed):
        raise DataProblem(
            f"Every image fails an image check ({', '.join(sorted(set(failed)))}): none could be called.",
            hint="Is the modality right (--modality ct for CT), the stain (in the about file), the size?",
        )


def check_places(data: Path, out: Path, pack: Path) -> None:
    """Before anything is read: what a run writes must not mix with the data, nor take anything's place.

    Raises:
        DataProblem: the run folder lies in the data folder, or something that is no pack lies where the
            pack is to go.
    """
    if out.resolve().is_relative_to(data.resolve()):
        raise DataProblem("The run folder lies within the data folder.", hint="Choose another with --out.")
    if not replaceable(pack):
        raise DataProblem(
            "Where the pack is to go lies something that is no pack; it would be lost.",
            hint="Choose another folder with --pack-out.",
        )


def checks_record(failed: tuple[str, ...], limits: ImageCheckLimits | None = None) -> dict[str, Any]:
    """How many images the checks refuse, and for what."""
    codes = [code for code in failed if code]
    return {
        "images": len(failed),
        "refused": len(codes),
        "refused_share": len(codes) / len(failed),
        "refused_for": {code: codes.count(code) for code in sorted(set(codes))},
        "limits": asdict(limits or ImageCheckLimits()),
    }
