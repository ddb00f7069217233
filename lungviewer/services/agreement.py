"""How often reviewers and program agree, over the images that were reviewed and no others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lungviewer.core.types import ImageRecord
from lungviewer.store.review_entry import OTHER, Action, ReviewEntry

_Z = 1.959964  # of a 95 % interval
_RESAMPLES = 2000
_FEWEST_FOR_INTERVAL = 10
_SEED = 20250131


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; the bounds are None where too few images allow none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts are images. Of `images` in the table, `reviewed` have a decision (`accepted` or
    `overridden`); for `compared` of them the program had made a call, and `agreed` have the same class.
    `elsewhere`: decided with another pack's answer in view. `read_first` images were given a class while
    the answer had not been shown since the program was started, and have a call, copies of one image counting
    once; of those `read_alike` have the same class."""

    images: int
    reviewed: int
    accepted: int
    overridden: int
    compared: int
    agreed: int
    elsewhere: int
    read_first: int
    read_alike: int
    share: Interval | None
    kappa: Interval | None


def decision(history: Sequence[ReviewEntry]) -> ReviewEntry | None:
    """The decision in force: the last acceptance or override."""
    return next((entry for entry in reversed(history) if entry.decides), None)


def first_read(history: Sequence[ReviewEntry]) -> ReviewEntry | None:
    """The first class that somebody gave without having been shown the answer, which follows every class
    that is given."""
    shown: set[str] = set()
    for entry in history:
        if entry.action == Action.FIRST_READ and entry.reviewer not in shown:
            return entry
        if entry.chosen:
            shown.add(entry.reviewer)
    return None


def agreement(records: Iterable[ImageRecord], reviews: Mapping[str, Sequence[ReviewEntry]]) -> Agreement:
    """Count, and estimate.

    Args:
        reviews: history by `path` of the records, oldest entry first; images without one may be missing.
    """
    images, decisions, pairs = 0, [], []
    reads: dict[str, tuple[str, str]] = {}
    elsewhere = 0
    for record in records:
        images += 1
        history = reviews.get(record.path, ())
        last, first = decision(history), first_read(history)
        if last is not None:
            decisions.append(last)
            elsewhere += last.pack_sha256 != record.model_sha256
            if record.predicted_class:
                pairs.append((last.chosen, record.predicted_class))
        if first is not None and record.predicted_class:
            reads.setdefault(first.hash, (first.chosen, record.predicted_class))
    accepted = sum(entry.action == Action.ACCEPT for entry in decisions)
    agreed = sum(a == b for a, b in pairs)
    return Agreement(
        images=images,
        reviewed=len(decisions),
        accepted=accepted,
        overridden=len(decisions) - accepted,
        compared=len(pairs),
        agreed=agreed,
        elsewhere=elsewhere,
        read_first=len(reads),
        read_alike=sum(a == b for a, b in reads.values()),
        share=wilson(agreed, len(pairs)) if pairs else None,
        kappa=kappa(tuple(reads.values())),
    )


def wilson(successes: int, trials: int) -> Interval:
    """A share with its score interval (Wilson 1927, J Am Stat Assoc 22:209–212)."""
    share, z2 = successes / trials, _Z**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def kappa(pairs: Sequence[tuple[str, str]]) -> Interval | None:
    """Agreement of two raters beyond chance (Cohen 1960, Educ Psychol Meas 20:37–46), one pair per image.

    The interval is the percentile bootstrap over images (Efron 1979), with a fixed seed. None when chance
    alone would agree always: both raters gave all images one class.
    """
    classes = {name: i for i, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    if len(classes) < 2:
        return None
    codes = np.array([(classes[a], classes[b]) for a, b in pairs])
    value = _kappa(codes, len(classes))
    if len(pairs) < _FEWEST_FOR_INTERVAL:
        return Interval(value, None, None)
    generator = np.random.default_rng(_SEED)
    draws = generator.integers(0, len(pairs), (_RESAMPLES, len(pairs)))
    values = np.array([_kappa(codes[draw], len(classes)) for draw in draws])
    low, high = np.quantile(values[np.isfinite(values)], (0.025, 0.975))
    return Interval(value, float(low), float(high))


def agreement_sentences(figures: Agreement) -> tuple[str, ...]:
    """The figures in words, each with what it is a share of; empty when nothing was reviewed."""
    lines: list[str] = []
    if figures.reviewed:
        lines.append(
            f"{figures.reviewed} of {figures.images} images were reviewed: {figures.accepted} answers "
            f"accepted, {figures.overridden} overridden. The figures below are about reviewed images only, "
            "which somebody chose; they say nothing about the others."
        )
    if figures.share is not None:
        lines.append(
            f"Reviewer and program agree on {figures.agreed} of {figures.compared} reviewed images for which "
            f"the program made a call: {_percent(figures.share)}. Reviewers had seen the answer."
        )
    if figures.elsewhere:
        lines.append(f"{figures.elsewhere} of the reviews were made with another model's answer in view.")
    if figures.read_first:
        beyond = "" if figures.kappa is None else f"; kappa {_plain(figures.kappa)}"
        lines.append(
            f"Blinded first reads: {figures.read_alike} of {figures.read_first} agree with the program's "
            f"call{beyond}. The answers had not been shown since the program was started; whether they were "
            "before is not known."
        )
    if figures.share is not None or figures.read_first:
        lines.append(
            "Intervals are 95 %: Wilson's for shares, for kappa the bootstrap over images. The unit is the "
            f"image; images of one patient are alike, so the truth is less certain. “{OTHER}” counts as a "
            "class of its own."
        )
    return tuple(lines)


def _kappa(codes: np.ndarray, classes: int) -> float:
    table = np.bincount(codes[:, 0] * classes + codes[:, 1], minlength=classes**2).reshape(classes, classes)
    share = table / len(codes)
    chance = float(share.sum(0) @ share.sum(1))
    return math.nan if chance == 1 else (float(np.trace(share)) - chance) / (1 - chance)


def _percent(figure: Interval) -> str:
    return f"{figure.value:.1%} (95 % interval {figure.low:.1%} to {figure.high:.1%})"


def _plain(figure: Interval) -> str:
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} (too few images for an interval)"
    return f"{figure.value:.2f} (95 % interval {figure.low:.2f} to {figure.high:.2f})"
