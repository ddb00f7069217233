"""Export the Keras model of a pack again, and say how far the new graph is from it and from the old graph.

Useful after a new version of the exporter or of its libraries: the same weights must give the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.trust import calibrated_probabilities
from lungviewer.packs.graph import GraphFacts, check_graph
from training.data import Dataset, Sample, batches, image_files
from training.errors import DataProblem
from training.export import Parity, check_parity, export_onnx, share_of_largest
from training.from_pack import network_of_pack
from training.golden import draw_golden_images
from training.metrics import evenly
from training.runtime import OnnxModel


@dataclass(frozen=True, slots=True)
class Reexport:
    """`parity` is of the new graph against Keras; `against_pack` the largest absolute differences between
    the new graph and the pack's own: probabilities (0…1), and maps and embeddings as shares of the largest
    value; `same_bytes` whether they are one file. `facts` is what the new graph needs per image."""

    graph: bytes
    architecture: str
    facts: GraphFacts
    parity: Parity
    against_pack: Mapping[str, float]
    same_bytes: bool


def reexport(
    pack_folder: Path, data: Path | None = None, images: int = 64, ctx: JobContext | None = None
) -> Reexport:
    """Export `model.keras` of a pack to the contract graph and compare.

    Args:
        pack_folder: a pack, or a run folder with a pack in it.
        data: a folder of images to compare on, spread evenly over it; None: drawn pictures.
        images: how many of them.

    Raises:
        PackError: the pack does not pass its checks, or the new graph would not.
        DataProblem: the pack is not of this program's making, or there are no images that can be read.
        ParityError: the new graph does not compute what the Keras model does.
    """
    ctx = ctx or NullContext()
    files = image_files(data) if data else []
    if data and not (files and images > 0):
        raise DataProblem("The folder to compare on holds no images, or none were asked for.")
    if not (pack_folder / "pack.json").is_file() and (pack_folder / "pack").is_dir():
        pack_folder = pack_folder / "pack"
    pack, network = network_of_pack(pack_folder)
    ctx.check()
    size = network.input_size
    pictures = draw_golden_images(size) if data is None else _pictures(files, data, size, images, ctx)
    graph = export_onnx(network)
    facts = check_graph(graph, pack.spec)
    parity = check_parity(network, graph, pictures)
    new, old = OnnxModel(graph).predict(pictures), OnnxModel(pack.model).predict(pictures)
    found = [calibrated_probabilities(raw.logits, 1.0) for raw in (new, old)]
    differences = {
        "probability": float(np.abs(found[0] - found[1]).max()),
        "cam": share_of_largest(new.cam, old.cam),
        "embedding": share_of_largest(new.embedding, old.embedding),
    }
    return Reexport(graph, network.name, facts, parity, differences, graph == pack.model)


def _pictures(
    files: Sequence[Path], folder: Path, size: int, images: int, ctx: JobContext
) -> npt.NDArray[np.uint8]:
    chosen = [files[i] for i in evenly(np.arange(len(files)), images)]
    samples = tuple(Sample(file.relative_to(folder).as_posix(), "", 0, "") for file in chosen)
    dataset = Dataset(folder, samples, (), "", groups_known=False)
    return np.concatenate([batch for _, batch in batches(dataset, samples, size, 32, ctx)])
