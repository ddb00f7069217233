"""Give a finished pack an eight-bit model, if one can be made that is as good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.packs.loading import LoadedPack, load_pack, read_pack_file
from lungviewer.packs.names import CARD, GOLDEN, MODEL_INT8
from lungviewer.packs.writer import write_pack
from training.data import Dataset, batches, open_dataset
from training.errors import NotQuantisable
from training.golden import golden_with_int8
from training.int8 import quantise
from training.int8_check import LEAST_MAP_CORRELATION, MOST_FALL_POINTS, int8_record
from training.judge import Judge, judge_of
from training.metrics import evenly, few_of_each_group
from training.recalibrate import in_order_of, sides_for
from training.runtime import OnnxModel

CALIBRATION_IMAGES = 64
"""Training images that ranges are taken from. Twice as many changed nothing."""
PER_GROUP, MOST_MEASURED = 10, 1000
METRICS = "evaluation/metrics.json"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QuantiseRequest:
    """`data` is the folder that the pack was trained on, or another of the same classes whose groups are
    known; `out` None puts the new pack in the place of the old one."""

    pack: Path
    data: Path
    out: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quantised:
    """Where the pack lies, what it holds, and the record of the comparison (`record["shipped"]`)."""

    pack: Path
    spec: ModelSpec
    record: Record


def quantise_pack(request: QuantiseRequest, ctx: JobContext | None = None) -> Quantised:
    """Make an eight-bit model, compare it with the float one, and write the pack again with the record:
    with model.int8.onnx and its golden outputs if it passes, without them if not.

    Ranges come from training groups, the comparison from test groups. Nothing is chosen by the latter but
    whether the model is shipped.

    Raises:
        PackError: the pack does not verify.
        DataProblem: the data has other classes than the pack, or its groups are not known.
        NotQuantisable: the pack has no ONNX model, or too small a one.
    """
    ctx = ctx or NullContext()
    pack = load_pack(request.pack)
    if pack.spec.runtime != "onnx":
        raise NotQuantisable("Only packs with an ONNX model can be given an eight-bit one.")
    dataset = in_order_of(open_dataset(request.data, None, request.classes), pack.spec)
    split, _ = sides_for(dataset, pack.spec)
    rows = evenly(split.rows("train"), CALIBRATION_IMAGES)
    images = _pixels(dataset, rows, pack.spec.input.size, ctx, "Images for the ranges")
    ctx.progress(0, 1, "Quantising")
    graph = quantise(pack.model, images)
    ctx.progress(1, 1, "Quantising")

    held = split.rows("test")
    held = held[few_of_each_group(dataset.groups[held], PER_GROUP, MOST_MEASURED)]
    fields = _pixels(dataset, held, pack.spec.input.size, ctx, "Test images")
    # One thread each, as the viewer runs them.
    plain = judge_of(pack, threads=1)
    rounded = Judge(pack.spec, OnnxModel(graph, threads=1), plain.outlier)
    targets, groups = dataset.targets[held], dataset.groups[held]
    record = int8_record(plain, rounded, fields, targets, groups, split.unit, ctx)

    folder = request.out or request.pack
    folder.parent.mkdir(parents=True, exist_ok=True)
    files = _files(request.pack, pack, graph, record)
    return Quantised(folder, write_pack(folder, pack.spec, files, replace_existing=True), record)


def _pixels(
    dataset: Dataset, rows: npt.NDArray[np.int64], size: int, ctx: JobContext, text: str
) -> npt.NDArray[np.uint8]:
    samples = [dataset.samples[i] for i in rows]
    return np.concatenate([pixels for _, pixels in batches(dataset, samples, size, ctx=ctx, text=text)])


def _files(place: Path, pack: LoadedPack, graph: bytes, record: Record) -> dict[str, bytes]:
    """The pack's files with the record and, if it passed, the model; an earlier one is taken out."""
    files = {name: read_pack_file(place, name) for name in pack.spec.files if name != MODEL_INT8}
    passed = record["shipped"]
    if passed:
        files[MODEL_INT8] = graph
    if passed or pack.golden:
        files[GOLDEN] = golden_with_int8(pack.golden, graph if passed else None, pack.spec.input.size)
    metrics: Record = json.loads(files.get(METRICS, b'{"schema": "lungviewer-metrics/1"}'))
    metrics["int8"] = record
    files[METRICS] = json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False).encode() + b"\n"
    if CARD in files:
        files[CARD] = with_section(files[CARD].decode(), record).encode()
    return files


_TITLE = "## In eight bits"


def with_section(card: str, record: Record) -> str:
    """A card with what is known about eight bits as its last section; an earlier one is replaced."""
    before, _, rest = card.partition(f"\n{_TITLE}\n")
    _, mark, after = rest.partition("\n## ")
    return f"{before.rstrip()}\n{mark}{after}".rstrip() + f"\n\n{_TITLE}\n{summary(record)}\n"


def summary(record: Record) -> str:
    """What came out, in a few sentences for a card or a terminal."""
    verdict = (
        "The pack ships an eight-bit model beside the float one"
        if record["shipped"]
        else f"The pack ships NO eight-bit model: it may lose at most {MOST_FALL_POINTS} points and its maps "
        f"must keep a correlation of at least {LEAST_MAP_CORRELATION} with those of the float model"
    )
    span = record["fall_interval"]
    interval = "no interval" if span is None else f"95 % interval {span[0]:.2f} to {span[1]:.2f}"
    return (
        f"{verdict}. On {record['images']} test images of {record['groups']} groups, split by "
        f"{record['split_unit']}, accuracy before refusal is {record['accuracy_int8']:.4f} in eight bits and "
        f"{record['accuracy_fp32']:.4f} in float: a fall of {record['fall_points']:.2f} points ({interval}). "
        f"Maps of the called class: correlation {record['map_correlation']:.3f}. The class is the same for "
        f"{record['agreement']:.1%} of the images, the status (ok, review, refused) for "
        f"{record['status_agreement']:.1%}. Where this was measured eight bits were "
        f"{record['speed_ratio']:.1f} times as fast; {record['bytes'] / 1e6:.1f} instead of "
        f"{record['bytes_fp32'] / 1e6:.1f} MB. All other figures are those of the float model."
    )
