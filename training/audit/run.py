"""The audit: every look at a data folder, in order, and what is written about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec
from training.about import About
from training.audit import embedding as by_embedding
from training.audit import pairs as look_alikes
from training.audit.files import file_facts, files_record
from training.audit.findings import findings
from training.audit.groups import classes_record, mixed_groups
from training.audit.pairs import Alike, Pair
from training.audit.report import write_report
from training.audit.sheet import contact_sheet
from training.audit.shortcuts import shortcut_record
from training.data import Dataset, open_dataset, without
from training.duplicates import NEAR_BITS, Fingerprints, fingerprint, hash_distances, near_pairs
from training.errors import DataProblem, LeakageError
from training.judge import Judge, open_pack
from training.notes import Note
from training.prepare import check_images, checks_record
from training.run_folder import RunFolder
from training.split import SIDES, fewest_groups, read_sides, straddling_groups

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to look at. `embed` is a pack whose embedding finds near-duplicates; `split` a saved split.csv.

    `input_size` and `modality` are for the image checks; a pack overrules them.
    """

    data: Path
    out: Path
    manifest: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    split: Path | None = None
    embed: Path | None = None
    seed: int = 0
    input_size: int = About().input_size
    modality: str = About().modality


def run_audit(request: AuditRequest, ctx: JobContext) -> Record:
    """Look, and write audit.md, audit.json, lists (CSV) and look_alikes.png into the folder `out`.

    Raises:
        DataProblem: the folder cannot be listed, or nothing in it can be read.
        LeakageError: the given split tears groups or identical pictures apart; raised after all is written.
    """
    run = RunFolder(request.out)
    listed = open_dataset(request.data, request.manifest, request.classes)
    sides = read_sides(request.split, listed) if request.split else None
    judge = open_pack(request.embed) if request.embed else None
    prints = fingerprint(listed, ctx)
    dataset, prints, keep = _readable(run, listed, prints)
    facts = file_facts(dataset, ctx)
    exact = look_alikes.exact_sets(prints)
    near, ways = _near(dataset, prints, judge, ctx)
    record: Record = {
        "schema": "lungviewer-audit/1",
        "data": {
            "images": len(dataset.samples),
            "groups": len({s.group for s in dataset.samples}),
            "split_unit": dataset.split_unit,
            "groups_known": dataset.groups_known,
            "manifest_sha256": dataset.manifest_sha256,
        },
        "files": {"listed": len(listed.samples), **_unreadable(listed, dataset), **files_record(facts)},
        "classes": classes_record(dataset),
        "mixed_groups": mixed_groups(dataset),
        "exact": look_alikes.exact_record(exact, dataset),
        "near": ways,
        "checks": _checks(request, run, dataset, judge, ctx),
        "split": _split(run, dataset, [sides[i] for i in keep], exact, near) if sides else None,
        "shortcuts": None,
    }
    record["groups_if_merged"] = _lists(run, dataset, exact, near)
    if fewest_groups(dataset) >= len(SIDES):
        record["shortcuts"] = shortcut_record(
            dataset, ctx, request.seed, facts, judge.spec.modality if judge else request.modality
        )
    record["findings"] = findings(record)
    for finding in record["findings"]:
        ctx.partial(Note(finding["text"], finding["level"]))
    run.write_json("audit.json", record)
    run.write("audit.md", write_report(record).encode())
    if record["split"] and record["split"]["leaks"]:
        raise LeakageError(
            "The given split leaks: "
            f"{record['split']['straddling_groups']} groups and {record['split']['exact_across']} sets of "
            "identical pictures are on two sides (straddling_groups.csv, copies_across_sides.csv)."
        )
    return record


def _readable(
    run: RunFolder, listed: Dataset, prints: Fingerprints
) -> tuple[Dataset, Fingerprints, list[int]]:
    bad = prints.unreadable
    rows = [(s.path, s.label, s.group, bad[s.path]) for s in listed.samples if s.path in bad]
    run.write_table("unreadable.csv", ("path", "label", "group", "why"), rows)
    if len(bad) == len(listed.samples):
        raise DataProblem("None of the images can be read (unreadable.csv in the audit's folder).")
    keep = [i for i, s in enumerate(listed.samples) if s.path not in bad]
    return without(listed, tuple(bad), f"{len(bad)} unreadable images."), prints.at(keep), keep


def _unreadable(listed: Dataset, dataset: Dataset) -> Record:
    missing = {s.path: s.target for s in listed.samples}
    for sample in dataset.samples:
        del missing[sample.path]
    targets = list(missing.values())
    return {
        "unreadable": len(targets),
        "unreadable_per_class": {c.id: targets.count(i) for i, c in enumerate(listed.classes)},
    }


