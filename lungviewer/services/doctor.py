"""Is this installation sound, and how fast is it here?"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import lungviewer
from lungviewer.core import registry
from lungviewer.core.build import this_build
from lungviewer.core.errors import LungviewerError
from lungviewer.core.job import JobContext
from lungviewer.core.no_network import NoNetwork
from lungviewer.core.paths import bundled
from lungviewer.packs.simulator_catalogue import find_simulators
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.packs.store import LoadedPack, find_packs, load_pack
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.slide_kinds import is_slide
from lungviewer.services.classify import classify_file
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.find import find_images
from lungviewer.services.progression import Simulator
from lungviewer.services.selftest import parts_of_the_program

_LIBRARIES = (
    "numpy",
    "pillow",
    "opencv-python-headless",
    "simplejpeg",
    "tifffile",
    "openslide-bin",
    "pydicom",
    "python-gdcm",
    "pylibjpeg-openjpeg",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "PySide6-Essentials",
    "tensorflow",
)
_MEASURE_S = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; `good` is None for plain information."""

    topic: str
    text: str
    good: bool | None = None


def library_versions() -> list[tuple[str, str]]:
    """Name and version of each library that matters here and is installed."""
    found = []
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found.append((name, version(name)))
    return found


def examine(pack_folders: Sequence[Path], ctx: JobContext, *, selftest: bool = False) -> Iterator[Finding]:
    """Yield findings as they are made: versions, packs, devices with their speed.

    The self-test adds every reader, the window, the samples, and refuses whatever reaches for a network: the
    window and the decoders, processes of their own, are watched by guards of their own and then fail.
    """
    yield Finding("lungviewer", f"{lungviewer.__version__}, {this_build()}")
    yield Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield from (Finding(name, number) for name, number in library_versions())
    if not selftest:
        yield from _packs(pack_folders, ctx, selftest=False)
        return
    with NoNetwork() as guard:
        watched = guard.works()
        yield from _packs(pack_folders, ctx, selftest=True)
        yield from (Finding(*outcome) for outcome in parts_of_the_program(ctx))
    if watched and not guard.noticed:
        where = "Python code here, in the window and in decoders"
        yield Finding("network", f"nothing reached for it ({where})", good=True)
    else:
        what = ", ".join(sorted(set(guard.noticed))) or "it could not be watched"
        yield Finding("network", f"Something reached for it: {what}." if watched else what, good=False)


def _packs(pack_folders: Sequence[Path], ctx: JobContext, *, selftest: bool) -> Iterator[Finding]:
    entries = find_packs(pack_folders)
    if not entries:
        yield Finding("packs", "No model pack is installed.", good=False)
    for entry in entries:
        ctx.check()
        try:
            pack = load_pack(entry.path)
        except LungviewerError as error:
            yield Finding(f"pack {entry.path.name}", error.sentence, good=False)
            continue
        yield Finding(f"pack {pack.name}", f"verified, sha256 {pack.sha256[:16]}…", good=True)
        yield from _devices(pack, ctx)
        if selftest:
            yield from (_samples(pack, precision, ctx) for precision in pack.precisions)
    for simulator in find_simulators(pack_folders):
        ctx.check()
        yield _simulator(simulator.path)


def _simulator(path: Path) -> Finding:
    try:
        pack = load_simulator(path)
        Simulator.open(pack).close()
    except LungviewerError as error:
        return Finding(f"simulator {path.name}", error.sentence, good=False)
    return Finding(f"simulator {pack.name}", "verified, golden pictures reproduce", good=True)


def _devices(pack: LoadedPack, ctx: JobContext) -> Iterator[Finding]:
    backend = registry.load(registry.BACKENDS[pack.spec.runtime])()
    try:
        reports = backend.devices()
    except LungviewerError as error:
        yield Finding(f"  {backend.name}", error.sentence, good=False)
        return
    for report in reports:
        ctx.check()
        topic = f"  {backend.name} on {report.name}"
        if not report.available:
            # Only the CPU must be there.
            yield Finding(topic, report.detail, good=None if report.name != "cpu" else False)
            continue
        yield _device(topic, pack, report.name, "fp32")
        if report.name == "cpu" and "int8" in pack.precisions:
            yield _device(f"  {backend.name} int8 on cpu", pack, "cpu", "int8")


def _device(topic: str, pack: LoadedPack, device: str, precision: str) -> Finding:
    try:
        engine = InferenceEngine.open(pack, device, precision=precision)
    except LungviewerError as error:
        return Finding(topic, error.sentence, good=False)
    with contextlib.closing(engine):
        return Finding(topic, f"golden outputs reproduce, {_speed(engine):.0f} images/s", good=True)


def _speed(engine: InferenceEngine) -> float:
    size = engine.spec.input.size
    batch = np.random.default_rng(0).integers(0, 256, (32, size, size, 3), np.uint8)
    checks = [None] * len(batch)
    engine.analyse(batch, checks)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < _MEASURE_S:
        engine.analyse(batch, checks)
        done += len(batch)
    return done / (time.perf_counter() - started)


def _samples(pack: LoadedPack, precision: str, ctx: JobContext) -> Finding:
    """Read every sample and run it; what the model calls them is not judged, they are drawings. The slide
    among them is left out: its map would be kept."""
    found = find_images([bundled("resources") / "samples"], recursive=False, check=ctx.check)
    pictures = [found.path(file) for file in found.files if not is_slide(found.path(file))]
    topic = "  samples" if precision == "fp32" else f"  samples in {precision}"
    try:
        engine = InferenceEngine.open(pack, "cpu", precision=precision)
        with contextlib.closing(engine), IsolatedDecoder() as decoder:
            for picture in pictures:
                classify_file(picture, engine, isolated=decoder, ctx=ctx)
    except LungviewerError as error:
        return Finding(topic, error.sentence, good=False)
    return Finding(topic, f"{len(pictures)} read and run", good=bool(pictures))
