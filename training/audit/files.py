"""What a file says of itself without its pixels: format, size, mode, bytes, JPEG tables."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

from lungviewer.core.job import JobContext
from training.data import FORMATS, Dataset


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The header of one image file. `tables` are the means of its JPEG quantisation tables (luminance,
    colour; 0 where there is none): small for high quality. `sampling` is 0 for 4:4:4, 1 for 4:2:2, 2 for
    4:2:0, -1 for others and for what is no JPEG."""

    format: str
    mode: str
    width: int
    height: int
    bytes: int
    tables: tuple[float, float]
    sampling: int


def file_facts(dataset: Dataset, ctx: JobContext) -> list[FileFacts]:
    """The header of every sample, in order. The samples must be readable."""
    facts = []
    for i, sample in enumerate(dataset.samples):
        if i % 256 == 0:
            ctx.check()
            ctx.progress(i, len(dataset.samples), "Reading headers")
        facts.append(_facts((dataset.root / sample.path).read_bytes()))
    ctx.progress(len(dataset.samples), len(dataset.samples), "Reading headers")
    return facts


def _facts(content: bytes) -> FileFacts:
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        tables, sampling = (0.0, 0.0), -1
        if isinstance(picture, JpegImagePlugin.JpegImageFile):
            means = [float(np.mean(t)) for _, t in sorted(picture.quantization.items())]
            tables = (means[0], means[1] if len(means) > 1 else 0.0)
            sampling = JpegImagePlugin.get_sampling(picture)
        return FileFacts(
            str(picture.format), picture.mode, picture.width, picture.height, len(content), tables, sampling
        )


def files_record(facts: Sequence[FileFacts]) -> dict[str, Any]:
    """How many files there are of each size, mode and format, the commonest first."""
    return {
        "sizes": _counts(f"{f.width}×{f.height}" for f in facts),
        "modes": _counts(f.mode for f in facts),
        "formats": _counts(f.format for f in facts),
    }


def _counts(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))
