"""The check of an explanation: hide the hottest area, run again, and see how the call moves.

A map that shows what the model uses must point at tissue that matters: without it the class should lose
more than without as much tissue elsewhere. Hiding a part and running again is from Zeiler & Fergus 2014
(Visualizing and understanding convolutional networks, ECCV, arXiv:1311.2901); hiding in the order of a map,
with random places as the control, from Samek et al. 2017 (Evaluating the visualization of what a deep
neural network has learned, IEEE TNNLS 28, 2660–2673, arXiv:1509.06321); that the answer depends on what is
put into the hole, from Fong & Vedaldi 2017 (Interpretable explanations of black boxes by meaningful
perturbation, ICCV, arXiv:1704.03296).

Into the hole goes the **coldest tissue of the same field**, cell by cell, in quarter turns, with soft
seams. Grey, the mean colour and blur are pictures that no microscope gives. Wherever they cover a fifth of
a tile of the training laboratory, the shipped model refuses 46 to 58 % of them as unlike tissue and its
answer moves by 31 to 34 points; with tissue of the same field 10 % are refused and the answer moves by 11.
For another laboratory it is 94 to 97 % and 25 to 28 points against 9 % and 7 (`benchmarks/occlusion.py`).

The controls have the shape of the hottest area, turned, mirrored and moved round the field. Scattered cells
would be no fair control: they cut up more tissue than one area of the same size.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray
from lungviewer.core.errors import UsageError
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.trust import check_field
from lungviewer.core.types import Status
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.services.classify import ImageResult, chunks
from lungviewer.services.ct_fields import as_model_sees
from lungviewer.services.engine import FieldResult, InferenceEngine
from lungviewer.services.prepare import cut_field
from lungviewer.services.regions import analysed_fields, rank_fields

DEFAULT_SHARE = 0.2
LARGEST_SHARE = 0.5
CONTROLS = 19
"""Below the lowest of 19 random places lies one place in twenty by chance alone."""

MOST_FIELDS = 6
"""Of an image of several fields: the strongest ones, so that the work is bounded (126 pictures)."""

MUCH, LITTLE = 0.10, 0.03
"""Loss of probability that counts as a move of the call, and as a move at all."""

FEW = 0.25
"""Share of random places that may take as much from a class as the hottest area, for the map to count."""

TOO_LOW = 0.20
"""A class that has less than this has nothing that could be taken from it."""

_OVERLAP = 0.5
_COLDEST = 0.3
_SEAM_PX = 4
_SEED = 20170529


class Verdict(StrEnum):
    """What the check found about the map."""

    USED = "used"  # the call moves, and further than for any random place
    PARTLY = "partly"  # it moves, and further than for most random places
    ANYWHERE = "anywhere"  # it moves, and many random places move it as far
    HARDLY = "hardly"
    TOO_LOW = "too_low"


@dataclass(frozen=True, slots=True)
class OcclusionCheck:
    """How the probability of `class_id` moves when the hottest `share` of the map is hidden.

    `before`, `after` and each of `controls` are calibrated probabilities (0–1), means over the `fields` that
    were looked at, of `fields_of` in the image. `refused` is the share of pictures with the hottest area
    hidden that would be refused: a warning that the hole itself speaks. `picture` S×S×3 is the strongest
    field with its area hidden, `hidden` h×w says which cells of it are, `rect` where it lies (level-0 px).
    """

    class_id: str
    share: float
    before: float
    after: float
    controls: tuple[float, ...]
    fields: int
    fields_of: int
    refused: float
    rect: Rect
    hidden: npt.NDArray[np.bool_]
    picture: RGB

    @property
    def control_mean(self) -> float:
        return sum(self.controls) / len(self.controls)

    @property
    def verdict(self) -> Verdict:
        if self.before < TOO_LOW:
            return Verdict.TOO_LOW
        drop = self.before - self.after
        if drop < LITTLE:
            return Verdict.HARDLY
        as_much = sum(control <= self.after for control in self.controls) / len(self.controls)
        if as_much == 0 and drop >= MUCH:
            return Verdict.USED
        if as_much <= FEW:
            return Verdict.PARTLY
        return Verdict.ANYWHERE if drop >= MUCH else Verdict.HARDLY


def check_explanation(
    path: Path,
    result: ImageResult,
    class_id: str,
    engine: InferenceEngine,
    *,
    share: float = DEFAULT_SHARE,
    controls: int = CONTROLS,
    um_per_px: float | None = None,
    isolated: IsolatedDecoder | None = None,
    ctx: JobContext | None = None,
) -> OcclusionCheck:
    """Hide the hottest `share` of each field's map of a class, and as the control areas of the same shape.

    Args:
        path: the image that `result` is about.
        result: what `classify_file` said about it with this engine.
        um_per_px: the person's own scale, as it was given to `classify_file`.

    Raises:
        UsageError: the image was refused, nothing speaks for the class, or the share is not 0–50 %.
        ImageError: the image cannot be read any more.
        Cancelled: `ctx` asked to stop.
    """
    context = ctx or NullContext()
    if not 0 < share <= LARGEST_SHARE:
        raise UsageError(f"The hidden share must lie between 0 and {LARGEST_SHARE:.0%}.")
    if result.record.status is Status.REFUSED:
        raise UsageError(
            "The image was refused: there is no call whose explanation could be checked.", hint=""
        )
    chosen = _strongest(path, result, class_id, engine, um_per_px, isolated, context)
    index = engine.spec.class_ids.index(class_id)
    rng = np.random.default_rng(_SEED)
    pictures: list[RGB] = []
    hottest = [hottest_cells(field.cam[index], share) for _, _, field in chosen]
    for (_, pixels, field), hidden in zip(chosen, hottest, strict=True):
        places = [hidden, *other_places(hidden, controls, rng)]
        pictures += [cover(pixels, place, field.cam[index]) for place in places]
    answers = _analyse(np.stack(pictures), engine, context)
    table = np.array([a.prediction.probabilities[class_id] for a in answers]).reshape(len(chosen), -1)
    hidden_answers = answers[:: table.shape[1]]
    means = table.mean(axis=0)
    return OcclusionCheck(
        class_id=class_id,
        share=float(np.mean([cells.mean() for cells in hottest])),
        before=float(np.mean([field.prediction.probabilities[class_id] for _, _, field in chosen])),
        after=float(means[0]),
        controls=tuple(float(value) for value in means[1:]),
        fields=len(chosen),
        fields_of=result.record.tiles or len(chosen),
        refused=sum(a.prediction.status is Status.REFUSED for a in hidden_answers) / len(chosen),
        rect=chosen[0][0],
        hidden=hottest[0],
        picture=pictures[0],
    )


_Chosen = tuple[Rect, RGB, FieldResult]


def _strongest(
    path: Path,
    result: ImageResult,
    class_id: str,
    engine: InferenceEngine,
    um_per_px: float | None,
    isolated: IsolatedDecoder | None,
    ctx: JobContext,
) -> list[_Chosen]:
    """The fields that speak most for the class and were not refused, looked at once more."""
    spec = engine.spec
    ranked = rank_fields(result.heatmaps[class_id], analysed_fields(result.record, spec))
    # Where fields overlap, a refused one ranks by its neighbours: twice as many, then, to choose from.
    rects = [rect for _, rect in ranked[: 2 * MOST_FIELDS]]
    with contextlib.closing(open_image(path, um_per_px, isolated=isolated)) as source:
        seen = as_model_sees(source, spec, result.record)
        fields = [cut_field(seen, rect, spec.input.size) for rect in rects]
    failed = [check_field(field, spec.trust.checks, spec.modality) for field in fields]
    answers = _analyse(np.stack(fields), engine, ctx, failed) if fields else []
    index = spec.class_ids.index(class_id)
    chosen = [
        (rect, pixels, answer)
        for rect, pixels, answer in zip(rects, fields, answers, strict=True)
        if answer.prediction.status is not Status.REFUSED and answer.cam[index].max() > 0
    ]
    if not chosen:
        raise UsageError("Nothing in the map speaks for this class.", hint="Choose another class.")
    return chosen[:MOST_FIELDS]


def _analyse(
    fields: npt.NDArray[np.uint8],
    engine: InferenceEngine,
    ctx: JobContext,
    failed: Sequence[str | None] | None = None,
) -> list[FieldResult]:
    answers: list[FieldResult] = []
    checks = failed or [None] * len(fields)
    for start, stop in chunks(len(fields)):
        ctx.check()
        answers += engine.analyse(fields[start:stop], checks[start:stop])
        ctx.progress(stop, len(fields))
    return answers


def hottest_cells(cam: FloatArray, share: float) -> npt.NDArray[np.bool_]:
    """True for the `share` of an h×w map's cells that are largest, at least one; ties in reading order."""
    count = max(1, round(share * cam.size))
    hidden = np.zeros(cam.size, np.bool_)
    hidden[np.argsort(-cam, axis=None, kind="stable")[:count]] = True
    return hidden.reshape(cam.shape)


