"""The one resize: what it must keep, and a golden result so that a library upgrade cannot change it."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungviewer.core.geometry import Rect
from lungviewer.core.preprocess import resize_field


def pattern(size=96):
    y, x = np.mgrid[:size, :size]
    return np.stack([(x * 7) % 256, (y * 5) % 256, (x * y) % 256], axis=-1).astype(np.uint8)


def test_pixels_of_the_right_size_are_left_alone():
    pixels = pattern(64)
    np.testing.assert_array_equal(resize_field(pixels, 64), pixels)


def test_a_field_is_cut_where_it_lies():
    pixels = pattern(96)
    np.testing.assert_array_equal(resize_field(pixels, 32, Rect(16, 40, 32, 32)), pixels[40:72, 16:48])


@given(st.integers(0, 255), st.integers(33, 200))
@settings(max_examples=25)
def test_a_flat_colour_stays_that_colour(value, size):
    assert (resize_field(np.full((size, size, 3), value, np.uint8), 32) == value).all()


def test_reducing_does_not_alias():
    stripes = np.zeros((960, 960, 3), np.uint8)
    stripes[:, ::2] = 255
    reduced = resize_field(stripes, 100)
    assert reduced.std() < 8  # a plain bilinear lookup gives moiré of more than 100


def test_the_golden_result_is_reproduced():
    """Stated tolerance: one grey level, anywhere. The digest is compared first, to see a change early."""
    reduced = resize_field(pattern(96), 32, Rect(3.5, 7.25, 80.5, 80.5))
    expected = np.load(__file__.replace("test_preprocess.py", "golden_resize.npy"))
    difference = np.abs(reduced.astype(int) - expected).max()
    assert difference <= 1, hashlib.sha256(reduced.tobytes()).hexdigest()


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (37, 5), (64, 31)])
def test_the_same_pixels_give_the_same_result_wherever_they_lie(corner):
    field = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    canvas = np.random.default_rng(1).integers(0, 256, (160, 160, 3), np.uint8)
    x, y = corner
    canvas[y : y + 80, x : x + 80] = field
    np.testing.assert_array_equal(resize_field(canvas, 32, Rect(x, y, 80, 80)), resize_field(field, 32))


def test_the_channels_stay_in_order():
    red = np.zeros((50, 50, 3), np.uint8)
    red[..., 0] = 200
    assert resize_field(red, 32)[0, 0].tolist() == pytest.approx([200, 0, 0])
