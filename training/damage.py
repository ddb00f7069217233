"""Damage of a kind and a severity, by what the pictures are: slides or CT slices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from training.corruptions import CORRUPTIONS, Corruption
from training.scan_corruptions import SCAN_CORRUPTIONS

SEVERITIES = (1, 2, 3, 4, 5)


def kinds_for(modality: str) -> Mapping[str, Corruption]:
    """The kinds that mean something for "histology" or for "ct", by name."""
    return SCAN_CORRUPTIONS if modality == "ct" else CORRUPTIONS


def corrupt(
    kind: str, severity: int, fields: npt.NDArray[np.uint8], seed: int, modality: str = "histology"
) -> npt.NDArray[np.uint8]:
    """One kind of damage on fields N×S×S×3, severity 1 to 5; the same seed gives the same pictures.

    A field keeps its direction (darker or brighter, larger or smaller) at every severity.

    Raises:
        KeyError: there is no such kind for the modality.
        ValueError: the severity is not one of 1 to 5.
    """
    kinds = kinds_for(modality)
    chosen, place = kinds[kind], list(kinds).index(kind)
    amount = chosen.amounts[SEVERITIES.index(severity)]
    return np.stack(
        [
            chosen.apply(field, amount, np.random.default_rng((seed, place, number)))
            for number, field in enumerate(fields)
        ]
    )
