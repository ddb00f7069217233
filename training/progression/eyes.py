"""What a CT pack sees in pictures of a simulator's size: embeddings, and calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.geometry import Rect
from lungviewer.core.job import JobContext
from lungviewer.core.model import Role
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import calibrated_probabilities
from lungviewer.packs.loading import LoadedPack, load_pack
from training.errors import DataProblem
from training.progression.frechet import Points
from training.progression.settings import STAGES
from training.progression.slices import Grey
from training.runtime import OnnxModel

BATCH = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """Of N pictures: `embedding` N×D, calibrated `stages` N×3 in the order of the axis, and `malignant` N,
    the probability of all tumour classes."""

    embedding: Points
    stages: npt.NDArray[np.float64]
    malignant: npt.NDArray[np.float64]

    def take(self, rows: npt.NDArray[np.generic]) -> Seen:
        return Seen(self.embedding[rows], self.stages[rows], self.malignant[rows])


class Eyes:
    """A CT pack's network. Real and drawn pictures are shown to it in the same way: enlarged from the
    simulator's size to the pack's.

    Raises:
        DataProblem: the pack is of other images, or has other classes than the stages.
        PackError: see `lungviewer.packs.loading.load_pack`.
    """

    def __init__(self, path: Path) -> None:
        self.pack: LoadedPack = load_pack(path)
        spec = self.pack.spec
        if spec.modality != "ct" or {c.id for c in spec.classes} != {s.id for s in STAGES}:
            raise DataProblem(
                "A simulator is judged by a CT pack with the classes "
                f"{', '.join(s.id for s in STAGES)}, and this is none.",
                hint="Give such a pack with --pack.",
            )
        self._model = OnnxModel(self.pack.model, again_below=spec.input.again_below)
        ids = [c.id for c in spec.classes]
        self._order = [ids.index(stage.id) for stage in STAGES]
        self._tumours = [i for i, c in enumerate(spec.classes) if c.role is Role.TUMOUR]

    def look(self, pictures: Grey, ctx: JobContext, text: str) -> Seen:
        """All of some pictures, uint8 N×S×S.

        Raises:
            Cancelled: between two batches.
        """
        spec, side = self.pack.spec, pictures.shape[1]
        embeddings, probabilities = [], []
        for start in range(0, len(pictures), BATCH):
            ctx.check()
            colour = np.repeat(pictures[start : start + BATCH, :, :, None], 3, axis=3)
            whole = Rect(0, 0, side, side)
            raw = self._model.predict(np.stack([resize_field(p, spec.input.size, whole) for p in colour]))
            embeddings.append(raw.embedding)
            probabilities.append(calibrated_probabilities(raw.logits, spec.calibration.temperature))
            ctx.progress(min(start + BATCH, len(pictures)), len(pictures), text)
        shares = np.concatenate(probabilities).astype(np.float64)
        return Seen(np.concatenate(embeddings), shares[:, self._order], shares[:, self._tumours].sum(axis=1))
