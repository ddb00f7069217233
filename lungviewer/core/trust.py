"""Whether to trust an answer: calibrated probabilities, a strangeness score, and cheap image checks.

The order is cheap first: a field of glass is refused before its class matters. Reasons are codes, so
that CSV files and tests do not depend on wording; `REASON_SENTENCES` has the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lungviewer.core.backend import FloatArray, RawOutput
from lungviewer.core.ct_reasons import CT_SENTENCES
from lungviewer.core.image import RGB
from lungviewer.core.model import ImageCheckLimits, ModelSpec, Role
from lungviewer.core.outliers import OutlierModel
from lungviewer.core.tissue import MIN_CHROMA, MIN_DENSITY, absorbs, chroma
from lungviewer.core.types import Prediction, Status

REASON_SENTENCES: dict[str, str] = {
    "empty": "The field is uniform: there is nothing to classify.",
    "glass": "The field is almost only glass.",
    "blur": "The field is out of focus.",
    "pen": "The field has pen ink or black areas on it.",
    "no_colour": "The picture has no stain colour; this model reads H&E.",
    "other_stain": "The colours are not those of H&E, which this model reads.",
    "colour": "The picture is in colour; this model reads CT.",
    "ct_slice": "This is a CT slice; this model reads histology.",
    "not_ct": "This is a histology slide; this model reads CT.",
    "synthetic": "This picture was made by the progression simulator; it shows no patient.",
    "unlike_training": "The field is unlike anything this model was trained on.",
    "low_confidence": "The model is not sure enough for a call without review.",
    "aim_not_met": "This model did not reach its aim for unreviewed calls in validation: all its answers "
    "ask for review, however sure.",
    "not_a_number": "The model gave no usable numbers for this field.",
    "low_resolution": "The picture had to be enlarged so much that detail is missing.",
    "not_validated": "Nobody has measured how often this imported model is right.",
    "overlay_not_written": "The heat map picture could not be written.",
    "tumour_fields": "The image as a whole is not called tumour, but fields of it are.",
    "fields_disagree": "More than a quarter of the fields that were read are called another class "
    "than the image.",
    "partly_refused": "More than a quarter of the tissue that was looked at was refused.",
    "mostly_refused": "More than half of what was looked at was refused.",
    "scale_unknown": "The file does not state its µm per pixel; the shorter side was taken as one field.",
    # Of whole slides (core/slide_summary.py).
    "no_tissue": "No tissue was found on the slide.",
    "not_finished": "Not all of the slide's tissue was looked at yet.",
    "tumour_focus": "The slide as a whole is not called tumour, but tiles that touch are: look at them.",
    "tumour_tiles": "The slide as a whole is not called tumour, but single tiles are: look at them.",
    "small_tumour": "The tiles called tumour cover less than a quarter of the analysed tissue; "
    "they are called the slide's answer because they touch.",
    "scattered_tumour": "The tiles called tumour lie scattered; no group of them is large.",
    "two_tumour_classes": "A quarter or more of the tumour area is called another tumour class.",
    "unreadable": "Parts of the slide could not be read.",
    "unsure_tiles": "The model is not sure about more than a quarter of the analysed tissue.",
    "little_tissue": "Less than 0.5 mm² of tissue was analysed; single tiles would decide the call.",
    "tumour_unclear": "Too much of the tissue is called tumour for a benign slide, and too little for a "
    "tumour: a person must look.",
    "refused_as_empty": "The commonest reason for refusals: there is nothing to see.",
    "refused_as_glass": "The commonest reason for refusals: hardly more than glass.",
    "refused_as_blur": "The commonest reason for refusals: out of focus.",
    "refused_as_pen": "The commonest reason for refusals: pen ink or black areas.",
    "refused_as_no_colour": "The commonest reason for refusals: no stain colour; this model reads H&E.",
    "refused_as_other_stain": "The commonest reason for refusals: not the colours of H&E.",
    "refused_as_colour": "The commonest reason for refusals: in colour; this model reads CT.",
    "refused_as_unlike_training": "The commonest reason for refusals: unlike all training images.",
    "refused_as_not_a_number": "The commonest reason for refusals: no usable numbers from the model.",
    "slide_not_validated": "No labelled whole slides were available to measure how often the slide rule "
    "is right.",
    **CT_SENTENCES,
}


# --- image checks ------------------------------------------------------------------------------------


def check_field(field: RGB, limits: ImageCheckLimits, modality: str) -> str | None:
    """The code of the first check that a field fails, or None.

    Args:
        field: S×S×3 uint8 RGB at the model's input size; all figures are taken at that scale.
        limits: from the pack.
        modality: "histology" or "ct".
    """
    lab = cv2.cvtColor(field, cv2.COLOR_RGB2LAB)  # L 0–255, a and b shifted by 128
    lightness = cv2.extractChannel(lab, 0)
    mean, contrast = (float(v[0, 0]) for v in cv2.meanStdDev(lightness))
    # Colour shares do not need every pixel: a quarter of them costs a quarter of the time.
    sparse, tint = _every_other(field), chroma(_every_other(lab))
    colourless = float(tint.mean()) < limits.min_chroma
    if modality == "ct":
        if contrast < limits.min_contrast:
            return "empty"
        return None if colourless else "colour"
    if contrast < limits.min_contrast:
        return "glass" if mean > 190 else "empty"
    # Grey before glass: a CT slice has no chroma either, and "glass" would be the wrong sentence.
    if colourless and mean < 215:
        return "no_colour"
    ink = _ink(sparse)
    other_stain = _green_excess(sparse, ink) < limits.min_green_excess
    if _share(ink) > limits.max_pen:
        # Ink lies on H&E. Beside the blue of a trichrome or of fluorescence there is none.
        return "other_stain" if other_stain else "pen"
    if _share(absorbs(sparse) & (tint > MIN_CHROMA)) < limits.min_tissue:
        return "glass"
    if other_stain:
        return "other_stain"
    if _sharpness(lightness, contrast) < limits.min_sharpness:
        return "blur"
    return None


def prepare_checks() -> None:
    """Once in a process OpenCV takes a tenth of a second to make its tables of Lab: for a moment when nothing
    waits for it."""
    cv2.cvtColor(np.zeros((1, 1, 3), np.uint8), cv2.COLOR_RGB2LAB)


def _every_other(pixels: RGB) -> RGB:
    """`pixels[::2, ::2]`, contiguous."""
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        return np.ascontiguousarray(pixels[::2, ::2])
    # The same pixels in a quarter of the time.
    half = width // 2, height // 2
    return np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_NEAREST), np.uint8)


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(mask)) / mask.size


def _sharpness(lightness: npt.NDArray[np.uint8], contrast: float) -> float:
    """Fine detail (below about 1.5 pixels) as a share of all contrast.

    Home tiles lie above 0.09; blurred with a Gaussian of 3 pixels their median is 0.056.
    """
    exact = lightness.astype(np.float32)
    detail = exact - cv2.GaussianBlur(exact, (0, 0), 1.5)
    return float(cv2.meanStdDev(detail)[1][0, 0]) / (contrast + 1.0)


def _ink(field: RGB) -> npt.NDArray[np.bool_]:
    """Where a pixel's colour is one that H&E does not have: green to cyan, saturated blue, black."""
    hue, saturation, value = cv2.split(cv2.cvtColor(field, cv2.COLOR_RGB2HSV))  # hue in 2°, rest 0–255
    green = (hue >= 30) & (hue < 98) & (saturation > 77) & (value > 38)
    blue = (hue >= 98) & (hue <= 122) & (saturation > 191)
    black = value < 41
    return np.asarray(green | blue | black)


