"""Label-preserving changes of a tile that stand for other laboratories, scanners and positions.

The order is that of the world: tissue lies somehow, is stained, lit, and then seen through optics and a
file. All randomness of a picture comes from the generator it is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from lungviewer.core.image import RGB
from training.augment import degrade, geometry, light, stain
from training.augment.scan import ScanAugment, ScanAugmenter
from training.augment.settings import AugmentSettings
from training.augment.stain import Stain
from training.data import decode, image_files
from training.errors import DataProblem

__all__ = [
    "AnyAugment",
    "AnyAugmenter",
    "AugmentSettings",
    "Augmenter",
    "Stain",
    "read_stains",
    "settings_for",
]

AnyAugment = AugmentSettings | ScanAugment


def settings_for(modality: str) -> AnyAugment:
    """How images of "histology" or "ct" are changed."""
    return ScanAugment() if modality == "ct" else AugmentSettings()


_HED_SHARE = 0.75
"""Of pictures that are not recoloured, the share whose stains are jittered."""
_HED_SHIFT = 0.05


class Augmenter:
    """Changes pictures of one side length.

    Args:
        stains: of other laboratories; without any, no picture is recoloured.
        home: the typical stain of the pictures' own laboratory; without it, only pictures whose own stain
            could be measured are recoloured.
    """

    def __init__(self, settings: AugmentSettings, stains: Sequence[Stain], home: Stain | None = None) -> None:
        self._settings, self._stains, self._home = settings, tuple(stains), home

    def __call__(self, pixels: RGB, source: Stain | None, random: np.random.Generator) -> RGB:
        """A new picture S×S×3 from one. `source` is its own stain, None where it could not be measured."""
        s = self._settings
        pixels = geometry.move(pixels, s.scale, s.shift, random)
        pixels = self._stained(pixels, source, random)
        if random.random() < s.rebalance:
            pixels = light.rebalance(pixels, s.white_spread, random)
        if random.random() < s.light:
            pixels = light.jitter_light(pixels, 1.0, random)
        if random.random() < s.grey:
            pixels = light.grey(pixels)
        if random.random() < s.degrade:
            pixels = degrade.degrade(pixels, random)
        return np.ascontiguousarray(pixels)

    def describe(self) -> dict[str, object]:
        """What a run saves: the settings and a checksum of the stains."""
        known = [*self._stains, *([self._home] if self._home else [])]
        numbers = b"".join(s.matrix.tobytes() + s.reach.tobytes() for s in known)
        return {
            **asdict(self._settings),
            "stains": len(self._stains),
            "stains_sha256": hashlib.sha256(numbers).hexdigest(),
        }

    def _stained(self, pixels: RGB, source: Stain | None, random: np.random.Generator) -> RGB:
        s = self._settings
        # From its own stain a picture loses what its colour says about its class; from its laboratory's it
        # keeps how it differs from its neighbours, as tissue does in any laboratory. Both happen.
        if source is None or random.random() < s.from_home:
            source = self._home or source
        if source is not None and self._stains and random.random() < s.recolour:
            other = self._stains[int(random.integers(len(self._stains)))]
            target = stain.perturbed(other, s.stain_spread, random)
            gain = np.exp(random.normal(0, s.gain_spread, 2)).astype(np.float32)
            return stain.recolour(pixels, source, target, gain)
        if random.random() < _HED_SHARE:
            return stain.jitter_hed(pixels, s.hed, _HED_SHIFT, random)
        return pixels


AnyAugmenter = Augmenter | ScanAugmenter


def read_stains(folder: Path) -> list[Stain]:
    """The stains of all images below a folder of unlabelled pictures, in the order of their names.

    Raises:
        DataProblem: there are no images, or none shows haematoxylin and eosin.
    """
    found = [stain.estimate_stain(decode(file.read_bytes())) for file in image_files(folder)]
    stains = [one for one in found if one is not None]
    if not stains:
        raise DataProblem(
            "No picture of the stain folder shows haematoxylin and eosin.",
            hint="Give a folder of H&E images of other laboratories with --stains.",
        )
    return stains
