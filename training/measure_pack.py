"""Everything that can be measured on a finished pack, from the pack alone: figures, and pictures of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec
from lungviewer.packs.loading import load_pack
from training.check_plots import check_charts
from training.data import Dataset, open_dataset
from training.errors import DataProblem
from training.evaluate import Side, home_record, judge_folder
from training.external import class_records, is_external, judge_external, set_records
from training.home_checks import checked_fields, home_checks
from training.judge import Judge, judge_of
from training.metrics import few_of_each_group
from training.notes import OTHER_FOLDER_NOTE, Note
from training.plots import external_bars, home_pictures
from training.run_folder import RunFolder
from training.tissue_sheets import corruption_sheet, explanation_sheet
from training.unlike import strange_records

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """What `evaluate` was asked for. `data` is class folders, or foreign sets (a manifest with sets)."""

    pack: Path
    data: Path
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    robust: bool = False
    explain: bool = False
    out: Path | None = None
    manifest: Path | None = None


def measure_pack(request: MeasureRequest, ctx: JobContext) -> Record:
    """The records asked for: "home", "robustness", "stability", "explanation", "strange", "external" and
    "external_sets"; "own_folder" says whether home images are the pack's own test groups. With `out`, also as
    metrics.json there, with pictures.

    Raises:
        PackError: the pack does not verify.
        DataProblem: the data cannot be used, or checks of home images were asked of foreign sets.
    """
    pack = load_pack(request.pack)
    judge = judge_of(pack)
    run = RunFolder(request.out) if request.out else None
    foreign = request.data if is_external(request.data) else request.external
    metrics: Record = {"pack": {"id": judge.spec.id, "version": judge.spec.version}}
    metrics["modality"] = judge.spec.modality
    pictures: dict[str, bytes] = {}
    if foreign is not request.data:
        dataset = open_dataset(request.data, request.manifest, request.classes)
        own = dataset.manifest_sha256 == judge.spec.provenance.manifest_sha256
        for note in dataset.notes if own else (*dataset.notes, OTHER_FOLDER_NOTE):
            ctx.partial(Note(note, "warning"))
        metrics["own_folder"] = own
        side = judge_folder(judge, dataset, ctx)
        metrics["home"] = home_record(
            side.given, side.targets, side.groups, judge.spec.class_ids, side.split_unit
        )
        if run:
            pictures |= home_pictures(judge.spec, metrics["home"], side.given, side.targets)
        metrics |= _checks(request, judge, pack.model, dataset, side, ctx, pictures if run else None)
    elif request.external or request.strange or request.robust or request.explain:
        raise DataProblem(
            "The images given with --data are of foreign sets, but home images are needed for the rest.",
            hint="Give the pack's own data folder with --data, and the foreign sets with --external.",
        )
    if foreign:
        answers = judge_external(judge, foreign, ctx)
        metrics["external"] = class_records(answers, judge.spec.class_ids)
        metrics["external_sets"] = set_records(answers, judge.spec.class_ids)
        if run:
            pictures["external"] = external_bars(metrics["external"], judge.spec.classes)
    if run:
        run.write_json("metrics.json", metrics)
        for name, content in pictures.items():
            run.write(f"{name}.png", content)
    return metrics


def _checks(
    request: MeasureRequest,
    judge: Judge,
    graph: bytes,
    dataset: Dataset,
    side: Side,
    ctx: JobContext,
    pictures: dict[str, bytes] | None,
) -> Record:
    """What needs home fields in memory; pictures are added to `pictures` when there is somewhere to go."""
    if not (request.robust or request.explain or request.strange):
        return {}
    fields, rows = checked_fields(dataset, side, judge.spec.input.size, ctx)
    targets, groups = side.targets[rows], side.groups[rows]
    found = home_checks(
        judge, graph, fields, targets, groups, side.split_unit, ctx, request.robust, request.explain
    )
    one_each = fields[few_of_each_group(groups, 1)]
    if request.strange:
        found["strange"] = strange_records(judge, request.strange, side.given, ctx, side.groups, one_each)
    if pictures is not None:
        first = [int(np.flatnonzero(targets == c)[0]) for c in np.unique(targets)]
        pictures |= check_charts(found) | _sheets(request, judge, graph, fields[first], targets[first])
    return found


def _sheets(
    request: MeasureRequest,
    judge: Judge,
    graph: bytes,
    fields: npt.NDArray[np.uint8],
    targets: npt.NDArray[np.int64],
) -> dict[str, bytes]:
    """Pictures of tissue, one field of each class."""
    found = {}
    if request.robust:
        found["corruptions"] = corruption_sheet(fields[0], judge.spec.modality)
    if request.explain:
        names = [judge.spec.classes[t].label for t in targets]
        found["explanations"] = explanation_sheet(judge, graph, fields, names)
    return found