_DENSITY = -np.log10(np.maximum(np.arange(256), 1) / 255)
_MEAN = np.full((1, 3), 1 / 3, np.float32)
_AROUND = np.ones((5, 5), np.uint8)
_DARKEST_WHITE = 120
_FEWEST_PIXELS = 0.02
"""Share of the field below which its pixels say nothing."""


def _green_excess(field: RGB, ink: npt.NDArray[np.bool_]) -> float:
    """By how much stained pixels absorb green more than red and blue: (2g − r − b) / (r + g + b).

    r, g, b are mean optical densities against the picture's own white (the 99th percentile of each
    channel). Haematoxylin and eosin both absorb green most (0.28 and 1.5 by Ruifrok & Johnston 2001), as
    does blood; diaminobenzidine gives 0.06, aniline blue 0.02, light on black less than 0. Ink and its soft
    edge are left out, unless hardly anything else is there. Infinite where too few pixels are stained.
    """
    white = np.maximum(_brightest(_every_other(field)), _DARKEST_WHITE)
    table = np.maximum(_DENSITY[:, None] - _DENSITY[white], 0).astype(np.float32)
    density = cv2.LUT(field, table[:, None, :])
    stained = cv2.transform(density, _MEAN) > MIN_DENSITY  # numpy needs 0.2 ms for this
    free = cv2.dilate(ink.view(np.uint8), _AROUND) == 0
    if _share(free) >= _FEWEST_PIXELS:
        stained &= free
    if _share(stained) < _FEWEST_PIXELS:
        return float("inf")
    red, green, blue, _ = cv2.mean(density, stained.view(np.uint8))
    return 3 * green / (red + green + blue) - 1


