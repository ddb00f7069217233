"""Run a simulator's graphs with ONNX Runtime on the CPU: what the viewer will draw, without the viewer."""

from __future__ import annotations

import numpy as np

from lungviewer.core.backend import FloatArray
from training.progression.slices import Grey
from training.runtime import OnnxGraph

BATCH = 32


class Simulator:
    """Generator and encoder of a simulator pack.

    Raises:
        BackendError: the runtime cannot load or run a graph.
    """

    def __init__(self, generator: bytes, encoder: bytes, latent: int) -> None:
        self.latent = latent
        self._generator, self._encoder = OnnxGraph(generator), OnnxGraph(encoder)

    def draw(self, latent: FloatArray, stage: FloatArray) -> Grey:
        """Coordinates N×Z at places N → pictures uint8 N×S×S."""
        parts = [slice(i, i + BATCH) for i in range(0, len(latent), BATCH)]
        drawn = [
            self._generator.run(["image"], {"latent": latent[part], "stage": stage[part]})[0]
            for part in parts
        ]
        return np.asarray(np.concatenate(drawn), np.uint8)

    def draw_along(self, latent: FloatArray, places: FloatArray) -> Grey:
        """Coordinates K×Z at each of T places → K×T×S×S."""
        drawn = self.draw(np.repeat(latent, len(places), 0), np.tile(places, len(latent)))
        return drawn.reshape(len(latent), len(places), *drawn.shape[1:])

    def encode(self, pictures: Grey) -> tuple[FloatArray, FloatArray]:
        """Pictures uint8 N×S×S → coordinates N×Z and places N."""
        parts = [pictures[i : i + BATCH] for i in range(0, len(pictures), BATCH)]
        found = [self._encoder.run(["latent", "stage"], {"image": part}) for part in parts]
        latent, stage = (np.concatenate(part) for part in zip(*found, strict=True))
        return np.asarray(latent, np.float32), np.asarray(stage, np.float32)
