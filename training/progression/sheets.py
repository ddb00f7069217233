"""Pictures for people: sheets of slices along the stage axis, marked as what they are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lungviewer.core.backend import FloatArray
from lungviewer.core.synthetic import NOTICE, SMALLEST_WIDTH
from lungviewer.core.synthetic_bands import banded
from training.progression.frame import Frame
from training.progression.settings import STAGES
from training.progression.slices import Grey, Slices, as_floats

STEPS = 5
MADE_UP = 5


def places(count: int) -> FloatArray:
    """`count` places, evenly spread over the stage axis."""
    return np.linspace(STAGES[0].position, STAGES[-1].position, count, dtype=np.float32)


def as_bytes(pictures: Any) -> Grey:
    """What a generator gives, float N×S×S×1 from −1 to 1, as uint8 N×S×S."""
    grey = np.asarray(pictures)[..., 0] * 127.5 + 127.5
    return np.asarray(np.clip(np.rint(grey), 0, 255), np.uint8)


def png(rows: Sequence[Sequence[Grey]]) -> bytes:
    """Rows of pictures of one size as a PNG sheet that no program takes for a patient's image."""
    sheet = np.vstack([np.hstack(row) for row in rows])
    width = max(sheet.shape[1], SMALLEST_WIDTH)
    sheet = np.pad(sheet, ((0, 0), (0, width - sheet.shape[1])))
    text = PngInfo()
    text.add_text("lungviewer", NOTICE)
    buffer = io.BytesIO()
    Image.fromarray(banded(sheet)).save(buffer, "PNG", optimize=True, pnginfo=text)
    return buffer.getvalue()


def strips_sheet(generator: Any, encoder: Any, frame: Frame, shown: Slices, seed: int = 0) -> bytes:
    """Each shown slice, then it along the axis; below, made-up people along the axis, without a slice."""
    mean = np.asarray(encoder(as_floats(shown.pixels), training=False)[0])
    made_up = np.random.default_rng(seed).standard_normal((MADE_UP, mean.shape[1]), np.float32)
    latent = np.concatenate([mean, made_up @ frame.forward + frame.origin])
    drawn = [as_bytes(generator([latent, np.full(len(latent), s)], training=False)) for s in places(STEPS)]
    starts = [*shown.pixels, *(np.zeros_like(shown.pixels[0]) for _ in made_up)]
    return png([[start, *(step[i] for step in drawn)] for i, start in enumerate(starts)])
