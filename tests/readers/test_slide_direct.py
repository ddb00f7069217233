"""Pages that are read past OpenSlide are those that it shows."""

from __future__ import annotations

import numpy as np
import openslide
import pytest
import tifffile

from lungviewer.readers.slide import open_openslide
from tests.fixtures import pictures
from tests.fixtures import slides as make

NOISE = make.noise(300, 200)


@pytest.mark.parametrize("chroma", ["444", "420"])
def test_pages_that_are_read_directly_are_what_openslide_shows(tmp_path, chroma):
    path = tmp_path / "slide.tiff"
    make.tiled_tiff(path, pictures.picture(400, 304), jpeg=True, chroma=chroma)
    source = open_openslide(path)
    for level, each in enumerate(source.info.levels):
        size = each.width, each.height
        with openslide.OpenSlide(path) as slide:
            wanted = np.asarray(slide.read_region((0, 0), level, size).convert("RGB"))
        np.testing.assert_array_equal(source.read((0, 0), level, size), wanted)
    source.close()


@pytest.mark.parametrize("level", [0, 1])
def test_of_two_pages_of_one_size_the_one_that_openslide_shows_is_shown(tmp_path, level):
    path = tmp_path / "slide.tiff"
    pixels = make.tiled_tiff(path, NOISE)[level]
    with tifffile.TiffWriter(path, append=True) as file:
        file.write(255 - pixels, tile=(64, 64), photometric="rgb", compression="zlib", metadata=None)
    source = open_openslide(path)
    height, width = pixels.shape[:2]
    np.testing.assert_array_equal(source.read((0, 0), level, (width, height)), pixels)
    source.close()
