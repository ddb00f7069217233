"""Arithmetic of levels, and the small picture of a damaged level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.errors import ImageCorrupt, ImageTooLarge, UnsupportedFormat
from lungviewer.core.image import ImageInfo
from lungviewer.readers.slide_levels import (
    check_slide,
    downsample,
    image_levels,
    level_position,
    start_pixel,
    useful_levels,
)
from lungviewer.readers.slide_overview import survey

SIDES = st.integers(64, 200_000)


@given(SIDES, SIDES, st.integers(0, 6), st.booleans())
def test_halving_again_and_again_is_a_whole_number_whatever_was_left_over(width, height, times, rounded_up):
    small = [width, height]
    for _ in range(times):
        small = [(side + rounded_up) // 2 for side in small]
    assert downsample((width, height), (small[0], small[1])) == 2.0**times


@pytest.mark.parametrize(
    ("full", "size", "ratio"),
    [
        ((46000, 32914), (11500, 8228), 4.0),
        ((46000, 32914), (2875, 2057), 16.0),
        ((4443, 3567), (2221, 1783), 2.0),
        ((10000, 8000), (4000, 3200), 2.5),
        ((1000, 1000), (333, 500), None),  # of another shape
        ((1000, 1000), (2000, 2000), None),
        ((1000, 1000), (0, 10), None),
        ((300, 250), (37, 31), 8.0),
    ],
)
def test_real_ratios(full, size, ratio):
    assert downsample(full, size) == ratio


@given(
    st.tuples(st.integers(200, 5000), st.integers(200, 5000)),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.tuples(st.integers(1, 100), st.integers(1, 100)),
)
def test_cropped_levels_lie_in_the_file_and_show_the_crop(size, start, crop):
    sizes = [(size[0] >> n, size[1] >> n) for n in range(5)]
    levels = useful_levels(sizes, (*start, *crop))
    assert (levels[0].left, levels[0].top, levels[0].width, levels[0].height) == (*start, *crop)
    for level in levels:
        width, height = sizes[level.number]
        assert 0 <= level.left < level.left + level.width <= width
        assert 0 <= level.top < level.top + level.height <= height
        assert abs(level.left * level.downsample - start[0]) <= level.downsample / 2
        covered = level.width * level.downsample
        assert abs(covered - crop[0]) <= level.downsample


@given(st.integers(0, 10**6), st.sampled_from([1.0, 2.0, 4.0, 2.5, 3.7, 64.0]), st.integers(0, 5000))
def test_the_place_of_a_pixel_leads_back_to_it(pixel, ratio, offset):
    levels = image_levels(useful_levels([(1, 1)]))
    level = type(levels[0])(1, 1, ratio)
    info = ImageInfo(None, "slide", "", 1, 1, (level,), offset=(offset, offset))
    l0_origin = round(pixel * ratio) - offset
    assert start_pixel(level_position(info, 0, l0_origin, 0)[0], 1.0) == pixel


def test_sizes_that_no_scanner_makes_are_refused():
    check_slide(400_000, 300_000, (1024, 1024))
    for size, error in (
        ((0, 10), ImageCorrupt),
        ((10, -1), ImageCorrupt),
        ((2_000_001, 1), ImageTooLarge),
        ((1_000_000, 400_000), ImageTooLarge),
    ):
        with pytest.raises(error):
            check_slide(*size)
    with pytest.raises(ImageTooLarge, match="tiles"):
        check_slide(20_000, 20_000, (20_000, 20_000))


def test_one_level_is_enough_up_to_400_megapixels():
    assert len(useful_levels([(20_000, 20_000)])) == 1
    with pytest.raises(UnsupportedFormat, match="20001 × 20000"):
        useful_levels([(20_001, 20_000)])
    assert len(useful_levels([(200_000, 100_000), (12_500, 6_250)])) == 2


class Level:
    """Pixels of which some cannot be read, and a count of what was asked."""

    def __init__(self, pixels, bad=()):
        self.pixels, self.bad, self.reads = pixels, bad, 0

    def read(self, x, y, width, height):
        self.reads += 1
        if any(x <= bx < x + width and y <= by < y + height for bx, by in self.bad):
            raise ImageCorrupt("damaged")
        return self.pixels[y : y + height, x : x + width].copy()


SMOOTH = np.linspace(0, 250, 1500 * 1200 * 3).reshape(1200, 1500, 3).astype(np.uint8)


def test_a_whole_level_is_read_once():
    level = Level(SMOOTH)
    seen = survey(level.read, (1500, 1200), 300)
    assert level.reads == 1
    assert seen.readable.all()


@pytest.mark.parametrize("max_side", [17, 150, 1500])
def test_what_is_not_damaged_looks_the_same_in_blocks(max_side):
    whole = survey(Level(SMOOTH).read, (1500, 1200), max_side)
    level = Level(SMOOTH, bad=[(500, 500), (1499, 1199)])
    seen = survey(level.read, (1500, 1200), max_side)
    assert seen.pixels.shape == whole.pixels.shape
    assert 0 < (~seen.readable).sum() * (1500 / max_side) ** 2 <= 4 * max(256, 1500 / max_side) ** 2
    difference = np.abs(seen.pixels.astype(int) - whole.pixels)[seen.readable]
    assert difference.max() <= 3
    assert (seen.pixels[~seen.readable] == 255).all()
    assert level.reads < 100


def test_damage_everywhere_ends_after_a_bounded_number_of_attempts():
    level = Level(SMOOTH, bad=[(x, y) for x in range(0, 1500, 50) for y in range(0, 1200, 50)])
    seen = survey(level.read, (1500, 1200), 500)
    assert not seen.readable.any()
    assert level.reads < 700


def test_a_level_too_large_for_one_read_is_read_in_blocks(monkeypatch):
    monkeypatch.setattr("lungviewer.readers.slide_overview._WHOLE_PIXELS", 400_000)
    monkeypatch.setattr("lungviewer.readers.slide_overview._BLOCK_SIDE", 256)
    level = Level(SMOOTH)
    seen = survey(level.read, (1500, 1200), 250)
    assert level.reads > 20
    assert seen.readable.all()
    whole = survey(Level(SMOOTH[:, :, ::-1]).read, (1500, 1200), 250).pixels
    assert np.abs(seen.pixels.mean((0, 1)) - whole.mean((0, 1))).max() < 1
