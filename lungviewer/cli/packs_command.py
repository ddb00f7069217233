"""`lungviewer packs list | show | verify | install | import`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from lungviewer.cli.console import err, out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED
from lungviewer.cli.options import sentence_with_options
from lungviewer.core.errors import LungviewerError, OutputUnwritable, PackNotFound, UsageError
from lungviewer.core.paths import pack_dirs, user_packs_dir
from lungviewer.core.simulator import SimulatorSpec
from lungviewer.packs.kinds import load_any, verify_any
from lungviewer.packs.simulator_catalogue import SimulatorEntry, find_simulators
from lungviewer.packs.simulator_loading import LoadedSimulator
from lungviewer.packs.store import (
    LoadedPack,
    PackEntry,
    find_packs,
    install_pack,
    read_pack_file,
    resolve_pack,
)
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.progression import Simulator
from lungviewer.services.training_process import run_training


def list_packs(_options: argparse.Namespace) -> int:
    """A line per pack, broken ones with what is wrong."""
    entries = _all_packs()
    for entry in entries:
        if entry.error is not None:
            out().print(f"{entry.name}\n  cannot be used: {entry.error}")
        else:
            _describe(entry)
    if not entries:
        out().print("No pack is installed.")
    return EXIT_OK if all(e.error is None for e in entries) else EXIT_SOME_FAILED


def _all_packs() -> list[PackEntry | SimulatorEntry]:
    return [*find_packs(pack_dirs()), *find_simulators(pack_dirs())]


def _describe(entry: PackEntry | SimulatorEntry) -> None:
    spec = entry.spec
    if isinstance(spec, SimulatorSpec):
        out().print(f"{entry.name}\n  {spec.title}; progression simulator; classifies nothing")
        out().print(f"  {', '.join(stage.label for stage in spec.stages)}")
    elif spec is not None:
        validated = f"split by {spec.provenance.split_unit}" if spec.validated else "NOT validated"
        review = "; every answer asks for review" if spec.trust.always_review else ""
        out().print(f"{entry.name}\n  {spec.title}; {spec.modality}; {validated}{review}")
        out().print(f"  {', '.join(c.label for c in spec.classes)}")


def show(options: argparse.Namespace) -> int:
    """A pack's card, or its bare facts when it has none."""
    path = resolve_pack(options.pack, pack_dirs())
    try:
        text = read_pack_file(path, "card.md").decode("utf-8", "replace")
    except PackNotFound:
        spec = load_any(path).spec
        parts = spec.stages if isinstance(spec, SimulatorSpec) else spec.classes
        listed = ", ".join(part.id for part in parts)
        text = f"{spec.title} ({spec.id} {spec.version}): {listed}. It has no card."
    out().print(text)
    return EXIT_OK


def verify(options: argparse.Namespace) -> int:
    """Files, hashes and graph without running anything, then the golden outputs on the CPU."""
    if options.pack is None:
        paths = [entry.path for entry in _all_packs()]
    else:
        paths = [resolve_pack(options.pack, pack_dirs())]
    if not paths:
        raise PackNotFound("There is no pack to verify.")
    good = True
    for path in paths:
        out().print(path.name)
        results = verify_any(path)
        for result in results:
            out().print(f"  {'ok  ' if result.passed else 'FAIL'} {result.name:16} {result.detail}")
        good = all(result.passed for result in results) and _verify_golden(path) and good
    return EXIT_OK if good else EXIT_SOME_FAILED


def _verify_golden(path: Path) -> bool:
    """Every precision that the pack has must give its stated outputs."""
    pack = load_any(path)
    if isinstance(pack, LoadedSimulator):
        return _reproduces("golden pictures", lambda: Simulator.open(pack).close())
    reproduced = [_reproduces_in(pack, precision) for precision in pack.precisions]  # each is told about
    return all(reproduced)


def _reproduces_in(pack: LoadedPack, precision: str) -> bool:
    topic = "golden outputs" if precision == "fp32" else f"golden {precision}"
    return _reproduces(topic, lambda: InferenceEngine.open(pack, "cpu", precision=precision).close())


def _reproduces(topic: str, run: Callable[[], None]) -> bool:
    try:
        run()
    except LungviewerError as error:
        out().print(f"  FAIL {topic:16} {sentence_with_options(error)}")
        return False
    out().print(f"  ok   {topic:16} reproduce on this machine's processor")
    return True


def install(options: argparse.Namespace) -> int:
    """Verify a zip and copy it among the person's own packs."""
    target = _own_packs()
    entry = install_pack(options.zip, target)
    out().print(f"Installed {entry.name}.")
    return EXIT_OK


def _own_packs() -> Path:
    target = user_packs_dir()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"The folder for packs could not be made ({error.strerror}).") from error
    return target


def import_model(options: argparse.Namespace) -> int:
    """Turn a Keras file into a pack, in a process of its own, and install it."""
    if not options.model.is_file():
        raise UsageError("There is no such model file.")
    pack_id = options.id or re.sub(r"[^a-z0-9]+", "-", options.model.stem.lower()).strip("-") or "imported"
    target = _own_packs()
    arguments = ["import-keras", str(options.model), "--out", str(target / pack_id), "--id", pack_id]
    arguments += ["--classes", options.classes, "--input-size", str(options.input_size)]
    # The equals sign keeps "-1-1" from being read as an option.
    arguments += ["--modality", options.modality, f"--scaling={options.scaling}"]
    if options.um_per_px is not None:
        arguments += ["--um-per-px", str(options.um_per_px)]
    code = run_training(arguments)
    if code == 0:
        err().print("The imported pack is not validated: its confidence means nothing until you evaluate it.")
    return code
