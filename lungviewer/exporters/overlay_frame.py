"""The sheet round an overlay: title, legend, scale bar and lines of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from lungviewer.core.colourmap import lookup_table
from lungviewer.core.image import RGB
from lungviewer.exporters.hatching import hatch
from lungviewer.exporters.lettering import Lettering, shortened, wrapped
from lungviewer.exporters.outlines import draw_outlines

_NARROWEST_PX = 560  # a legend and a sentence fit; a smaller image stands in the middle
_MARGIN_PX = 14
_TITLE_PT, _TEXT_PT, _SMALL_PT = 20, 16, 14
_LINE_PX = _TEXT_PT + 7
_PAPER, _INK, _FAINT = (255, 255, 255), (25, 25, 25), (90, 90, 90)
_RAMP_PX = (180, 14)
_SAMPLE_PX = (30, 14)
_LEGEND_PX = _SMALL_PT + 8 + _RAMP_PX[1] + 6 + _SMALL_PT
_ROW_PX = _SAMPLE_PX[1] + 8
_BAR_SHARE = 0.25  # the scale bar is at most this share of the image's width


@dataclass(frozen=True, slots=True)
class Legend:
    """`name` of what the colours mean, and whether the hatching has to be explained."""

    name: str
    colour_map: str
    hatched: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One entry of a legend: its words, and the #rrggbb of its colour, or what else it shows."""

    text: str
    colour: str = ""
    kind: Literal["colour", "hatched", "outline", "clear"] = "colour"


@dataclass(frozen=True, slots=True)
class Samples:
    """A legend that explains colours one by one, under a `name`."""

    name: str
    samples: tuple[Sample, ...]


def framed(
    picture: RGB, title: str, lines: Sequence[str], legend: Legend | Samples, um_per_px: float | None
) -> RGB:
    """Put a picture on a sheet. Long titles are shortened in the middle, long lines are wrapped."""
    height, width = picture.shape[:2]
    inner = max(width, _NARROWEST_PX)
    scale = _scale_words(width, um_per_px)
    samples = legend.samples if isinstance(legend, Samples) else ()
    letters = Lettering((title, *lines, legend.name, scale, *(sample.text for sample in samples)))
    head, head_font = letters.spell(title), letters.font(_TITLE_PT)
    text_font = letters.font(_TEXT_PT)
    rows = [row for line in lines for row in wrapped(letters.spell(line), text_font, inner)]
    top = _MARGIN_PX + (_TITLE_PT + 12 if head else 0)
    legend_top = top + height + _MARGIN_PX
    legend_px = _SMALL_PT + 8 + _ROW_PX * len(samples) if samples else _LEGEND_PX
    text_top = legend_top + legend_px + _MARGIN_PX
    bottom = text_top + _LINE_PX * len(rows) + _MARGIN_PX

    sheet = Image.new("RGB", (inner + 2 * _MARGIN_PX, bottom), _PAPER)
    sheet.paste(Image.fromarray(picture), (_MARGIN_PX + (inner - width) // 2, top))
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN_PX, _MARGIN_PX), shortened(head, head_font, inner), _INK, head_font)
    _draw_legend(sheet, (_MARGIN_PX, legend_top), legend, letters, inner)
    _draw_scale(draw, (_MARGIN_PX + inner, legend_top), letters, scale, width, um_per_px)
    for number, row in enumerate(rows):
        draw.text((_MARGIN_PX, text_top + number * _LINE_PX), row, _INK, text_font)
    return np.array(sheet)


def scale_bar(width_px: int, um_per_px: float) -> tuple[float, float]:
    """Length in µm (1, 2 or 5 times a power of ten) and in pixels of a bar that suits an image."""
    longest = width_px * _BAR_SHARE * um_per_px
    power = 10.0 ** math.floor(math.log10(longest))
    length = max(step * power for step in (1, 2, 5) if step * power <= longest * 1.0001)
    return length, length / um_per_px


