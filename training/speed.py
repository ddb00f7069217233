"""How fast exported graphs are, told as ratios: seconds of one machine mean nothing on another."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lungviewer.core.job import JobContext
from training.runtime import OnnxModel

ROUNDS = 9


def speed_ratios(
    graphs: Mapping[str, bytes], reference: bytes, images: npt.NDArray[np.uint8], ctx: JobContext
) -> dict[str, float]:
    """Images a second of every graph as a multiple of the reference's, one thread each."""
    other = OnnxModel(reference, threads=1)
    found = {}
    for done, (name, graph) in enumerate(graphs.items(), 1):
        found[name] = speed_ratio(other, OnnxModel(graph, threads=1), images, ctx)
        ctx.progress(done, len(graphs), "Speed of the graphs")
    return found


def speed_ratio(
    reference: OnnxModel, model: OnnxModel, images: npt.NDArray[np.uint8], ctx: JobContext
) -> float:
    """How many times as fast as the reference a model is: the median over rounds in which both take turns,
    so that a machine that is busy elsewhere is fair to both."""
    ratios = []
    for _ in range(ROUNDS + 1):
        ctx.check()
        ratios.append(_seconds(reference, images) / max(_seconds(model, images), 1e-9))
    return float(np.median(ratios[1:]))  # the first round warms up


def _seconds(model: OnnxModel, images: npt.NDArray[np.uint8]) -> float:
    started = time.perf_counter()
    model.predict(images)
    return time.perf_counter() - started
