"""What the simulator's thread does: plain functions that answer with frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lungviewer.core.errors import LungviewerError, PackNotFound, UsageError
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.paths import is_one_of, pack_dirs
from lungviewer.core.simulator import SimulatorSpec, Step, Strip
from lungviewer.exporters.strip_gif import write_strip_gif
from lungviewer.exporters.strip_png import write_strip_png
from lungviewer.packs.simulator_catalogue import simulators_to_choose
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineChoice, EngineKeeper
from lungviewer.services.progression import Simulator, Start, judge_steps


@dataclass(frozen=True, slots=True)
class Opened:
    """The simulator that was opened, and the names of all. `classifier` None: nobody judges its pictures, and
    `why` says why."""

    name: str
    names: tuple[str, ...]
    spec: SimulatorSpec
    classifier: ModelSpec | None
    why: str = ""

    @property
    def classifier_name(self) -> str:
        return "" if self.classifier is None else f"{self.classifier.id}@{self.classifier.version}"


class Bench:
    """The simulator and the classifier of one thread, which opens, uses and closes them."""

    def __init__(self, keeper: EngineKeeper) -> None:
        self._keeper = keeper
        self._choice: EngineChoice | None = None
        self._simulator: Simulator | None = None

    @property
    def simulator(self) -> Simulator:
        """The open one.

        Raises:
            UsageError: none is open.
        """
        if self._simulator is None:
            raise UsageError("No simulator is open.")
        return self._simulator

    def open(self, choice: EngineChoice, name: str = "") -> Opened:
        """Open the simulator of this name ("id@version"), else the one that is open, else the default one;
        and the CT model of `choice`. One that was open stays so until another has been opened.

        Raises:
            PackError: there is no simulator, or it does not verify or reproduce.
            BackendError: it cannot be loaded.
        """
        there = simulators_to_choose(pack_dirs())
        wanted = next((entry for entry in there if entry.name == name), there[0])
        if self._simulator is None or (name and wanted.name != self._simulator.name):
            simulator = Simulator.open(load_simulator(wanted.path))
            if self._simulator is not None:
                self._simulator.close()
            self._simulator = simulator
        engine, why = self._open_engine(choice)
        names = tuple(entry.name for entry in there)
        spec = engine.spec if engine else None
        return Opened(self._simulator.name, names, self._simulator.spec, spec, why)

    def _open_engine(self, choice: EngineChoice) -> tuple[InferenceEngine | None, str]:
        self._choice = None
        try:
            engine = self._keeper.get(choice)
        except PackNotFound:
            return None, "No CT model is installed: nobody judges the pictures."
        except LungviewerError as error:
            return None, f"The CT model cannot be used, so nobody judges the pictures: {error.sentence}"
        if engine.spec.modality != "ct":
            return None, "The chosen model reads histology: nobody judges the pictures."
        self._choice = choice
        return engine, ""

    def judge(self, steps: tuple[Step, ...], ctx: JobContext) -> tuple[Step, ...]:
        """The steps with the classifier's answers; as they are when there is none."""
        return steps if self._choice is None else judge_steps(steps, self._keeper.get(self._choice), ctx)

    def close(self) -> None:
        """Give everything back."""
        self._keeper.close()
        if self._simulator is not None:
            self._simulator.close()


def draw_place(bench: Bench, start: Start, stage: float, ctx: JobContext) -> Step:
    """One picture: the picture at once, as partial result, then with the classifier's answer."""
    step = Step(stage, bench.simulator.draw(start, [stage])[0])
    ctx.partial(step)
    ctx.check()
    return bench.judge((step,), ctx)[0]


def draw_strip(bench: Bench, start: Start, count: int, ctx: JobContext) -> tuple[Step, ...]:
    """Pictures along the whole axis: first without answers, as partial result, then with them."""
    steps = bench.simulator.steps(start, count, ctx)
    ctx.partial(steps)
    return bench.judge(steps, ctx)


def export(strip: Strip, target: Path, images: tuple[Path, ...]) -> Path:
    """Write a strip as PNG or GIF, by the ending of its name.

    Raises:
        UsageError: it would replace one of the `images` that are open.
        OutputUnwritable: it cannot be written.
    """
    if is_one_of(target, images):
        raise UsageError("That would replace an image.", hint="Choose another name.")
    (write_strip_gif if target.suffix.lower() == ".gif" else write_strip_png)(target, strip)
    return target
