"""Give a finished pack an eight-bit model, if one can be made that is as good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import LoadedPack, load_pack
from lungviewer.packs.names import CARD, GOLDEN, METRICS, MODEL_INT8
from lungviewer.packs.writer import write_pack
from training.data import open_dataset
from training.errors import NotQuantisable
from training.golden import golden_with_int8
from training.home_checks import LOADED_PER_GROUP, MOST_LOADED
from training.int8_make import Compared, make_int8, pixels_of
from training.int8_text import INT8_TITLE, int8_summary
from training.judge import judge_of
from training.markdown import with_section
from training.metrics import few_of_each_group
from training.own_sides import in_order_of, sides_for
from training.run_folder import json_bytes
from training.verdict import judged_again

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QuantiseRequest:
    """`data` is the folder that the pack was trained on, or another of the same classes whose groups are
    known; `out` None puts the new pack in the place of the old one."""

    pack: Path
    data: Path
    out: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    manifest: Path | None = None


@dataclass(frozen=True, slots=True)
class Quantised:
    """Where the pack lies, what it holds, and the record of the comparison (`record["shipped"]`)."""

    pack: Path
    spec: ModelSpec
    record: Record


def quantise_pack(request: QuantiseRequest, ctx: JobContext | None = None) -> Quantised:
    """Make an eight-bit model, compare it with the float one on test groups, and write the pack again with
    the record: with model.int8.onnx and its golden outputs if it passes, without them if not.

    Raises:
        PackError: the pack does not verify.
        DataProblem: the data has other classes than the pack, or its groups are not known.
        NotQuantisable: the pack has no ONNX model, or too small a one.
    """
    ctx = ctx or NullContext()
    pack = load_pack(request.pack)
    if pack.spec.runtime != "onnx":
        raise NotQuantisable("Only packs with an ONNX model can be given an eight-bit one.")
    dataset = in_order_of(open_dataset(request.data, request.manifest, request.classes), pack.spec)
    split, _ = sides_for(dataset, pack.spec)
    held = split.rows("test")
    held = held[few_of_each_group(dataset.groups[held], LOADED_PER_GROUP, MOST_LOADED)]
    fields = pixels_of(dataset, held, pack.spec.input.size, ctx, "Test images")
    targets, groups = dataset.targets[held], dataset.groups[held]
    found = make_int8(judge_of(pack), pack.model, dataset, split, fields, targets, groups, ctx)

    folder = request.out or request.pack
    folder.parent.mkdir(parents=True, exist_ok=True)
    files = _files(request.pack, pack, found)
    return Quantised(folder, write_pack(folder, pack.spec, files, replace_existing=True), found.record)


def _files(place: Path, pack: LoadedPack, found: Compared) -> dict[str, bytes]:
    """The pack's files with the record and, if it passed, the model; an earlier one is taken out."""
    files = {name: read_pack_file(place, name) for name in pack.spec.files if name != MODEL_INT8}
    if found.shipped is not None:
        files[MODEL_INT8] = found.shipped
    if found.shipped is not None or pack.golden:
        files[GOLDEN] = golden_with_int8(pack.golden, found.shipped, pack.spec.input.size)
    metrics: Record = json.loads(files.get(METRICS, b'{"schema": "lungviewer-metrics/1"}'))
    metrics["int8"] = found.record
    if CARD in files:
        card = with_section(files[CARD].decode(), INT8_TITLE, int8_summary(found.record))
        files[CARD] = judged_again(metrics, card).encode()
    files[METRICS] = json_bytes(metrics)
    return files
