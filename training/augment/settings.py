"""What augmentation may do and how often: one immutable record, saved with every run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """Chances are of one picture; they are chosen by the experiments in training/EXPERIMENTS.md.

    `scale`: smallest and largest magnification. `shift`: share of the side. `recolour`: chance of being
    moved to another laboratory's stains (of the rest, most get HED jitter); `stain_spread`: deviation of
    each entry of the target's matrix; `gain_spread`: log-deviation of the amounts; `from_home`: chance of
    starting from the laboratory's typical stain, not the picture's own. `hed`: relative change of each
    stain. `rebalance`: chance of a new white, `white_spread` its log-deviation per channel. `light`,
    `grey`, `degrade`: chances of other light, of no colour, of poorer detail.
    """

    scale: tuple[float, float] = (0.7, 1.4)
    shift: float = 0.08
    recolour: float = 0.85
    stain_spread: float = 0.15
    gain_spread: float = 0.25
    from_home: float = 0.25
    hed: float = 0.2
    rebalance: float = 1.0
    white_spread: float = 0.07
    light: float = 0.6
    grey: float = 0.15
    degrade: float = 1.0
