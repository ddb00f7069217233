"""How a pack treats what it must not answer: other organs, other pictures, glass."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext
from lungviewer.core.types import Status
from training.augment.light import grey
from training.data import decode, image_files
from training.errors import DataProblem
from training.evaluate import reasons_of
from training.far_sets import OTHER_STAINS, photographs, restained, synthetic_glass
from training.judge import Answers, Judge
from training.metrics import FEWEST_GROUPS, bootstrap, evenly, group_count
from training.trust_fit import far_auroc

Record = dict[str, Any]
Scores = npt.NDArray[np.float64]

MOST = 120
"""Pictures taken of each set, evenly spread over it."""

NEAR_MARK = "near:"
"""In front of a set's name: stained tissue of other organs. Sets without it are far."""


@dataclass(frozen=True, slots=True)
class StrangeSet:
    """Pictures that are none of the classes. `near`: stained tissue all the same. `unit` says what the
    `groups` are: "group" where known, else "file". `drawn` ones need no folder."""

    name: str
    near: bool
    pictures: Sequence[RGB]
    groups: npt.NDArray[np.str_]
    unit: str
    drawn: bool = False


def strange_records(
    judge: Judge,
    folders: Mapping[str, Path],
    home: Answers,
    ctx: JobContext,
    home_groups: npt.NDArray[np.str_] | None = None,
    home_fields: npt.NDArray[np.uint8] | None = None,
) -> list[Record]:
    """`strange_record` for every folder, and for glass, photographs and other stains, which need none.

    Args:
        folders: by name; a name that begins with "near:" is tissue of another organ, others are far.
        home: the answers to the home test images.
        home_groups: their groups, for intervals.
        home_fields: n×S×S×3, one of each group, to be shown in other stains.

    Raises:
        DataProblem: a folder holds no images.
    """
    sets = [read_strange_set(name, folder) for name, folder in folders.items()]
    stained = judge.spec.modality == "histology" and judge.spec.stain == "H&E"
    sets += drawn_sets(judge.spec.input.size, home_fields if stained else None)
    if judge.spec.modality == "ct":
        # Colour alone gives them away; whether the model knows them for what they are is seen in grey.
        sets += [in_grey(one) for one in sets]
    return [strange_record(judge, one, home, ctx, home_groups) for one in sets]


def strange_record(
    judge: Judge,
    strange: StrangeSet,
    home: Answers,
    ctx: JobContext,
    home_groups: npt.NDArray[np.str_] | None = None,
) -> Record:
    """How a set that the model must not answer is scored and treated, against the home test images.

    `auroc` is of the strangeness score alone. In `auroc_with_checks` a picture that an image check refuses
    (glass, blur, pen, no colour) ranks above all others, as it does for whoever uses the pack.
    """
    home_scores, home_checked = home.trust_score, _fails_a_check(home)
    pictures = strange.pictures
    given = judge.images(((p, None) for p in pictures), len(pictures), ctx, f"Not lung: {strange.name}")
    scored = not np.isnan(given.trust_score).any()
    aurocs: Record = {"auroc": None, "auroc_interval": None, "auroc_with_checks": None}
    if scored:
        strangest = max(home_scores.max(), given.trust_score.max()) + 1
        shown = np.where(_fails_a_check(given), strangest, given.trust_score)
        home_shown = np.where(home_checked, strangest, home_scores)
        aurocs["auroc"] = far_auroc(home_scores, given.trust_score)
        aurocs["auroc_with_checks"] = far_auroc(home_shown, shown)
        if home_groups is not None:
            aurocs["auroc_interval"] = _interval(home_scores, home_groups, given.trust_score, strange.groups)
    return {
        "set": strange.name,
        "kind": "near" if strange.near else "far",
        "images": len(pictures),
        "groups": group_count(strange.groups),
        "unit": strange.unit,
        "drawn": strange.drawn,
        **aurocs,
        "refused": float(given.is_status(Status.REFUSED).mean()),
        "review": float(given.is_status(Status.REVIEW).mean()),
        "ok": float(given.is_status(Status.OK).mean()),
        "refused_for": reasons_of(given),
    }


def _fails_a_check(given: Answers) -> npt.NDArray[np.bool_]:
    return np.asarray(given.is_status(Status.REFUSED) & (given.reason != "unlike_training"))


def _interval(
    home: Scores, home_groups: npt.NDArray[np.str_], far: Scores, far_groups: npt.NDArray[np.str_]
) -> tuple[float, float] | None:
    """Resampling groups of both kinds together; None when the strange set has too few of its own."""
    if group_count(far_groups) < FEWEST_GROUPS:
        return None
    scores = np.concatenate([home, far])
    strange = np.arange(len(scores)) >= len(home)
    groups = np.concatenate([np.char.add("home ", home_groups), np.char.add("strange ", far_groups)])

    def statistic(rows: npt.NDArray[np.intp]) -> dict[str, float | None]:
        of_far = strange[rows]
        mixed = of_far.any() and not of_far.all()
        return {"auroc": far_auroc(scores[rows][~of_far], scores[rows][of_far]) if mixed else None}

    return bootstrap(groups, statistic)["auroc"]


# --- the sets ----------------------------------------------------------------------------------------


def read_strange_set(name: str, folder: Path) -> StrangeSet:
    """Up to `MOST` pictures of a folder. Groups are those of its manifest.csv (path,…,group), if any.

    Raises:
        DataProblem: it holds no images.
    """
    files = image_files(folder)
    if not files:
        raise DataProblem(f"The set {name!r} holds no images.")
    known = _groups_of(folder)
    names = [f.relative_to(folder).as_posix() for f in files]
    chosen = evenly(np.arange(len(files)), MOST)
    return StrangeSet(
        name.removeprefix(NEAR_MARK).strip(),
        name.startswith(NEAR_MARK),
        [decode(files[i].read_bytes()) for i in chosen],
        np.array([known.get(names[i], names[i]) for i in chosen]),
        "group" if known else "file",
    )


def _groups_of(folder: Path) -> dict[str, str]:
    try:
        with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
            return {
                row["path"]: row["group"]
                for row in csv.DictReader(stream)
                if row.get("path") and row.get("group")
            }
    except OSError:
        return {}


def drawn_sets(size: int, home_fields: npt.NDArray[np.uint8] | None) -> list[StrangeSet]:
    """Glass, photographs and, of home fields, other stains: all far."""
    glass, (crops, sources) = synthetic_glass(size), photographs(size)
    sets = [
        StrangeSet("glass (synthetic)", False, glass, _numbered(len(glass)), "file", drawn=True),
        StrangeSet("photographs (crops of 2)", False, crops, np.array(sources), "group", drawn=True),
    ]
    if home_fields is not None:
        some = home_fields[evenly(np.arange(len(home_fields)), MOST)]
        sets += [
            StrangeSet(name, False, restained(some, name), _numbered(len(some)), "group", drawn=True)
            for name in OTHER_STAINS
        ]
    return sets


def in_grey(strange: StrangeSet) -> StrangeSet:
    """The same pictures without their colour."""
    return replace(strange, name=f"{strange.name}, in grey", pictures=[grey(p) for p in strange.pictures])


def _numbered(count: int) -> npt.NDArray[np.str_]:
    return np.array([f"{i:04}" for i in range(count)])