def other_places(
    hidden: npt.NDArray[np.bool_], count: int, rng: np.random.Generator
) -> list[npt.NDArray[np.bool_]]:
    """`count` areas of the same shape elsewhere: turned, mirrored, moved round the edges, at most half of
    each in the area itself. They repeat when there are fewer such places."""
    shapes = [hidden, hidden[:, ::-1]]
    if hidden.shape[0] == hidden.shape[1]:
        shapes = [np.rot90(shape, k) for shape in shapes for k in range(4)]
    rows, columns = hidden.shape
    moved = {
        place.tobytes(): place
        for shape in shapes
        for dy in range(rows)
        for dx in range(columns)
        for place in [np.roll(shape, (dy, dx), (0, 1))]
        if (place & hidden).sum() <= _OVERLAP * hidden.sum()
    }
    places = [moved[key] for key in sorted(moved)]
    picked = rng.choice(len(places), count, replace=len(places) < count)
    return [places[i] for i in picked]


def cover(pixels: RGB, hidden: npt.NDArray[np.bool_], cam: FloatArray) -> RGB:
    """An S×S×3 field with the cells of `hidden` (h×w) painted over by the coldest others, by `cam` (h×w)."""
    rows, columns = hidden.shape
    size = pixels.shape[0]
    edges_y, edges_x = (np.linspace(0, size, n + 1).round().astype(int) for n in (rows, columns))
    free = np.flatnonzero(~hidden)
    coldest = free[np.argsort(cam.ravel()[free], kind="stable")][: max(1, round(_COLDEST * len(free)))]
    rng = np.random.default_rng(_SEED)
    filled = pixels.copy()
    for row, column in zip(*np.nonzero(hidden), strict=True):
        from_row, from_column = divmod(int(coldest[rng.integers(len(coldest))]), columns)
        patch = np.rot90(_cell(pixels, edges_y, edges_x, from_row, from_column), int(rng.integers(4)))
        hole = _cell(filled, edges_y, edges_x, row, column)
        # Cells differ by a pixel where the grid does not divide the field.
        hole[:] = cv2.resize(np.ascontiguousarray(patch), hole.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    inside = np.repeat(np.repeat(hidden, np.diff(edges_y), 0), np.diff(edges_x), 1).astype(np.uint8)
    weight = np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 3) / _SEAM_PX, 1)[..., None]
    return np.asarray((pixels * (1 - weight) + filled * weight).round(), np.uint8)


def _cell(pixels: RGB, edges_y: npt.NDArray[np.int_], edges_x: npt.NDArray[np.int_], y: int, x: int) -> RGB:
    return pixels[edges_y[y] : edges_y[y + 1], edges_x[x] : edges_x[x + 1]]