def _brightest(pixels: RGB) -> npt.NDArray[np.int64]:
    """The 99th percentile of each channel, rounded down: what `np.percentile` gives, by counting."""
    rank = 0.99 * (pixels.shape[0] * pixels.shape[1] - 1)
    below = int(rank)
    between = rank - below
    found = []
    for channel in range(3):
        counts = cv2.calcHist([pixels], [channel], None, [256], [0, 256])
        low, high = np.searchsorted(np.cumsum(counts), (below, below + 1), side="right").tolist()
        step = high - low
        found.append(int(low + step * between if between < 0.5 else high - step * (1 - between)))
    return np.array(found)


# --- calibration -------------------------------------------------------------------------------------


def calibrated_probabilities(logits: FloatArray, temperature: float) -> npt.NDArray[np.float64]:
    """Softmax of logits N×C divided by a temperature (Guo et al. 2017, arXiv:1706.04599).

    Rows sum to 1; a row of logits that are not all finite gives NaN."""
    finite = np.isfinite(logits).all(axis=1, keepdims=True)
    scaled = np.where(finite, logits.astype(np.float64), 0.0) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    weights = np.exp(scaled)
    return np.where(finite, weights / weights.sum(axis=1, keepdims=True), np.nan)


# --- judging -----------------------------------------------------------------------------------------


def judge_fields(
    raw: RawOutput, failed_checks: Sequence[str | None], spec: ModelSpec, outlier: OutlierModel | None
) -> list[Prediction]:
    """One `Prediction` per field of a batch of N, in order.

    `failed_checks` are the N results of `check_field`, which needs no model and so is done by the
    threads that read the images.
    """
    probabilities = calibrated_probabilities(raw.logits, spec.calibration.temperature)
    scores = None if outlier is None else outlier.score(raw.embedding, raw.logits)
    return [
        _judge(probabilities[i], None if scores is None else float(scores[i]), failed_checks[i], spec)
        for i in range(len(raw))
    ]


