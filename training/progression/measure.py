"""Measure a simulator pack on the held-out groups of the data it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec
from lungviewer.packs.simulator_loading import load_simulator
from training.errors import DataProblem
from training.notes import Note
from training.progression.evaluate import LATENTS, Evaluation, evaluate
from training.progression.eyes import Eyes
from training.progression.figures import records, table
from training.progression.fit import open_split
from training.progression.pack import with_evaluation
from training.progression.runtime import Simulator
from training.progression.slices import read_slices
from training.run_folder import RunFolder

SPLIT_NOTE = (
    "The CT pack was trained with another split: it has learned from some of the slices that are held out "
    "here, and its figures about them are too good."
)


def measure(
    simulator: Path,
    judge: Path,
    data: Path,
    out: Path,
    classes: Mapping[str, ClassSpec],
    ctx: JobContext,
    count: int = LATENTS,
    into_pack: bool = False,
) -> Evaluation:
    """All figures of a simulator pack, on the test groups of its own split; written into `out`.

    Args:
        judge: the CT pack that looks.
        into_pack: also put them into the simulator's folder and card.

    Raises:
        DataProblem: other data than the simulator was made from, or a pack that cannot judge.
        PackError: a pack cannot be used.
        Cancelled: between two batches.
    """
    pack, eyes = load_simulator(simulator), Eyes(judge)
    own, theirs = pack.spec.provenance, eyes.pack.spec.provenance
    dataset, split = open_split(data, own.seed, classes)
    if dataset.manifest_sha256 != own.manifest_sha256:
        raise DataProblem("The simulator was made from other data.", hint="Give that folder with --data.")
    if (theirs.manifest_sha256, theirs.seed) != (own.manifest_sha256, own.seed):
        ctx.partial(Note(SPLIT_NOTE, "warning"))
    training = read_slices(dataset, split, ("train",), pack.spec.size, ctx)
    held = read_slices(dataset, split, ("test",), pack.spec.size, ctx)
    drawing = Simulator(pack.generator, pack.encoder, pack.spec.latent)
    found = evaluate(drawing, eyes, training, held, ctx, count)
    folder = RunFolder(out)
    sections = {title: records(figures) for title, figures in found.sections.items()}
    folder.write_json("metrics.json", {"simulator": pack.name, "judge": eyes.pack.name, "sections": sections})
    folder.write("figures.txt", f"{table(found.sections)}\n".encode())
    for name, content in {**found.own, **found.with_real}.items():
        folder.write(name, content)
    if into_pack:
        with_evaluation(simulator, found, eyes.pack.name)
    return found
