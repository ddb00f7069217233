"""Measure a simulator: against held-out groups, along its axis, and by what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.job import JobContext
from training.progression.axis import correlation, outline_overlap, rise
from training.progression.eyes import Eyes, Seen
from training.progression.figures import Figure, latents, over_units
from training.progression.likeness import likeness, memory, project, spread
from training.progression.neighbours import nearest
from training.progression.runtime import Simulator
from training.progression.settings import STAGES
from training.progression.sheets import places, png
from training.progression.slices import Grey, Slices

LATENTS = 128
PLACES = 9
"""Along the axis; the stages themselves must be among them."""
FLAT = 16
"""Side to which slices are shrunk to be compared by their pixels."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures by section, and PNG sheets by name. Those of `own` hold no real slice."""

    sections: Mapping[str, list[Figure]]
    own: Mapping[str, bytes]
    with_real: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Along:
    """K starts along the axis: `pictures` K×T×S×S, and what is seen in them, in the same order."""

    pictures: Grey
    seen: Seen

    @property
    def curves(self) -> npt.NDArray[np.float64]:
        return self.seen.malignant.reshape(self.pictures.shape[:2])

    def at(self, index: int) -> Seen:
        count, steps = self.pictures.shape[:2]
        return self.seen.take(np.arange(count) * steps + index)


def evaluate(
    simulator: Simulator,
    eyes: Eyes,
    training: Slices,
    held_out: Slices,
    ctx: JobContext,
    count: int = LATENTS,
    seed: int = 1,
) -> Evaluation:
    """All figures of a simulator.

    Args:
        eyes: the CT pack that judges; its held-out groups should be these too.
        training: what the simulator learned from.
        held_out: slices of groups that nobody learned from.
        count: how many made-up people are drawn, each at `PLACES` places.

    Raises:
        Cancelled: between two batches.
    """
    axis = places(PLACES)
    latent = np.random.default_rng(seed).standard_normal((count, simulator.latent), np.float32)
    drawn = _along(simulator, eyes, latent, axis, ctx, "Looking at drawn slices")
    code, guessed = simulator.encode(held_out.pixels)
    moved = _along(simulator, eyes, code, axis, ctx, "Looking at held-out slices along the axis")
    back = simulator.draw(code, held_out.stages)
    seen = eyes.look(training.pixels, ctx, "Looking at training slices")
    seen_held = eyes.look(held_out.pixels, ctx, "Looking at held-out slices")
    index = {s.position: int(np.argmin(np.abs(axis - s.position))) for s in STAGES}
    sides = project(training, seen, held_out, seen_held, {p: drawn.at(i) for p, i in index.items()})
    people, groups = latents(count), held_out.groups
    sections = {
        f"Likeness to held-out slices ({len(sides.held_out_points[0])} directions of the CT pack's "
        f"embedding, {sides.kept:.0%} of its variance)": likeness(sides),
        "Spread": spread(sides),
        "Copies": memory(sides),
        "Malignant probability along the axis, made-up people": [
            *over_units(people, "latents", lambda rows: rise(drawn.curves[rows])),
            *_by_stage(drawn, index, people, "latents"),
        ],
        "Malignant probability along the axis, from held-out slices": over_units(
            groups, "groups", lambda rows: rise(moved.curves[rows])
        ),
        "Malignant probability of held-out slices themselves": _real_by_stage(seen_held, held_out),
        "What stays along the axis": [
            *_identity(drawn.pictures, people, "latents", "made-up: "),
            *_identity(moved.pictures, groups, "groups", "held out: "),
        ],
        "Slices given back": _inversion(back, held_out, training, guessed),
    }
    return Evaluation(sections, _own_sheets(drawn), _real_sheets(moved, drawn, held_out, training, back))


def _along(
    simulator: Simulator, eyes: Eyes, latent: FloatArray, axis: FloatArray, ctx: JobContext, text: str
) -> _Along:
    pictures = simulator.draw_along(latent, axis)
    return _Along(pictures, eyes.look(pictures.reshape(-1, *pictures.shape[2:]), ctx, text))


def _by_stage(
    drawn: _Along, index: Mapping[float, int], units: npt.NDArray[np.str_], unit: str
) -> list[Figure]:
    """What the CT pack says of slices drawn at each stage."""

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for place, stage in enumerate(STAGES):
            seen = drawn.at(index[stage.position]).take(rows)
            found[f"drawn {stage.id}: malignant probability"] = float(seen.malignant.mean())
            called = seen.stages.argmax(axis=1) == place
            found[f"drawn {stage.id}: called {stage.id}"] = float(called.mean())
        return found

    return over_units(units, unit, statistic)


