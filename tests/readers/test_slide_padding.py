"""Levels that do not end where the slide ends: what their pixels cover is found out, or they are hidden."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.readers.slide_levels import downsample, useful_levels
from lungviewer.readers.slide_open import open_slide_here
from tests.fixtures import slides as make


def coordinates(width, height, step):
    """Pixels of a level that say where on level 0 they lie, to eight of its pixels; padding is white."""
    y, x = np.mgrid[:height, :width] * step
    return np.stack([x // 8, y // 8, np.zeros_like(x)], axis=2).astype(np.uint8)


def padded(pixels, tile):
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, -height % tile), (0, -width % tile), (0, 0)), constant_values=255)


def in_pages(path, levels, tile):
    make.tiled_tiff(path, levels[0], shrunk=levels[1:], tile=tile)


def in_sub_pages(path, levels, tile):
    more = {"tile": (tile, tile), "photometric": "rgb", "compression": "zlib"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as file:
        file.write(levels[0], subifds=len(levels) - 1, metadata={"axes": "YXS"}, **more)
        for level in levels[1:]:
            file.write(level, subfiletype=1, **more)


@pytest.mark.parametrize(("write", "name"), [(in_pages, "slide.tiff"), (in_sub_pages, "slide.ome.tiff")])
@pytest.mark.parametrize("steps", [(2, 4, 8), (4, 16), (3,)])
@pytest.mark.parametrize("size", [(2000, 1500), (1990, 1990), (1537, 2045)])
def test_levels_that_are_padded_to_whole_tiles_lie_where_they_belong(tmp_path, write, name, steps, size):
    path = tmp_path / name
    width, height = size
    levels = [coordinates(width // step, height // step, step) for step in (1, *steps)]
    write(path, [levels[0], *(padded(level, 64) for level in levels[1:])], 64)
    source = open_slide_here(path)
    assert [level.downsample for level in source.info.levels] == [1.0, *steps]
    for number, (level, told) in enumerate(zip(levels, source.info.levels, strict=True)):
        step = (1, *steps)[number]
        # A padding of one pixel cannot be told from a level that was rounded up.
        assert 0 <= told.width - width // step <= (padded(level, 64).shape[1] - width // step == 1)
        assert 0 <= told.height - height // step <= (padded(level, 64).shape[0] - height // step == 1)
        at = (width - 400) // step * step, (height - 320) // step * step
        across, down = 300 // step, 250 // step
        wanted = level[at[1] // step :, at[0] // step :][:down, :across]
        np.testing.assert_array_equal(source.read(at, number, (across, down)), wanted)
    source.close()


@given(st.integers(3000, 200_000), st.integers(3000, 200_000), st.integers(1, 8), st.booleans())
def test_a_number_that_is_told_of_a_padded_level_is_the_right_one(width, height, times, rounded_up):
    small = [(side + (2**times - 1) * rounded_up) // 2**times for side in (width, height)]
    size = small[0] + -small[0] % 256, small[1] + -small[1] % 256
    told = downsample((width, height), size, (256, 256))
    assert told in (2.0**times, None)
    if min(size) > 512:
        assert told == 2.0**times


def test_what_cannot_be_told_is_not_shown():
    sizes = [(12000, 12000), (6144, 6144), (256, 256)]
    assert [level.downsample for level in useful_levels(sizes, tiles=[(256, 256)] * 3)] == [1.0, 2.0]
    levels = useful_levels([(20000, 10000), (10240, 5120), (5120, 2560)], tiles=[(256, 256)] * 3)
    assert [(level.width, level.height) for level in levels] == [(20000, 10000), (10000, 5000), (5000, 2500)]


@pytest.mark.parametrize(
    ("full", "size", "ratio"),
    [
        ((20000, 10000), (10000, 4902), None),  # one side says 2, the other 2.04
        ((20000, 10000), (10000, 4998), None),
        ((20000, 10000), (10000, 4999), 2.0),
        ((51200, 38144), (20480, 15257), 2.5),  # to a pixel
        ((51200, 38144), (20480, 15255), None),
        ((100_000, 50_000), (24_998, 12_499), 100_000 / 24_998),  # SCN: of a whole number of nanometres
    ],
)
def test_both_sides_agree_to_a_pixel(full, size, ratio):
    assert downsample(full, size) == ratio
