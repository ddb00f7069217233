"""The sheet of a strip: pictures along the stage axis, and under each what a classifier says about it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from lungviewer.core.image import RGB
from lungviewer.core.model import Role
from lungviewer.core.simulator import Step, Strip
from lungviewer.core.synthetic import SMALLEST_WIDTH
from lungviewer.core.synthetic_bands import banded
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.core.types import Status
from lungviewer.exporters.lettering import Font, Lettering, shortened, wrapped
from lungviewer.exporters.overlay_png import RESEARCH_ONLY
from lungviewer.exporters.synthetic_mark import stamped_picture

_MARGIN, _GAP = 14, 12
_TITLE_PT, _TEXT_PT, _SMALL_PT = 18, 15, 13
_LINE = _TEXT_PT + 7
_ROW = _SMALL_PT + 10
_PAPER, _INK, _FAINT, _TROUGH = (255, 255, 255), (25, 25, 25), (90, 90, 90), (225, 225, 225)

TITLE = "Progression simulator"
NOT_A_FORECAST = (
    "Drawn from differences between people at different stages; nobody was followed over time. "
    "It is no forecast for any patient."
)


def strip_sheet(strip: Strip, side: int = 192) -> RGB:
    """All steps of a strip side by side, with bands that say SYNTHETIC.

    Args:
        strip: at least one step.
        side: of each picture, in pixels of the sheet.
    """
    return banded(_sheet(strip, strip.steps, side))


def step_sheet(strip: Strip, step: Step, side: int = 480) -> RGB:
    """One step large, as a frame of an animation; all frames of one strip have one size."""
    return banded(_sheet(strip, (step,), side))


def malignant_words(strip: Strip, step: Step) -> str:
    """What is written under a picture about its call."""
    share = step.malignant(strip.classes)
    if share is not None:
        return f"Malignant {share:.0%}"
    return "Not asked" if step.prediction is None else "Refused"


def _sheet(strip: Strip, steps: tuple[Step, ...], side: int) -> RGB:
    inner = max(len(steps) * (side + _GAP) - _GAP, SMALLEST_WIDTH)
    lines = _lines(strip)
    letters = Lettering((TITLE, *lines, *_all_words(strip)))
    title, text, small = (letters.font(points) for points in (_TITLE_PT, _TEXT_PT, _SMALL_PT))
    rows = [row for line in lines for row in wrapped(letters.spell(line), text, inner)]
    top = _MARGIN + _TITLE_PT + 12
    axis = top + side + 8
    under = axis + 2 * _ROW
    below = under + _LINE + _ROW * len(strip.classes) + _GAP
    sheet = Image.new("RGB", (inner + 2 * _MARGIN, below + _LINE * len(rows) + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), shortened(letters.spell(TITLE), title, inner), _INK, title)
    start = _MARGIN + (inner - len(steps) * (side + _GAP) + _GAP) // 2
    for number, step in enumerate(steps):
        x = start + number * (side + _GAP)
        sheet.paste(Image.fromarray(stamped_picture(step.image, side)), (x, top))
        _draw_axis(draw, (x, axis, side), strip, step, letters, small)
        draw.text((x, under), letters.spell(malignant_words(strip, step)), _INK, text)
        _draw_bars(draw, (x, under + _LINE, side), strip, step, letters, small)
    for number, row in enumerate(rows):
        draw.text((_MARGIN, below + number * _LINE), row, _INK, text)
    return np.array(sheet)


def _all_words(strip: Strip) -> list[str]:
    return [*(stage.label for stage in strip.stages), *(c.label for c in strip.classes), "–%"]


def _lines(strip: Strip) -> tuple[str, ...]:
    classifier = (
        f"Probabilities: {strip.classifier}, calibrated." if strip.classifier else "No CT model was asked."
    )
    refused = [step for step in strip.steps if step.prediction and step.prediction.status is Status.REFUSED]
    codes = dict.fromkeys(
        code for step in refused for code in (step.prediction.reasons if step.prediction else ())
    )
    why = " ".join(REASON_SENTENCES.get(code, code) for code in codes)
    return tuple(
        line
        for line in (
            f"Simulator: {strip.simulator}. Start: {strip.start}. {classifier}",
            f"Refused pictures have no call: {why}" if refused else "",
            NOT_A_FORECAST,
            RESEARCH_ONLY,
        )
        if line
    )


Place = tuple[int, int, int]
"""x, y of the top left corner, and the width."""


def _draw_axis(
    draw: ImageDraw.ImageDraw, place: Place, strip: Strip, step: Step, letters: Lettering, font: Font
) -> None:
    """A line with a tick under the picture's middle, the place on the axis and its stage."""
    x, y, width = place
    middle = x + width // 2
    draw.line((x, y, x + width - 1, y), fill=_FAINT)
    draw.line((middle, y, middle, y + 5), fill=_INK, width=2)
    draw.text((middle, y + 8), f"stage {step.stage:.2f}", _FAINT, font, anchor="ma")
    label = shortened(letters.spell(strip.stage_label(step.stage)), font, width)
    draw.text((middle, y + 8 + _ROW - 6), label, _INK, font, anchor="ma")


def _draw_bars(
    draw: ImageDraw.ImageDraw, place: Place, strip: Strip, step: Step, letters: Lettering, font: Font
) -> None:
    """A bar for each class, tumour classes filled and others grey; hollow where no call is made."""
    x, top, width = place
    if step.prediction is None:
        return
    for number, spec in enumerate(strip.classes):
        y = top + number * _ROW
        share = step.prediction.probabilities[spec.id]
        words = f"{share:.0%}" if np.isfinite(share) else "–"
        long = round((width - 1) * (share if np.isfinite(share) else 0))
        label = shortened(letters.spell(spec.label), font, width - font.getlength(words) - 8)
        draw.text((x, y), label, _FAINT, font)
        draw.text((x + width, y), words, _FAINT, font, anchor="ra")
        line = y + _SMALL_PT + 3
        draw.rectangle((x, line, x + width - 1, line + 4), fill=_TROUGH)
        if step.prediction.predicted is None:
            draw.rectangle((x, line, x + long, line + 4), outline=_FAINT)
        else:
            draw.rectangle((x, line, x + long, line + 4), fill=_INK if spec.role is Role.TUMOUR else _FAINT)
