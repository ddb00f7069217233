"""A picture of the near-duplicates, to judge them by eye."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.audit.pairs import Alike
from training.data import Dataset

COLUMNS, ROWS = 4, 4
TILE, GAP, MARGIN, LINE = 144, 4, 16, 15  # pixels
BETWEEN, WITHIN = "#b34700", "#404040"


def contact_sheet(pairs: Sequence[Alike], dataset: Dataset) -> bytes:
    """PNG of up to 16 pairs side by side; those between groups first, in another colour.

    Args:
        pairs: in the order of `order_for_reading`, at least one.
    """
    chosen = _choose(pairs, dataset)
    rows = -(-len(chosen) // COLUMNS)
    width, height = 2 * TILE + GAP + MARGIN, TILE + 2 * LINE + MARGIN
    picture = Image.new("RGB", (COLUMNS * width + MARGIN, rows * height + MARGIN), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(11)
    for n, pair in enumerate(chosen):
        x, y = MARGIN + n % COLUMNS * width, MARGIN + n // COLUMNS * height
        for side, row in enumerate((pair.first, pair.second)):
            tile = Image.fromarray(dataset.pixels(dataset.samples[row], TILE))
            picture.paste(tile, (x + side * (TILE + GAP), y))
        colour = BETWEEN if _between_groups(pair, dataset) else WITHIN
        for side, row in enumerate((pair.first, pair.second)):
            text = _fitting(dataset.samples[row].group, font)
            draw.text((x + side * (TILE + GAP), y + TILE + 2), text, fill=colour, font=font)
        draw.text((x, y + TILE + LINE), _measures(pair), fill=colour, font=font)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _choose(pairs: Sequence[Alike], dataset: Dataset) -> list[Alike]:
    """Pairs between groups first, then others from the most to the least alike; no group twice while there
    are others to show."""
    fresh: list[Alike] = []
    again: list[Alike] = []
    seen: set[str] = set()
    for pair in pairs:
        named = {dataset.samples[pair.first].group, dataset.samples[pair.second].group}
        (again if named & seen else fresh).append(pair)
        seen |= named
    torn = [p for p in fresh if _between_groups(p, dataset)]
    whole = [p for p in fresh if not _between_groups(p, dataset)]
    room = min(len(whole), max(0, COLUMNS * ROWS - len(torn)))
    spread = [whole[int(i)] for i in np.linspace(0, len(whole) - 1, room)]
    return [*torn, *spread, *again][: COLUMNS * ROWS]


def _between_groups(pair: Alike, dataset: Dataset) -> bool:
    return dataset.samples[pair.first].group != dataset.samples[pair.second].group


def _measures(pair: Alike) -> str:
    likeness = f"{pair.hash_bits} of 63 hash bits differ"
    return likeness if pair.cosine is None else f"{likeness}; cosine {pair.cosine:.2f}"


def _fitting(name: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """The end of a long group name: that is where names differ."""
    if font.getlength(name) <= TILE:
        return name
    while font.getlength(f"…{name}") > TILE:
        name = name[1:]
    return f"…{name}"