def _judge(
    probabilities: npt.NDArray[np.float64], score: float | None, failed_check: str | None, spec: ModelSpec
) -> Prediction:
    by_class = {c: float(p) for c, p in zip(spec.class_ids, probabilities, strict=True)}
    refusals = [] if failed_check is None else [failed_check]
    if not all(np.isfinite(p) for p in by_class.values()):
        refusals.append("not_a_number")
    # `not <=` so that a score that is not a number is refused, never let through.
    if score is not None and not score <= spec.trust.refuse_above:
        refusals.append("unlike_training")
    if refusals:
        return Prediction(Status.REFUSED, tuple(refusals), by_class, None, None, score)
    return _call(by_class, score, spec, ())


def _call(
    by_class: Mapping[str, float], score: float | None, spec: ModelSpec, reasons: tuple[str, ...]
) -> Prediction:
    best = _best(by_class)
    confidence = by_class[best]
    if not (spec.trust.always_review or confidence >= spec.trust.review_below):
        reasons = (*reasons, "low_confidence")
    reasons = (*reasons, *spec.standing_doubts)
    return Prediction(Status.REVIEW if reasons else Status.OK, reasons, by_class, best, confidence, score)


FEWEST_TUMOUR_FIELDS = 2
"""So many fields called tumour in an image called otherwise are no stray: a second field has found the same.
A single one asks for review where it is at least `STRAY_SHARE` of what was read."""

STRAY_SHARE = 0.1
LARGEST_DISAGREEMENT = 0.25
LARGEST_REFUSED = 0.25
"""Shares above which an image of several fields asks for review (`benchmarks/mosaics.py` measures how often
that happens)."""

_NOTHING_THERE = frozenset({"glass", "empty"})


def combine_fields(
    predictions: Sequence[Prediction], spec: ModelSpec, doubts: tuple[str, ...] = ()
) -> Prediction:
    """The answer for an image from the answers for its fields.

    Calibrated probabilities are averaged over the fields that were not refused. An image that lost
    more than nine tenths of its fields is refused for their commonest reason. A mean hides what it was
    made of, so an image asks for review when its fields contradict it, or when many of them were not read
    (`_field_doubts`). The trust score is the mean over the fields that count. `doubts` are reasons, known
    from outside, for which any call asks for review.
    """
    kept = [p for p in predictions if p.status is not Status.REFUSED]
    counted = kept or list(predictions)
    means = {c: sum(p.probabilities[c] for p in counted) / len(counted) for c in spec.class_ids}
    scores = [p.trust_score for p in counted if p.trust_score is not None]
    score = sum(scores) / len(scores) if scores else None
    if len(kept) * 10 < len(predictions):
        refused = [p.reasons for p in predictions if p.status is Status.REFUSED]
        commonest = Counter(refused).most_common(1)[0][0]
        return Prediction(Status.REFUSED, commonest, means, None, None, score)
    return _call(means, score, spec, (*doubts, *_field_doubts(predictions, _best(means), spec)))


def _best(by_class: Mapping[str, float]) -> str:
    return max(by_class, key=lambda c: by_class[c])


def _field_doubts(predictions: Sequence[Prediction], called: str, spec: ModelSpec) -> list[str]:
    """Why the fields of an image that is `called` a class ask for review; nothing for a single field."""
    calls = [p.predicted for p in predictions if p.predicted is not None]
    tumour = {c.id for c in spec.classes if c.role is Role.TUMOUR}
    found = sum(c in tumour for c in calls)
    doubts = []
    if called not in tumour and (found >= FEWEST_TUMOUR_FIELDS or found >= max(1, STRAY_SHARE * len(calls))):
        doubts.append("tumour_fields")
    if sum(c != called for c in calls) > LARGEST_DISAGREEMENT * len(calls):
        doubts.append("fields_disagree")
    # Glass is no loss: there was nothing to read. It still counts where hardly anything else is left.
    something = [p for p in predictions if not _NOTHING_THERE.intersection(p.reasons)]
    refused = sum(p.status is Status.REFUSED for p in something)
    if len(calls) * 2 < len(predictions):
        doubts.append("mostly_refused")
    elif refused > LARGEST_REFUSED * len(something):
        doubts.append("partly_refused")
    return doubts