def _scale_words(width_px: int, um_per_px: float | None) -> str:
    if um_per_px is None:
        return "scale unknown"
    length = scale_bar(width_px, um_per_px)[0]
    return f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"


def _draw_legend(
    sheet: Image.Image, corner: tuple[int, int], legend: Legend | Samples, letters: Lettering, inner: int
) -> None:
    draw, font = ImageDraw.Draw(sheet), letters.font(_SMALL_PT)
    x, y = corner
    # The right third of the row belongs to the scale.
    draw.text((x, y), shortened(letters.spell(legend.name), font, inner * 2 / 3), _FAINT, font)
    y += _SMALL_PT + 8
    if isinstance(legend, Samples):
        for number, sample in enumerate(legend.samples):
            _draw_sample(sheet, (x, y + number * _ROW_PX), sample, letters, inner)
        return
    width, height = _RAMP_PX
    ramp = lookup_table(legend.colour_map)[np.linspace(0, 255, width).astype(int)]
    sheet.paste(Image.fromarray(np.repeat(ramp[None], height, axis=0)), (x, y))
    draw.rectangle((x, y, x + width - 1, y + height - 1), outline=_FAINT)
    for share, text, anchor in ((0.0, "0", "lt"), (0.5, "0.5", "mt"), (1.0, "1", "rt")):
        tick = x + round(share * (width - 1))
        draw.line((tick, y + height, tick, y + height + 3), fill=_FAINT)
        draw.text((tick, y + height + 6), text, _FAINT, font, anchor=anchor)
    if legend.hatched:
        left = x + width + 20
        _draw_hatch_sample(sheet, (left, y))
        draw.text((left + _SAMPLE_PX[0] + 8, y + height // 2), "refused", _FAINT, font, anchor="lm")


def _draw_sample(
    sheet: Image.Image, corner: tuple[int, int], sample: Sample, letters: Lettering, inner: int
) -> None:
    draw, font = ImageDraw.Draw(sheet), letters.font(_SMALL_PT)
    (x, y), (width, height) = corner, _SAMPLE_PX
    if sample.kind == "hatched":
        _draw_hatch_sample(sheet, corner)
    elif sample.kind == "outline":
        area = np.full((height, width, 3), _PAPER, np.uint8)
        draw_outlines(area, [np.array([[3, 3], [width - 3, 3], [width - 3, height - 3], [3, height - 3]])])
        sheet.paste(Image.fromarray(area), corner)
    else:
        fill = sample.colour if sample.kind == "colour" else _PAPER
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=fill, outline=_FAINT)
    words = shortened(letters.spell(sample.text), font, inner * 2 / 3 - width - 8)
    draw.text((x + width + 8, y + height // 2), words, _INK, font, anchor="lm")


def _draw_hatch_sample(sheet: Image.Image, corner: tuple[int, int]) -> None:
    (x, y), (width, height) = corner, _SAMPLE_PX
    sample = np.full((height, width, 3), 215, np.float32)
    hatch(sample, np.ones((height, width), bool))
    sheet.paste(Image.fromarray(sample.astype(np.uint8)), corner)
    ImageDraw.Draw(sheet).rectangle((x, y, x + width - 1, y + height - 1), outline=_FAINT)


def _draw_scale(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    letters: Lettering,
    words: str,
    width_px: int,
    um_per_px: float | None,
) -> None:
    """Right-aligned under the image, where no tissue hides it."""
    right, top = corner
    draw.text((right, top), letters.spell(words), _INK, letters.font(_SMALL_PT), anchor="ra")
    if um_per_px is None:
        return
    y = top + _SMALL_PT + 10
    left = right - round(scale_bar(width_px, um_per_px)[1])
    draw.line((left, y, right - 1, y), fill=_INK, width=3)
    for end in (left, right - 1):
        draw.line((end, y - 4, end, y + 4), fill=_INK, width=1)
