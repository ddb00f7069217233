"""What the tiles of a slide say together, by a rule that can be repeated by hand.

**The rule.** Only tiles that were not refused count, each with the tissue that it alone stands for; together
they are the analysed tissue.

1. No call is made when nothing was analysed, when more than half of the tissue that was looked at was refused
   (`MOST_REFUSED_SHARE`), or when less than 0.5 mm² was analysed (`LITTLE_MM2`).
2. The slide is called tumour when tiles called a tumour class cover at least a quarter of the analysed tissue
   (`TUMOUR_SHARE`), or when such tiles that touch side by side cover at least 0.5 mm² together (`GROUP_MM2`);
   and then the tumour class with the largest area.
3. It is called the other class with the largest area when tumour tiles cover less than 5 % of the analysed
   tissue (`CLEAR_SHARE`) and no group of touching ones reaches 0.15 mm² (`CLEAR_GROUP_MM2`).
4. In between no call is made: a person must look.

Areas, shares and places are told whether there is a call or not.

**Why these figures.** The shipped pack publishes how often it calls benign tissue tumour: never on 290 home
tiles (95 % interval of the recall from 88 %, as they come from few originals), on the one foreign set with
benign tissue 12 of 71 tiles if nothing is refused (17 %), 1 of 19 after refusals (`external` in its
evaluation/metrics.json). A quarter lies above all of these. Strays that know nothing of each other touch by
chance: among 20,000 tiles the largest such group was 0.12 mm² at 5 % strays and 0.35 mm² at 17 %, in a
hundred slides each (`python -m benchmarks.slide_rule`). 0.5 mm² lies above both; what is called benign may
have no more than strays of 5 % leave. The margins are a judgement: no labelled slide was at hand, and a
benign structure that is called tumour makes neighbours, not strays. Benign slides with more strays than 5 %,
as that foreign set's, get no call and cost a look; a tumour that is called benign would cost more. Of less
than 0.5 mm² single tiles would decide, and where most was refused, the rest speaks for what the model could
read, not for the slide.

A slide never passes without a word about what stands against its call: any tumour tile of a slide called
otherwise is told, and a tumour that only its touching tiles gave away is told as small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungviewer.core.model import ClassSpec, ModelSpec, Role
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tally import Tally, share_of, tally
from lungviewer.core.slide_tile import UNREADABLE, SlideTile
from lungviewer.core.types import SLIDE, ImageRecord, Status

TUMOUR_SHARE = 0.25
"""Of the analysed tissue."""

GROUP_MM2 = 0.5
"""A group of touching tumour tiles from this area on makes a tumour; about 0.8 mm across if it is round."""

CLEAR_SHARE = 0.05
"""Of the analysed tissue: from this share of tumour on nothing else is called."""

CLEAR_GROUP_MM2 = 0.15
"""From this group of touching tumour tiles on nothing else is called."""

MOST_REFUSED_SHARE = 0.5
"""Of the tissue that was looked at; above it there is no call."""

LITTLE_MM2 = 0.5
"""With less analysed tissue no group could make a tumour, and single tiles would decide the share."""

SECOND_TUMOUR_SHARE = 0.25
"""Of the tumour area. On foreign slides of one tumour alone, 10 to 32 % of tiles are called the other one."""

GROUPED_SHARE = 0.5
"""Of the tumour area: a tumour without a group of this share, or of `GROUP_MM2`, is scattered."""

UNSURE_SHARE = 0.25
PARTLY_REFUSED_SHARE = 0.25
"""Shares of area above which a slide says so."""

NOT_FINISHED = "not_finished"
"""Reason of a slide some of whose tiles were not looked at yet; it comes first."""

MOSTLY_REFUSED = "mostly_refused"
LITTLE_TISSUE = "little_tissue"
TUMOUR_UNCLEAR = "tumour_unclear"
"""Reasons why a slide has no call."""

REFUSED_AS = "refused_as_"
"""What stands before a tile's reason when it is the commonest one of a slide without a call."""

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SlideSummary:
    """Areas in mm², shares 0–1.

    `class_mm2` and `class_share` (of the analysed tissue) are by class id; `tumour_share` is None while
    nothing was analysed. `refused_share` is of all tissue that was looked at; `refused` counts refused tiles
    by their decisive reason. `probabilities` are means over analysed tiles, weighted by their tissue; empty
    while nothing was analysed. `predicted` is None unless the answer is a call. `group_mm2`: the largest
    group of touching tiles that were called a tumour class. `leading`: the class whose places a person should
    see first, which is the call; without one the largest tumour class, if any tile was called so, else the
    largest; None while nothing was analysed. No confidence: none was ever measured for slides.
    """

    status: Status
    reasons: tuple[str, ...]
    predicted: str | None
    probabilities: Mapping[str, float]
    tissue_mm2: float
    analysed_mm2: float
    class_mm2: Mapping[str, float]
    class_share: Mapping[str, float]
    tumour_share: float | None
    refused_share: float | None
    refused: Mapping[str, int]
    tiles: int
    tiles_refused: int
    group_mm2: float = 0.0
    leading: str | None = None


