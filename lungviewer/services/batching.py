"""Several images through the model together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from lungviewer.services.classify import FIELDS_AT_ONCE, chunks
from lungviewer.services.engine import FieldResult, InferenceEngine
from lungviewer.services.prepare import PreparedImage

Part = tuple[PreparedImage, int]
"""One field of an image, by its number."""


def analyse_parts(parts: Sequence[Part], engine: InferenceEngine) -> list[FieldResult]:
    """Judge fields of any images in one go; at least one."""
    return engine.analyse(
        np.stack([image.fields[i] for image, i in parts]),
        [image.failed_checks[i] for image, i in parts],
    )


def analyse_together(
    images: Sequence[PreparedImage],
    engine: InferenceEngine,
    check: Callable[[], None],
    batch: int = FIELDS_AT_ONCE,
) -> list[tuple[list[FieldResult], float]]:
    """Results per image, and its share of the time in seconds; batches reach across images.

    Args:
        check: called before every batch of at most `batch` fields; may raise `Cancelled`.
    """
    flat: list[Part] = [(image, i) for image in images for i in range(len(image.fields))]
    results: list[FieldResult] = []
    started = time.perf_counter()
    for start, stop in chunks(len(flat), batch):
        check()
        results += analyse_parts(flat[start:stop], engine)
    each = (time.perf_counter() - started) / max(1, len(flat))
    shared = iter(results)
    return [(list(islice(shared, len(i.fields))), each * len(i.fields)) for i in images]
