"""Make a simulator pack of a run, and put into it what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lungviewer.core.job import JobContext
from lungviewer.core.model import ClassSpec, PackProvenance
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.core.window import Window
from lungviewer.packs.names import ENCODER, GENERATOR, GOLDEN
from lungviewer.packs.simulator_loading import LoadedSimulator, load_simulator
from lungviewer.packs.simulator_writer import write_simulator
from training.errors import DataProblem
from training.metrics import evenly
from training.progression.card import card_text
from training.progression.evaluate import Evaluation
from training.progression.export import check_parity, export_encoder, export_generator, golden_file
from training.progression.figures import records
from training.progression.fit import open_split, settings_of
from training.progression.frame import frame_of
from training.progression.loop import load_trained
from training.progression.runtime import Simulator
from training.progression.settings import ID, STAGES, TITLE, VERSION
from training.progression.slices import read_slices
from training.run_folder import RunFolder, code_version, json_bytes
from training.split import describe
from training.trust_fit import pack_arrays

TRAINING = "evaluation/training.json"
METRICS = "evaluation/metrics.json"
CARD = "card.md"
PARITY_SLICES = 12
WINDOW = Window(-500.0, 1500.0)
"""Through which the training slices of IQ-OTH/NCCD were saved (see the CT pack's card)."""
DATA = (
    "IQ-OTH/NCCD chest CT (Alyasriy & Al-Huseiny 2020, doi:10.17632/bhmdr45bh2), groups are runs of "
    "neighbouring or near-identical slices and stand in for patients"
)


@dataclass(frozen=True, slots=True)
class Names:
    """What a pack is called."""

    id: str = ID
    version: str = VERSION
    title: str = TITLE


def export(
    run: Path, data: Path, out: Path, names: Names, classes: Mapping[str, ClassSpec], ctx: JobContext
) -> LoadedSimulator:
    """Make a pack of a run's last checkpoint; whatever pack lies at `out` is replaced.

    Raises:
        DataProblem: no run, another data folder, or no checkpoint yet.
        ParityError: the graphs do not draw what the networks do.
        PackError: what was made breaks a rule of packs.
    """
    settings, split_seed = settings_of(run)
    dataset, split = open_split(data, split_seed, classes)
    RunFolder(run).claim({"manifest": dataset.manifest_sha256})
    found = load_trained(settings, run)
    if found is None:
        raise DataProblem("The run has no checkpoint yet.", hint="Let `progression fit` go on for a while.")
    trainer, done = found
    training = read_slices(dataset, split, ("train",), settings.size, ctx)
    held = read_slices(dataset, split, ("validation",), settings.size, ctx)
    frame = frame_of(trainer.encoder, settings, training)
    graphs = (
        export_generator(trainer.generator, frame, settings),
        export_encoder(trainer.encoder, frame, settings),
    )
    simulator = Simulator(*graphs, settings.latent)
    pictures = held.pixels[evenly(np.arange(len(held)), PARITY_SLICES)]
    parity = check_parity(trainer.generator, trainer.encoder, frame, simulator, pictures)
    record = {
        "settings": asdict(settings),
        "steps": trainer.steps,
        "steps_done": done,
        "sides": describe(dataset, split),
        "parity": asdict(parity),
    }
    today = datetime.now(UTC).date().isoformat()
    provenance = PackProvenance(DATA, dataset.manifest_sha256, split.unit, split_seed, code_version(), today)
    spec = SimulatorSpec(
        *(names.id, names.version, names.title, settings.method, settings.size, settings.latent),
        STAGES,
        WINDOW,
        provenance,
        {},
    )
    files = {
        GENERATOR: graphs[0],
        ENCODER: graphs[1],
        GOLDEN: golden_file(simulator),
        CARD: card_text(spec, record).encode(),
        TRAINING: json_bytes(record),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    write_simulator(out, spec, files, replace_existing=True)
    return load_simulator(out)


def with_evaluation(folder: Path, evaluation: Evaluation, judge: str) -> None:
    """Put figures, sheets without real slices, and the card that tells of them into a pack in a folder.

    Args:
        judge: "id@version" of the CT pack that measured.

    Raises:
        DataProblem: the pack was not made by `export`.
        PackError: it cannot be read or written.
    """
    pack = load_simulator(folder)
    training = training_record(folder)
    sections = {title: records(figures) for title, figures in evaluation.sections.items()}
    files = {
        GENERATOR: pack.generator,
        ENCODER: pack.encoder,
        GOLDEN: pack_arrays(pack.golden),
        CARD: card_text(pack.spec, training, evaluation.sections, judge).encode(),
        TRAINING: json_bytes(training),
        METRICS: json_bytes({"judge": judge, "sections": sections}),
        **{f"evaluation/{name}": content for name, content in evaluation.own.items()},
    }
    write_simulator(folder, pack.spec, files, replace_existing=True)


def training_record(folder: Path) -> dict[str, Any]:
    """What a pack says about its training.

    Raises:
        DataProblem: it says nothing that can be read.
    """
    try:
        record = json.loads((folder / TRAINING).read_bytes())
    except (OSError, ValueError) as error:
        raise DataProblem(
            "The pack does not say how it was trained.", hint="Give a folder that `progression export` wrote."
        ) from error
    if not isinstance(record, dict):
        raise DataProblem("The pack does not say how it was trained.")
    return record