def _near(
    dataset: Dataset, prints: Fingerprints, judge: Judge | None, ctx: JobContext
) -> tuple[list[Alike], Record]:
    """All near-duplicates, identical ones among them, and the record of each way to find them."""
    by_hash = near_pairs(prints, range(len(dataset.samples)), ctx=ctx)
    ways: Record = {
        "hash": {"bits": NEAR_BITS, **look_alikes.pairs_record(by_hash, dataset)},
        "embedding": None,
        "embedding_skipped": False,
    }
    similar: list[Pair] = []
    vectors = None
    raw = by_embedding.embed(judge, dataset, ctx) if judge else None
    if judge and raw is not None and by_embedding.comparable(*raw.shape):
        vectors = by_embedding.whitened(raw)
        similar = by_embedding.similar_pairs(vectors, ctx)
        dimensions = vectors.shape[1]
        ways["embedding"] = {
            "pack": {"id": judge.spec.id, "version": judge.spec.version},
            "dimensions": dimensions,
            "cosine": by_embedding.NEAR_COSINE[dimensions],
            **look_alikes.pairs_record(similar, dataset),
        }
    ways["embedding_skipped"] = judge is not None and vectors is None
    either = sorted({*by_hash, *similar})
    ways["either"] = look_alikes.pairs_record(either, dataset)
    hashed, embedded = set(by_hash), set(similar)
    found = []
    for i, j in either:
        way = "both" if (i, j) in hashed & embedded else "hash" if (i, j) in hashed else "embedding"
        bits = int(hash_distances(prints, np.array([i]), j)[0])
        cosine = float(vectors[i] @ vectors[j]) if vectors is not None else None
        found.append(Alike(i, j, way, bits, cosine))
    return look_alikes.order_for_reading(found, dataset), ways


def _checks(
    request: AuditRequest, run: RunFolder, dataset: Dataset, judge: Judge | None, ctx: JobContext
) -> Record:
    size, modality, limits = request.input_size, request.modality, None
    if judge:
        size, modality, limits = judge.spec.input.size, judge.spec.modality, judge.spec.trust.checks
    failed = check_images(dataset, size, modality, ctx, limits)
    refused = [
        (s.path, s.label, s.group, code) for s, code in zip(dataset.samples, failed, strict=True) if code
    ]
    run.write_table("refused_by_checks.csv", ("path", "label", "group", "check"), refused)
    per_class = {}
    for target, spec in enumerate(dataset.classes):
        codes = tuple(c for s, c in zip(dataset.samples, failed, strict=True) if s.target == target)
        if codes:
            counted = checks_record(codes)
            per_class[spec.id] = {k: v for k, v in counted.items() if k != "limits"}
    return {"input_size": size, "modality": modality, "per_class": per_class}


def _split(
    run: RunFolder,
    dataset: Dataset,
    sides: Sequence[str],
    exact: Sequence[Sequence[int]],
    near: Sequence[Alike],
) -> Record:
    """What a given split tears apart; the lists are written."""
    groups = [s.group for s in dataset.samples]
    straddling = straddling_groups(groups, sides)
    images = Counter(zip(groups, sides, strict=True))
    counts = [(group, *(images[group, side] for side in SIDES)) for group in straddling]
    run.write_table("straddling_groups.csv", ("group", *SIDES), counts)
    torn = [rows for rows in exact if len({sides[r] for r in rows}) > 1]
    copies = [(n, dataset.samples[r].path, sides[r]) for n, rows in enumerate(torn) for r in rows]
    run.write_table("copies_across_sides.csv", ("set", "path", "side"), copies)
    across = [pair for pair in near if sides[pair.first] != sides[pair.second]]
    run.write_table("near_across_sides.csv", look_alikes.HEADER, look_alikes.table_rows(across, dataset))
    return {
        "straddling_groups": len(straddling),
        "exact_across": len(torn),
        "near_across": len(across),
        "leaks": bool(straddling or torn),
    }


def _lists(
    run: RunFolder, dataset: Dataset, exact: Sequence[Sequence[int]], near: Sequence[Alike]
) -> int | None:
    """Write the lists of copies and look-alikes. Where groups are not known, also a manifest that takes what
    looks alike for one group; returns how many such groups there are."""
    samples = dataset.samples
    copies = [
        (n, samples[r].path, samples[r].label, samples[r].group) for n, rows in enumerate(exact) for r in rows
    ]
    run.write_table("exact_duplicates.csv", ("set", "path", "label", "group"), copies)
    run.write_table("near_duplicates.csv", look_alikes.HEADER, look_alikes.table_rows(near, dataset))
    torn = [p for p in near if samples[p.first].group != samples[p.second].group]
    run.write_table("near_between_groups.csv", look_alikes.HEADER, look_alikes.table_rows(torn, dataset))
    if near:
        run.write("look_alikes.png", contact_sheet(near, dataset))
    if dataset.groups_known:
        return None
    links = [(p.first, p.second) for p in near] + [(rows[0], r) for rows in exact for r in rows[1:]]
    merged = look_alikes.merged_groups(dataset, links)
    rows = ((s.path, s.label, group) for s, group in zip(samples, merged, strict=True))
    run.write_table("merged_manifest.csv", ("path", "label", "group"), rows)
    return len(set(merged))
