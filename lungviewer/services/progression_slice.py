"""From the slice that somebody looks at to the simulator's start that is nearest to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lungviewer.core.ct import CtSeries
from lungviewer.core.errors import UnsupportedPixels
from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import REASON_SENTENCES, check_field
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_ct, open_image
from lungviewer.services.progression import Encoded, Simulator


def encode_slice(
    simulator: Simulator, series: CtSeries, index: int, decoder: IsolatedDecoder | None = None
) -> Encoded:
    """One slice of a series, in Hounsfield units, through the simulator's own window.

    Raises:
        ImageError: the slice cannot be read.
        BackendError: the model failed.
        Cancelled: `decoder` was closed.
    """
    source = open_ct(replace(series, slices=(series.slices[index],)), decoder=decoder)
    try:
        return simulator.encode_hu(source.values(0))
    finally:
        source.close()


def encode_picture(simulator: Simulator, path: Path, decoder: IsolatedDecoder | None = None) -> Encoded:
    """A CT slice that was saved as an ordinary picture, as it was saved.

    Raises:
        ImageError: it cannot be read, is in colour, uniform or too small, or was drawn by a simulator.
        BackendError: the model failed.
        Cancelled: `decoder` was closed.
    """
    source = open_image(path, isolated=decoder)
    try:
        pixels = source.read((0, 0), 0, (source.info.width, source.info.height))
    finally:
        source.close()
    problem = check_field(resize_field(pixels, simulator.spec.size), ImageCheckLimits(), "ct")
    if problem is not None:
        raise UnsupportedPixels(REASON_SENTENCES[problem], hint="Look at a CT slice, then try again.")
    return simulator.encode(pixels)
