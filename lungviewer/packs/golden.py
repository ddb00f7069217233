"""Whether a machine computes what a pack says it must, on the few drawn pictures that the pack carries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import RawOutput

TOLERANCE = {"logits": 2e-2, "cam": 2e-2, "embedding": 5e-2}
"""Largest difference from a pack's stated outputs, relative to the largest stated value. Processors and
GPUs round differently (TF32 keeps ten bits); a wrong kernel or a damaged model is off by far more."""

INT8_TOLERANCE = {"logits": 0.1, "cam": 0.3, "embedding": 0.1}
"""The same for eight bits, where the last bit of a float decides between two whole numbers, in every layer
anew: float weights changed by a millionth move logits by 0.05, maps by 0.23 and embeddings by 0.06. A
processor whose sums overflow moves logits and embeddings by 0.15."""


def golden_images(golden: Mapping[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.uint8] | None:
    """The N×S×S×3 uint8 pictures of golden.npz; None when the pack has none."""
    if "images" not in golden:
        return None
    return np.ascontiguousarray(golden["images"], dtype=np.uint8)


def reproduces(
    golden: Mapping[str, npt.NDArray[np.generic]], raw: RawOutput, precision: str = "fp32"
) -> bool:
    """Whether `raw`, computed from the golden images, is what golden.npz states; unstated outputs pass."""
    prefix, tolerances = ("int8_", INT8_TOLERANCE) if precision == "int8" else ("", TOLERANCE)
    for name, tolerance in tolerances.items():
        if prefix + name not in golden:
            continue
        expected = golden[prefix + name].astype(np.float32)
        actual = getattr(raw, name)
        scale = float(np.abs(expected).max()) or 1.0
        # `not <=` also catches NaN.
        if actual.shape != expected.shape or not np.abs(actual - expected).max() <= tolerance * scale:
            return False
    return True
