"""What the image checks count in OpenCV's way is what its definition says, to the last bit."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core import trust
from lungviewer.core.tissue import chroma, tissue_mask

SIDES = st.integers(1, 70)


def picture(seed, height, width):
    """Any colours at all, or few of them."""
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.integers(0, 256, (2, 3)), axis=0)
    return rng.integers(low, high + 1, (height, width, 3)).astype(np.uint8)


def every_colour(step):
    """One in `step` of all colours, and all greys."""
    codes = np.arange(0, 1 << 24, step, dtype=np.uint32)
    mixed = np.stack([codes & 255, codes >> 8 & 255, codes >> 16], axis=-1)
    greys = np.repeat(np.arange(256, dtype=np.uint32)[:, None], 3, axis=1)
    return np.concatenate([mixed, greys]).astype(np.uint8)[None]


@given(st.integers(0, 2**32 - 1), SIDES, SIDES)
def test_the_brightest_is_the_percentile_rounded_down(seed, height, width):
    pixels = picture(seed, height, width)
    expected = np.percentile(pixels.reshape(-1, 3), 99, axis=0).astype(int)
    assert trust._brightest(pixels).tolist() == expected.tolist()


@given(st.integers(0, 2**32 - 1), SIDES, SIDES)
def test_every_other_pixel_is_a_slice(seed, height, width):
    pixels = picture(seed, height, width)
    assert np.array_equal(trust._every_other(pixels), pixels[::2, ::2])


def test_chroma_is_the_distance_from_grey():
    a, b = (each.astype(np.uint8) for each in np.meshgrid(np.arange(256), np.arange(256)))
    distance = chroma(np.stack([a, a, b], axis=-1))
    expected = np.hypot(a.astype(np.float64) - 128, b.astype(np.float64) - 128).astype(np.float32)
    assert np.array_equal(distance, expected)


def test_tissue_is_what_its_definition_says_in_every_colour():
    colours = every_colour(61)
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32) - 128
    density = np.maximum(-np.log10(np.maximum(colours, 1) / 245), 0)
    expected = (density.mean(axis=2) > 0.12) & (np.hypot(lab[..., 1], lab[..., 2]) > 8)
    assert np.array_equal(tissue_mask(colours), expected)
    assert 0.5 < expected.mean() < 1
