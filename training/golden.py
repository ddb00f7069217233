"""A few drawn pictures and what the model answered: a machine on which they differ may not use the pack."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from training.runtime import OUTPUTS, OnnxModel
from training.trust_fit import Arrays, pack_arrays

COUNT = 4
INT8 = "int8_"
"""In front of what an eight-bit graph must give."""

# Roughly the colours of glass, eosin, haematoxylin and blood, so that the answers are not all alike.
_PALETTE = np.array([(244, 240, 242), (222, 150, 190), (120, 80, 160), (200, 60, 80)], np.float32)


def draw_golden_images(size: int) -> npt.NDArray[np.uint8]:
    """Four synthetic size×size RGB pictures: smooth colour fields with ellipses. No tissue of anybody."""
    return np.stack([_draw(size, seed) for seed in range(COUNT)])


def _draw(size: int, seed: int) -> npt.NDArray[np.uint8]:
    random = np.random.default_rng((2024, seed))
    mixture = random.dirichlet([0.6] * len(_PALETTE), (4, 4)).astype(np.float32) @ _PALETTE
    picture = cv2.resize(mixture, (size, size), interpolation=cv2.INTER_LINEAR)
    for _ in range(20 + 60 * seed):
        centre = tuple(int(v) for v in random.integers(0, size, 2))
        axes = tuple(int(v) for v in np.maximum(1, random.integers(size // 56, size // 16 + 2, 2)))
        colour = tuple(float(v) for v in _PALETTE[random.integers(1, 3)] * random.uniform(0.7, 1.1))
        cv2.ellipse(picture, centre, axes, float(random.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255).astype(np.uint8)


def golden_file(graph: bytes, size: int, int8: bytes | None = None) -> bytes:
    """golden.npz: `images`, and the `logits`, `cam`, `embedding` that ONNX Runtime gives on the CPU; with an
    eight-bit graph also its, as `int8_logits` and so on."""
    images = draw_golden_images(size)
    return golden_with_int8({"images": images, **_outputs("", graph, images)}, int8, size)


def golden_with_int8(arrays: Mapping[str, npt.NDArray[np.generic]], graph: bytes | None, size: int) -> bytes:
    """golden.npz with the `int8_logits` and so on of an eight-bit graph, or without any (None).

    Args:
        arrays: of the pack's golden.npz; images are drawn when it has none.
    """
    kept = {name: values for name, values in arrays.items() if not name.startswith(INT8)}
    images = np.asarray(kept["images"], np.uint8) if "images" in kept else draw_golden_images(size)
    rounded = {} if graph is None else _outputs(INT8, graph, images)
    return pack_arrays({**kept, "images": images, **rounded})


def _outputs(prefix: str, graph: bytes, images: npt.NDArray[np.uint8]) -> Arrays:
    raw = OnnxModel(graph).predict(images)
    return {prefix + name: getattr(raw, name) for name in OUTPUTS}
