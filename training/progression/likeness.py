"""How much drawn slices as a set are like real ones: Fréchet distance, precision, recall, spread, copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.metrics import few_of_each_group, group_rows
from training.progression.eyes import Seen
from training.progression.figures import Figure, latents, over_units, single
from training.progression.frechet import Plane, Points, frechet_distance
from training.progression.neighbours import (
    NEIGHBOURS,
    mean_pairwise,
    nearest,
    precision_recall,
    share_nearer,
)
from training.progression.settings import STAGES
from training.progression.slices import Slices

DIRECTIONS = 32
PER_GROUP = 4
"""Slices of a group that count, where groups are compared as sets: the next slice is almost the same."""
HALVES = 20


@dataclass(frozen=True, slots=True)
class Sides:
    """Training and held-out slices with what the CT pack sees in them, in the leading directions of the
    former, and drawn ones: stage position → K×directions."""

    training: Slices
    held_out: Slices
    training_points: Points
    held_out_points: Points
    drawn: Mapping[float, Points]
    kept: float


def project(
    training: Slices, seen: Seen, held_out: Slices, seen_held: Seen, drawn: Mapping[float, Seen]
) -> Sides:
    """All embeddings in the `DIRECTIONS` in which those of the training slices vary most."""
    plane = Plane(seen.embedding, DIRECTIONS)
    points = {stage: plane(found.embedding) for stage, found in drawn.items()}
    return Sides(training, held_out, plane(seen.embedding), plane(seen_held.embedding), points, plane.kept)


def likeness(sides: Sides) -> list[Figure]:
    """Fréchet distance, precision and recall of all stages together, and of each; beside them what training
    slices reach against the same held-out ones, and halves of the training groups against each other."""
    figures = _against_held_out(sides, None, "")
    figures.append(_halves(sides))
    for stage in STAGES:
        figures += _against_held_out(sides, stage.position, f"{stage.id}: ")
    return figures


def _against_held_out(sides: Sides, stage: float | None, prefix: str) -> list[Figure]:
    wanted = [s.position for s in STAGES] if stage is None else [stage]
    rows = np.flatnonzero(np.isin(sides.held_out.stages, wanted))
    held, groups = sides.held_out_points[rows], sides.held_out.groups[rows]
    # As many of each stage as were held out: a sample's size is part of a Fréchet distance.
    counts = {s: int((sides.held_out.stages[rows] == s).sum()) for s in wanted}
    drawn = np.concatenate([_repeat(sides.drawn[s], n) for s, n in counts.items()])
    known = np.concatenate([_training(sides, s, n) for s, n in counts.items()])

    def statistic(chosen: npt.NDArray[np.intp]) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        distinct = np.unique(chosen)  # a repeated point would have no reach
        for name, points in (("drawn", drawn), ("training slices", known)):
            found[f"Fréchet distance, {name}"] = frechet_distance(held[chosen], points)
            if len(distinct) > NEIGHBOURS and len(points) > NEIGHBOURS:
                precision, recall = precision_recall(held[distinct], points)
                found[f"precision, {name}"], found[f"recall, {name}"] = precision, recall
            else:
                found[f"precision, {name}"] = found[f"recall, {name}"] = None
        return found

    return over_units(groups, "groups", statistic, prefix)


def _repeat(points: Points, count: int) -> Points:
    return points[np.arange(count) % len(points)]


def _training(sides: Sides, stage: float, count: int) -> Points:
    rows = np.flatnonzero(sides.training.stages == stage)
    few = rows[few_of_each_group(sides.training.groups[rows], PER_GROUP)]
    chosen = few if len(few) >= count else rows
    spread_out: Points = sides.training_points[chosen[np.linspace(0, len(chosen) - 1, count).astype(int)]]
    return spread_out


def _halves(sides: Sides) -> Figure:
    """The distance that two halves of the training groups have from one another."""
    groups = group_rows(sides.training.groups)
    random = np.random.default_rng(0)
    found = []
    for _ in range(HALVES):
        order = random.permutation(len(groups))
        one, other = (
            np.concatenate([groups[i] for i in part])
            for part in (order[: len(order) // 2], order[len(order) // 2 :])
        )
        found.append(frechet_distance(sides.training_points[one], sides.training_points[other]))
    name = f"Fréchet distance, two halves of the training groups (mean of {HALVES})"
    return single(name, float(np.mean(found)), len(sides.training), len(groups), "groups")


def spread(sides: Sides) -> list[Figure]:
    """Mean distance between two drawn slices of one stage, and between two training slices of it."""
    figures = []
    for stage in STAGES:
        points = sides.drawn[stage.position]

        def drawn(rows: npt.NDArray[np.intp], points: Points = points) -> dict[str, float | None]:
            return {"mean distance between two drawn": mean_pairwise(points[np.unique(rows)])}

        figures += over_units(latents(len(points)), "latents", drawn, f"{stage.id}: ")
        rows = np.flatnonzero(sides.training.stages == stage.position)
        few = rows[few_of_each_group(sides.training.groups[rows], PER_GROUP)]
        value = mean_pairwise(sides.training_points[few])
        units = len(np.unique(sides.training.groups[few]))
        figures.append(
            single(f"{stage.id}: mean distance between two real", value, len(few), units, "groups")
        )
    return figures


def memory(sides: Sides) -> list[Figure]:
    """Whether drawn slices are nearer to training slices than new patients' are."""
    drawn = np.concatenate([sides.drawn[s.position] for s in STAGES])
    people = np.tile(latents(len(drawn) // len(STAGES)), len(STAGES))
    held, known = sides.held_out_points, sides.training_points

    def ours(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        return {
            "share of drawn nearer to a training slice than 95 % of held out": share_nearer(
                drawn[rows], held, known
            ),
            "median distance to the nearest training slice, drawn": float(
                np.median(nearest(drawn[rows], known)[0])
            ),
        }

    def theirs(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        apart = nearest(held[rows], known)[0]
        return {"median distance to the nearest training slice, held out": float(np.median(apart))}

    groups = sides.held_out.groups
    return [*over_units(people, "latents", ours), *over_units(groups, "groups", theirs)]