def _real_by_stage(seen: Seen, held_out: Slices) -> list[Figure]:
    figures = []
    for place, stage in enumerate(STAGES):
        rows = np.flatnonzero(held_out.stages == stage.position)

        def statistic(
            chosen: npt.NDArray[np.intp], rows: npt.NDArray[np.intp] = rows, place: int = place
        ) -> dict[str, float | None]:
            own = seen.take(rows[chosen])
            called = own.stages.argmax(axis=1) == place
            return {"malignant probability": float(own.malignant.mean()), "called so": float(called.mean())}

        figures += over_units(held_out.groups[rows], "groups", statistic, f"real {stage.id}: ")
    return figures


def _identity(pictures: Grey, units: npt.NDArray[np.str_], unit: str, prefix: str) -> list[Figure]:
    """How like the two ends of the axis are; beside it how like two different people at one end are."""
    first, last = pictures[:, 0], pictures[:, -1]
    other = np.roll(last, len(last) // 2, axis=0)
    each = {
        "pixel correlation from end to end": correlation(first, last),
        "pixel correlation with another's end": correlation(first, other),
        "outline overlap from end to end": outline_overlap(first, last),
        "outline overlap with another's end": outline_overlap(first, other),
        "mean grey difference from end to end": _grey_difference(first, last),
    }
    return over_units(
        units, unit, lambda rows: {name: float(v[rows].mean()) for name, v in each.items()}, prefix
    )


def _grey_difference(one: Grey, other: Grey) -> npt.NDArray[np.float64]:
    return np.asarray(np.abs(one.astype(np.float64) - other).mean(axis=(1, 2)))


def _inversion(back: Grey, held_out: Slices, training: Slices, guessed: FloatArray) -> list[Figure]:
    """How far slices of new groups come back, beside the training slice that is most like each."""
    _, which = nearest(_flat(held_out.pixels), _flat(training.pixels))
    likest = training.pixels[which]
    each = {
        "mean grey difference, given back": _grey_difference(held_out.pixels, back),
        "mean grey difference, most similar training slice": _grey_difference(held_out.pixels, likest),
        "pixel correlation, given back": correlation(held_out.pixels, back),
        "outline overlap, given back": outline_overlap(held_out.pixels, back),
        "encoder's distance from the true stage": np.abs(guessed - held_out.stages).astype(np.float64),
    }
    return over_units(
        held_out.groups, "groups", lambda rows: {name: float(v[rows].mean()) for name, v in each.items()}
    )


def _flat(pictures: Grey) -> npt.NDArray[np.float64]:
    """N×S×S as N×(FLAT²): shrunk, to be compared by pixels."""
    block = pictures.shape[1] // FLAT
    small = pictures.astype(np.float64).reshape(len(pictures), FLAT, block, FLAT, block)
    return np.asarray(small.mean(axis=(2, 4)).reshape(len(pictures), -1))


def _own_sheets(drawn: _Along) -> dict[str, bytes]:
    """Made-up people only: what a pack may carry."""
    every = slice(None, None, 2)
    return {"strips.png": png([list(row[every]) for row in drawn.pictures[:8]])}


def _real_sheets(
    moved: _Along, drawn: _Along, held_out: Slices, training: Slices, back: Grey
) -> dict[str, bytes]:
    """With real slices, for the person who trained: they stay in the run folder."""
    rows = np.concatenate(
        [
            np.flatnonzero(held_out.stages == s.position)[:: max(1, _of(held_out, s.position) // 3)][:3]
            for s in STAGES
        ]
    )
    every = slice(None, None, 2)
    strips = [[held_out.pixels[i], back[i], *moved.pictures[i][every]] for i in rows]
    made = drawn.pictures[:6].reshape(-1, *drawn.pictures.shape[2:])[:: PLACES // 2]
    _, which = nearest(_flat(made), _flat(training.pixels))
    beside = [[one, training.pixels[i], one, training.pixels[i]] for one, i in zip(made, which, strict=True)]
    pairs = [beside[i][:2] + beside[i + 1][:2] for i in range(0, len(beside) - 1, 2)]
    return {"given_back.png": png(strips), "nearest.png": png(pairs)}


def _of(slices: Slices, stage: float) -> int:
    return int((slices.stages == stage).sum())