def rule_sentence(spec: ModelSpec) -> str:
    """The rule in a few sentences, for panel, report and run metadata."""
    return rule_of(spec.classes)


def rule_of(classes: Iterable[ClassSpec]) -> str:
    """The rule in a few sentences for some classes."""
    tumours = [c.label for c in classes if c.role is Role.TUMOUR]
    no_call = (
        f"No call is made when more than {_percent(MOST_REFUSED_SHARE)} of the tissue that was looked at was "
        f"refused, or when less than {LITTLE_MM2:g}\u00a0mm² was analysed."
    )
    if not tumours:
        return f"{no_call} A slide is called the class with the largest area; refused tiles do not count."
    called = tumours[0] if len(tumours) == 1 else f"the larger of {' and '.join(tumours)}"
    return (
        f"{no_call} A slide is called {called} when tumour tiles cover at least {_percent(TUMOUR_SHARE)} of "
        f"the analysed tissue, or when tumour tiles that touch cover at least {GROUP_MM2:g}\u00a0mm² "
        "together. It is called the other class with the largest area when tumour tiles cover less than "
        f"{_percent(CLEAR_SHARE)} and no group of them that touch reaches {CLEAR_GROUP_MM2:g}\u00a0mm². In "
        "between no call is made; refused tiles do not count."
    )


def tells_share(record: ImageRecord) -> bool:
    """Whether a slide's share of tumour is an answer: it has a call, or none because of this share. Of little
    or mostly refused tissue it is a figure among others."""
    known = record.kind == SLIDE and record.tumour_share is not None
    return known and (bool(record.predicted_class) or TUMOUR_UNCLEAR in record.reason.split("; "))


def _percent(share: float) -> str:
    return f"{share * 100:.0f}\u00a0%"


def summarise(
    tiles: Iterable[SlideTile],
    areas_mm2: Sequence[float] | _Values,
    spec: ModelSpec,
    *,
    grid: TileGrid,
    tissue_mm2: float,
    doubts: tuple[str, ...] = (),
    pending: int = 0,
) -> SlideSummary:
    """Put the answers for a slide's tiles together, by the rule above. The order of tiles does not matter.

    Args:
        areas_mm2: tissue that belongs to each tile alone, by number (`TissueMap.areas_mm2`).
        grid: where the tiles lie, so that neighbours are known.
        doubts: reasons, known from outside, for which any call asks for review.
        pending: tiles that were not looked at yet; while there are any, the slide asks for review.
    """
    seen = tally(tiles, np.asarray(areas_mm2, np.float64), spec, grid)
    called = _call(seen, spec)
    if called is None:
        reasons = _why_refused(seen, pending)
    else:
        own = spec.standing_doubts
        reasons = (*doubts, *_grey_zones(seen, called, spec), *own, "slide_not_validated")
    if pending:
        reasons = (NOT_FINISHED, *reasons)
    return SlideSummary(
        status=Status.REFUSED if called is None else Status.REVIEW,
        reasons=tuple(dict.fromkeys(reasons)),
        predicted=called,
        probabilities=seen.probabilities,
        tissue_mm2=float(tissue_mm2),
        analysed_mm2=seen.analysed_mm2,
        class_mm2=seen.class_mm2,
        class_share={c: share_of(area, seen.analysed_mm2) or 0.0 for c, area in seen.class_mm2.items()},
        tumour_share=seen.tumour_share,
        refused_share=seen.refused_share,
        refused=seen.refused,
        tiles=seen.calls + sum(seen.refused.values()),
        tiles_refused=sum(seen.refused.values()),
        group_mm2=seen.group_mm2,
        leading=called or _leading(seen, spec),
    )


