"""The stages of a long job by name, so that whoever waits sees how much is left."""

from __future__ import annotations

from lungviewer.core.job import JobContext
from training.notes import Stage

READING = "Reading the images"
EMBEDDING = "Embedding the images"
TRAINING = "Training"
EXPORTING = "Exporting"
THRESHOLDS = "Choosing thresholds"
MEASURING = "Measuring"
WRITING = "Writing the pack"

ADAPT = (READING, EMBEDDING, TRAINING, THRESHOLDS, MEASURING, WRITING)
FIT = (READING, TRAINING, EXPORTING, THRESHOLDS, MEASURING, WRITING)


class Stages:
    """Tells a context which of some stages begins."""

    def __init__(self, ctx: JobContext, names: tuple[str, ...]) -> None:
        self._ctx, self._names = ctx, names

    def begin(self, name: str) -> None:
        """Say so; raises ValueError for a stage that is not one of them."""
        self._ctx.partial(Stage(self._names.index(name) + 1, len(self._names), name))
