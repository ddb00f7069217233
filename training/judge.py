"""Answer images exactly as the viewer would: same fields, same resize, same graph, same trust rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungviewer.core.geometry import plan_fields, plan_slice
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.outliers import OutlierModel, outlier_model
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import check_field, combine_fields, judge_fields
from lungviewer.core.types import Prediction, Status
from lungviewer.packs.loading import LoadedPack, load_pack
from training.runtime import OnnxModel

BATCH = 32


@dataclass(frozen=True)
class Judge:
    """A model with the rules of its pack."""

    spec: ModelSpec
    model: OnnxModel
    outlier: OutlierModel | None

    def answer(self, pixels: RGB, um_per_px: float | None) -> Prediction:
        """One image, covered with fields as the viewer covers it.

        Raises:
            ImageTooSmall, ImageTooLarge: no sensible cover.
        """
        size = self.spec.input.size
        width, height = pixels.shape[1], pixels.shape[0]
        if self.spec.modality == "ct":
            plan = plan_slice(width, height, self.spec.input)
        else:
            plan = plan_fields(width, height, um_per_px, self.spec.input)
        fields = np.stack([resize_field(pixels, size, rect) for rect in plan.fields])
        return combine_fields(self.fields(fields), self.spec, plan.doubts)

    def fields(self, fields: npt.NDArray[np.uint8]) -> list[Prediction]:
        """One answer per field of N×S×S×3."""
        limits, modality = self.spec.trust.checks, self.spec.modality
        found: list[Prediction] = []
        for start in range(0, len(fields), BATCH):
            part = fields[start : start + BATCH]
            failed = [check_field(field, limits, modality) for field in part]
            found += judge_fields(self.model.predict(part), failed, self.spec, self.outlier)
        return found

    def fields_at_once(self, fields: npt.NDArray[np.uint8]) -> Answers:
        """`fields` as arrays."""
        return answers(self.fields(fields), self.spec.class_ids)

    def images(
        self,
        pictures: Iterable[tuple[RGB, float | None]],
        total: int,
        ctx: JobContext | None = None,
        text: str = "Evaluating",
    ) -> Answers:
        """All of some pictures (pixels and µm/px)."""
        ctx = ctx or NullContext()
        found: list[Prediction] = []
        for pixels, um_per_px in pictures:
            ctx.check()
            found.append(self.answer(pixels, um_per_px))
            ctx.progress(len(found), total, text)
        return answers(found, self.spec.class_ids)


@dataclass(frozen=True)
class Answers:
    """Answers as arrays: calibrated `probabilities` N×C (refused ones too), `status` N, first `reason` N
    ("" when there is none), `trust_score` N (NaN when the pack has no score)."""

    probabilities: npt.NDArray[np.float64]
    status: npt.NDArray[np.str_]
    reason: npt.NDArray[np.str_]
    trust_score: npt.NDArray[np.float64]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.probabilities.max(axis=1))

    def is_status(self, status: Status) -> npt.NDArray[np.bool_]:
        return np.asarray(self.status == status.value)

    def __getitem__(self, rows: npt.NDArray[np.generic]) -> Answers:
        return Answers(self.probabilities[rows], self.status[rows], self.reason[rows], self.trust_score[rows])


def answers(predictions: Sequence[Prediction], class_ids: Sequence[str]) -> Answers:
    """Predictions as arrays, in order."""
    return Answers(
        np.array([[p.probabilities[c] for c in class_ids] for p in predictions], np.float64),
        np.array([p.status.value for p in predictions]),
        np.array([p.reasons[0] if p.reasons else "" for p in predictions]),
        np.array([np.nan if p.trust_score is None else p.trust_score for p in predictions], np.float64),
    )


def open_pack(path: Path, threads: int = 0) -> Judge:
    """Load and verify a pack, then its model.

    Raises:
        PackError: see `lungviewer.packs.loading.load_pack`.
    """
    return judge_of(load_pack(path), threads)


def judge_of(pack: LoadedPack, threads: int = 0) -> Judge:
    """The model of a pack that was loaded, with its rules."""
    model = OnnxModel(pack.model, threads, pack.spec.input.again_below)
    return Judge(pack.spec, model, outlier_model(pack.spec.trust.score, pack.trust))
