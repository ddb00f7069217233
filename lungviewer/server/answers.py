"""From results to what goes over the wire."""

from __future__ import annotations

import base64
import math

import cv2
import numpy as np
import numpy.typing as npt

import lungviewer
from lungviewer.core.colourmap import colourise
from lungviewer.core.image import RGB
from lungviewer.core.note_sentences import sentence_of
from lungviewer.exporters.hatching import hatch_tile
from lungviewer.server.models import ServedModel
from lungviewer.server.problems import Problem
from lungviewer.server.schema import Answer, Failure, Overlay, Pack, PackClass, Reason
from lungviewer.services.classify import ImageResult
from lungviewer.services.reliability import how_often_right

_JPEG_QUALITY = 92


def answer_of(result: ImageResult, model: ServedModel, *, overlay: bool) -> Answer:
    """One image's answer; `overlay` asks for pictures of where it comes from."""
    record, spec = result.record, model.spec
    called = result.prediction.predicted
    single = called is not None and record.confidence is not None and record.tiles == 1
    return Answer(
        prediction=called,
        confidence=record.confidence,
        all_predictions=dict(record.probabilities),
        label=None if called is None else spec.class_by_id(called).label,
        status=record.status.value,
        reasons=[
            Reason(code=code, sentence=sentence_of(code)) for code in filter(None, record.reason.split("; "))
        ],
        how_often_right=how_often_right(spec.calibration, record.confidence or 0.0) if single else "",
        trust_score=_finite(record.trust_score),
        kind=record.kind,
        width_px=record.width_px,
        height_px=record.height_px,
        um_per_px=record.um_per_px,
        um_per_px_source=result.um_per_px_source,
        fields=record.tiles,
        fields_refused=record.tiles_refused,
        fields_by_class=result.calls_by_class(),
        model=record.model,
        model_version=record.model_version,
        model_sha256=record.model_sha256,
        backend=record.backend,
        device=record.device,
        app_version=lungviewer.__version__,
        seconds=record.seconds,
        analysed_at=record.analysed_at,
        overlay=_overlay(result, result.thumbnail) if overlay and result.thumbnail is not None else None,
    )


def failure_of(problem: Problem) -> Failure:
    return Failure(error=problem.message, code=problem.tag, hint=problem.hint)


def pack_of(model: ServedModel, *, default: bool) -> Pack:
    spec, made_by = model.spec, model.engine.provenance
    return Pack(
        id=spec.id,
        version=spec.version,
        title=spec.title,
        modality=spec.modality,
        organ=spec.organ,
        stain=spec.stain,
        classes=[PackClass(id=c.id, label=c.label, colour=c.colour, role=c.role.value) for c in spec.classes],
        validated=spec.validated,
        sha256=made_by.model_sha256,
        device=made_by.device,
        elsewhere=model.elsewhere,
        default=default,
    )


def _overlay(result: ImageResult, picture: RGB) -> Overlay:
    first = next(iter(result.heatmaps.values()), None)
    refused = np.zeros((1, 1), bool) if first is None else np.isnan(first.grid)
    tops = {c: m.summary() for c, m in result.heatmaps.items()}
    return Overlay(
        picture=_data_uri(picture, ".jpg", "image/jpeg", [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]),
        maps={c: _png(colourise(m.normalised())) for c, m in result.heatmaps.items()},
        peaks={c: 0.0 if top is None else top.peak for c, top in tops.items()},
        refused=_png(_hatched(refused, picture.shape[:2])) if refused.any() else None,
    )


def _hatched(cells: npt.NDArray[np.bool_], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The pattern for "refused" over those cells of a picture of height×width pixels."""
    height, width = size
    tile = hatch_tile()
    repeats = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    pattern = np.tile(tile, repeats)[:height, :width]
    where = cv2.resize(cells.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(pattern * where[..., None], np.uint8)


def _png(rgba: npt.NDArray[np.uint8]) -> str:
    return _data_uri(rgba, ".png", "image/png", [])


def _data_uri(pixels: npt.NDArray[np.uint8], suffix: str, kind: str, options: list[int]) -> str:
    conversion = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    _, data = cv2.imencode(suffix, cv2.cvtColor(pixels, conversion), options)
    return f"data:{kind};base64,{base64.b64encode(data.tobytes()).decode()}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
