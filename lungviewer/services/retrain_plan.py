"""What a person asked the training for: kept in a run folder, so that it can be gone on with."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lungviewer.core.errors import OutputUnwritable, UsageError
from lungviewer.core.model import ModelSpec, Role
from lungviewer.core.paths import atomic_write
from lungviewer.packs.loading import PackReader
from lungviewer.packs.store import PackEntry, find_packs, resolve_pack
from lungviewer.services.retrain_data import ClassChoice, classes_document

HEAD, FULL = "head", "full"
PLAN, CLASSES, PACK, AUDIT = "plan.json", "classes.json", "pack", "audit"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One training. `kind`: "head" (a new last layer on the network of the pack at `parent`) or "full" (the
    network of that pack's kind, fine-tuned from `weights`). Empty texts and 0 mean: not given.

    `parent_name` is "id@version"; `modality`, `input_size` (pixels) and `um_per_px` are that pack's own.
    """

    data: str
    manifest: str
    classes: tuple[ClassChoice, ...]
    kind: str
    parent: str
    parent_name: str
    pack_id: str
    version: str
    title: str
    seed: int
    epochs: int = 0
    skip_unreadable: bool = False
    weights: str = ""
    stains: str = ""
    members: int = 1
    architecture: str = "mobilenetv2"
    modality: str = "histology"
    input_size: int = 224
    um_per_px: float = 0.58

    @property
    def folder_name(self) -> str:
        """The run folder's name: the same plan goes on where it stopped, another one begins anew."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.pack_id}-{digest[:10]}"


@dataclass(frozen=True, slots=True)
class Parent:
    """The pack that a training begins from, and the names that are taken."""

    path: Path
    spec: ModelSpec
    installed: tuple[PackEntry, ...]

    @property
    def name(self) -> str:
        return f"{self.spec.id}@{self.spec.version}"


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder and what is known about it; `begun` in seconds since 1970."""

    folder: Path
    plan: TrainingPlan
    begun: float
    finished: bool

    @property
    def pack(self) -> Path:
        return self.folder / PACK


def fit_arguments(plan: TrainingPlan, folder: Path) -> list[str]:
    """Arguments of `training` for a plan whose run folder is `folder`."""
    found = ["fit", "--data", plan.data, "--out", str(folder), "--classes", str(folder / CLASSES)]
    found += [
        "--id",
        plan.pack_id,
        "--version",
        plan.version,
        "--title",
        plan.title,
        "--seed",
        str(plan.seed),
    ]
    if plan.kind == HEAD:
        found += ["--from-pack", plan.parent, "--head-only"]
    else:
        found += ["--arch", plan.architecture, "--modality", plan.modality]
        found += ["--input-size", str(plan.input_size), "--um-per-px", f"{plan.um_per_px:g}"]
        found += ["--members", str(plan.members), "--beside", plan.parent]
        found += ["--weights", plan.weights] if plan.weights else []
        found += ["--stains", plan.stains] if plan.stains else []
    found += ["--epochs", str(plan.epochs)] if plan.epochs else []
    found += ["--manifest", plan.manifest] if plan.manifest else []
    return found + (["--skip-unreadable"] if plan.skip_unreadable else [])


def audit_arguments(data: Path, manifest: Path | None, folder: Path, spec: ModelSpec | None) -> list[str]:
    """Arguments of `training` that check a data folder; the report goes into `folder`."""
    found = ["audit", "--data", str(data), "--out", str(folder), "--classes", str(folder / CLASSES)]
    found += ["--manifest", str(manifest)] if manifest else []
    if spec is not None:
        found += ["--modality", spec.modality, "--input-size", str(spec.input.size)]
    return found


def prepare_folder(folder: Path, classes: Sequence[ClassChoice]) -> Path:
    """Make a folder for an audit or a run, with its classes.json.

    Raises:
        OutputUnwritable: it cannot be made.
    """
    _make(folder)
    _write(folder / CLASSES, classes_document(classes))
    return folder


def begin_run(plan: TrainingPlan, root: Path) -> Run:
    """Make the run folder of a plan, or find the one that is there.

    Raises:
        OutputUnwritable: it cannot be made.
    """
    folder = prepare_folder(root / plan.folder_name, plan.classes)
    if not (folder / PLAN).is_file():
        _write(folder / PLAN, {"begun": time.time(), "plan": asdict(plan)})
    return read_run(folder)


def read_run(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        UsageError: there is none, or its plan is damaged or of another version.
    """
    try:
        document = json.loads((folder / PLAN).read_bytes())
        plan = _plan_from(document["plan"])
        begun = float(document["begun"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError("This run folder holds no plan that can be read.", hint="Begin anew.") from error
    return Run(folder, plan, begun, (folder / PACK / "pack.json").is_file())


def find_runs(root: Path) -> list[Run]:
    """All runs, the newest first; folders that hold none are passed over."""
    found = []
    for folder in sorted(root.iterdir())[:_MOST_RUNS] if root.is_dir() else ():
        try:
            found.append(read_run(folder))
        except UsageError:
            continue
    return sorted(found, key=lambda run: run.begun, reverse=True)


def remove_run(run: Run) -> None:
    """Delete a run folder that `begin_run` made.

    Raises:
        OutputUnwritable: something in it cannot be deleted.
    """
    if run.folder.is_symlink() or not (run.folder / PLAN).is_file():
        raise OutputUnwritable("This is no run folder of the window.", hint="Nothing was deleted.")
    try:
        shutil.rmtree(run.folder)
    except OSError as error:
        raise OutputUnwritable(f"The run folder could not be deleted ({error.strerror}).") from error


def find_parent(pack: str | None, folders: Sequence[Path]) -> Parent:
    """The pack that answers now; `pack` and `folders` as for `resolve_pack`.

    Raises:
        PackError: there is none, or its pack.json cannot be read.
    """
    path = resolve_pack(pack, folders)
    with PackReader(path) as reader:
        reader.read_manifest()
        return Parent(path.absolute(), reader.spec, tuple(find_packs(folders)))


def suggest_name(spec: ModelSpec, kind: str) -> str:
    """A pack id that says where the new model comes from."""
    ending = "-adapted" if kind == HEAD else "-retrained"
    return spec.id.removesuffix(ending)[: 64 - len(ending)] + ending


def is_pack_id(text: str) -> bool:
    """Whether a pack may be called so."""
    return _ID.fullmatch(text) is not None


def next_version(pack_id: str, entries: Iterable[PackEntry]) -> str:
    """The version after the newest installed one of this id; 0.1.0 when there is none."""
    versions = [e.spec.version for e in entries if e.spec is not None and e.spec.id == pack_id]
    numbers = [tuple(int(n) for n in v.partition("-")[0].split(".")) for v in versions]
    if not numbers:
        return "0.1.0"
    major, minor, _ = max(numbers)
    return f"{major}.{minor + 1}.0"


def _plan_from(values: dict[str, Any]) -> TrainingPlan:
    classes = tuple(ClassChoice(**{**entry, "role": Role(entry["role"])}) for entry in values["classes"])
    plan = TrainingPlan(**{**values, "classes": classes})
    empty = {f.name: getattr(plan, f.name) for f in fields(plan) if f.name not in ("classes", "um_per_px")}
    for name, value in empty.items():
        wanted = int if name in ("seed", "epochs", "members", "input_size") else str
        if type(value) is not (bool if name == "skip_unreadable" else wanted):
            raise ValueError(name)
    return plan


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"The run folder cannot be made ({error.strerror}).") from error


def _write(path: Path, value: Any) -> None:
    with atomic_write(path) as stream:
        stream.write(json.dumps(value, indent=1).encode())