# --- the rule ----------------------------------------------------------------------------------------


def _call(seen: Tally, spec: ModelSpec) -> str | None:
    if not seen.analysed_mm2 > 0 or _mostly_refused(seen) or _little(seen):
        return None
    found = _is_tumour(seen)
    if not found and not _is_clear(seen):
        return None
    side = [c.id for c in spec.classes if (c.role is Role.TUMOUR) is found]
    return max(side, key=lambda class_id: seen.class_mm2[class_id])


def _leading(seen: Tally, spec: ModelSpec) -> str | None:
    tumours = {c.id for c in spec.classes if c.role is Role.TUMOUR}
    covered = [class_id for class_id in spec.class_ids if seen.class_mm2[class_id] > 0]
    return max(covered, key=lambda c: (c in tumours, seen.class_mm2[c]), default=None)


def _mostly_refused(seen: Tally) -> bool:
    return not seen.calls or _exceeds(seen.refused_share or 0.0, MOST_REFUSED_SHARE)


def _little(seen: Tally) -> bool:
    return not _reaches(seen.analysed_mm2, LITTLE_MM2)


def _is_tumour(seen: Tally) -> bool:
    return _reaches(seen.tumour_share or 0.0, TUMOUR_SHARE) or _reaches(seen.group_mm2, GROUP_MM2)


def _is_clear(seen: Tally) -> bool:
    share = _reaches(seen.tumour_share or 0.0, CLEAR_SHARE)
    return not share and not _reaches(seen.group_mm2, CLEAR_GROUP_MM2)


def _reaches(value: float, threshold: float) -> bool:
    """At least the threshold, as a person would reckon: sums of areas miss it by 1e-16."""
    return value >= threshold * (1 - 1e-9)


def _exceeds(value: float, threshold: float) -> bool:
    """More than the threshold, as a person would reckon."""
    return value > threshold * (1 + 1e-9)


def _why_refused(seen: Tally, pending: int) -> tuple[str, ...]:
    """Why there is no call, the weightiest first. While tiles are pending, little tissue is no finding."""
    if not seen.calls and not seen.refused:
        return () if pending else ("no_tissue",)
    reasons: list[str] = []
    if _mostly_refused(seen):
        reasons += [MOSTLY_REFUSED, *(REFUSED_AS + code for code in seen.commonest[:1] if code != UNREADABLE)]
    if seen.calls and _little(seen) and not pending:
        reasons.append(LITTLE_TISSUE)
    unclear = not (_mostly_refused(seen) or _little(seen))
    reasons += [TUMOUR_UNCLEAR] if unclear else _stray_tumour(seen)
    return (*reasons, *_doubts_of_tissue(seen))


def _stray_tumour(seen: Tally) -> tuple[str, ...]:
    if not seen.tumour_tiles:
        return ()
    return ("tumour_focus",) if seen.touching else ("tumour_tiles",)


def _grey_zones(seen: Tally, called: str, spec: ModelSpec) -> tuple[str, ...]:
    """What stands against the call, the weightiest first."""
    reasons: list[str] = []
    if spec.class_by_id(called).role is Role.TUMOUR:
        if not _reaches(seen.tumour_share or 0.0, TUMOUR_SHARE):
            reasons.append("small_tumour")
        elif not _reaches(seen.group_mm2, min(GROUP_MM2, GROUPED_SHARE * seen.tumour_mm2)):
            reasons.append("scattered_tumour")
        others = [c.id for c in spec.classes if c.role is Role.TUMOUR and c.id != called]
        if any(_reaches(seen.class_mm2[c], SECOND_TUMOUR_SHARE * seen.tumour_mm2) for c in others):
            reasons.append("two_tumour_classes")
    else:
        reasons += _stray_tumour(seen)
    return (*reasons, *_doubts_of_tissue(seen))


def _doubts_of_tissue(seen: Tally) -> tuple[str, ...]:
    reasons: list[str] = []
    if not _mostly_refused(seen) and _exceeds(seen.refused_share or 0.0, PARTLY_REFUSED_SHARE):
        reasons.append("partly_refused")
    if seen.refused.get(UNREADABLE):
        reasons.append(UNREADABLE)
    if seen.unsure_mm2 > UNSURE_SHARE * seen.analysed_mm2:
        reasons.append("unsure_tiles")
    return tuple(reasons)
