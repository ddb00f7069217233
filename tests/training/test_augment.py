"""Augmentation keeps what a picture shows, changes what a laboratory changes, and repeats itself exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lungviewer.core.image import RGB
from training.augment import Augmenter, AugmentSettings, read_stains
from training.augment.degrade import jpeg, lower_resolution, sharpen
from training.augment.geometry import move
from training.augment.light import grey, rebalance
from training.augment.sheet import WHOLE, augmentation_sheet, steps
from training.augment.stain import (
    Stain,
    density,
    estimate_stain,
    jitter_hed,
    perturbed,
    pixels_of,
    recolour,
    typical_stain,
    unit_rows,
)
from training.errors import DataProblem

SIDE = 64
BLUISH = Stain(
    unit_rows(np.array([[0.7, 0.65, 0.2], [0.15, 0.95, 0.1]], np.float32)), np.array([1.4, 1.0], np.float32)
)
PINKISH = Stain(
    unit_rows(np.array([[0.5, 0.8, 0.4], [0.1, 0.8, 0.5]], np.float32)), np.array([1.2, 0.8], np.float32)
)


def stained(stain: Stain, seed: int) -> RGB:
    """Some pixels with one stain, some with the other, some with both, with a little noise."""
    random = np.random.default_rng(seed)
    which = random.integers(0, 3, (SIDE, SIDE))
    amounts = random.uniform(0.2, 1, (SIDE, SIDE, 2)) * stain.reach
    amounts[which == 0, 1] = 0
    amounts[which == 1, 0] = 0
    return pixels_of((amounts @ stain.matrix + random.normal(0, 0.005, (SIDE, SIDE, 3))).astype(np.float32))


def degrees_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((one * other).sum(axis=1), -1, 1)))


@pytest.mark.parametrize("truth", [BLUISH, PINKISH])
def test_macenko_finds_the_stains_a_picture_was_drawn_with(truth: Stain) -> None:
    found = estimate_stain(stained(truth, 1))
    assert found is not None
    assert degrees_between(found.matrix, truth.matrix).max() < 6
    np.testing.assert_allclose(found.reach, truth.reach, rtol=0.25)


def test_a_recoloured_picture_has_the_other_stains() -> None:
    pixels = stained(BLUISH, 2)
    source = estimate_stain(pixels)
    assert source is not None
    moved = estimate_stain(recolour(pixels, source, PINKISH, np.ones(2, np.float32)))
    assert moved is not None
    assert degrees_between(moved.matrix, PINKISH.matrix).max() < 8
    assert degrees_between(source.matrix, PINKISH.matrix).max() > 12


@pytest.mark.parametrize(
    "pixels",
    [np.full((SIDE, SIDE, 3), 240, np.uint8), np.zeros((SIDE, SIDE, 3), np.uint8)],
    ids=["glass", "black"],
)
def test_a_picture_without_two_stains_has_none(pixels: RGB) -> None:
    assert estimate_stain(pixels) is None


def test_one_stain_and_noise_are_not_two_stains() -> None:
    single = Stain(BLUISH.matrix[[0, 0]], BLUISH.reach)
    assert estimate_stain(stained(single, 3)) is None


def test_density_and_pixels_are_inverse() -> None:
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.abs(pixels_of(density(every)).astype(int) - every).max() <= 1


def test_a_typical_stain_is_the_median_and_needs_one() -> None:
    typical = typical_stain([BLUISH, BLUISH, PINKISH])
    np.testing.assert_allclose(typical.matrix, BLUISH.matrix, atol=1e-6)
    with pytest.raises(ValueError, match="no stains"):
        typical_stain([])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_perturbed_stains_stay_unit_and_positive(seed: int) -> None:
    matrix = perturbed(BLUISH, 0.3, np.random.default_rng(seed)).matrix
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)
    assert matrix.min() > 0


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31))
def test_the_same_draw_gives_the_same_picture_and_inputs_are_untouched(seed: int) -> None:
    augment = Augmenter(AugmentSettings(), [PINKISH], BLUISH)
    pixels = stained(BLUISH, 4)
    before = pixels.copy()
    one, two = (augment(pixels, BLUISH, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(pixels, before)
    assert one.shape == pixels.shape
    assert one.dtype == np.uint8
    assert one.flags.c_contiguous


def test_two_draws_differ() -> None:
    augment = Augmenter(AugmentSettings(), [PINKISH], BLUISH)
    pixels = stained(BLUISH, 4)
    assert (
        augment(pixels, None, np.random.default_rng(1)) != augment(pixels, None, np.random.default_rng(2))
    ).any()


def test_without_foreign_stains_nothing_is_recoloured() -> None:
    still = AugmentSettings(scale=(1, 1), shift=0, recolour=1, hed=0, rebalance=0, light=0, grey=0, degrade=0)
    pixels = stained(BLUISH, 5)
    with_stains = Augmenter(still, [PINKISH])(pixels, BLUISH, np.random.default_rng(0))
    without = Augmenter(still, [])(pixels, BLUISH, np.random.default_rng(0))
    blue_to_red = [float(p[..., 2].mean()) - float(p[..., 0].mean()) for p in (pixels, without, with_stains)]
    assert abs(blue_to_red[1] - blue_to_red[0]) < 12
    assert abs(blue_to_red[2] - blue_to_red[0]) > 20


def test_zooming_in_shows_larger_things() -> None:
    board = (np.indices((SIDE, SIDE)) // 4).sum(axis=0) % 2 * 255
    pixels = board.astype(np.uint8)[..., None].repeat(3, axis=2)

    def changes(p: RGB) -> float:
        return float(np.abs(np.diff(p[..., 0].astype(int), axis=1)).mean())

    larger = move(pixels, (2.0, 2.0), 0, np.random.default_rng(0))
    smaller = move(pixels, (0.5, 0.5), 0, np.random.default_rng(0))
    assert changes(larger) < changes(smaller)


def test_a_new_white_takes_the_colour_cast_away() -> None:
    pixels = (stained(BLUISH, 6).astype(np.float32) * np.array([1.0, 0.9, 0.7])).astype(np.uint8)
    balanced = rebalance(pixels, 0.0, np.random.default_rng(0))
    brightest = np.percentile(balanced.reshape(-1, 3), 97, axis=0)
    assert np.ptp(brightest) < 6


def test_grey_has_no_colour() -> None:
    assert np.ptp(grey(stained(BLUISH, 7)), axis=2).max() == 0


def test_less_detail_means_less_and_sharpening_more() -> None:
    pixels = stained(BLUISH, 8)

    def detail(p: RGB) -> float:
        return float(np.abs(np.diff(p.astype(int), axis=1)).mean())

    assert detail(lower_resolution(pixels, 2.0, True)) < 0.6 * detail(pixels) < detail(sharpen(pixels, 1.0))


def test_jpeg_keeps_channels_in_order() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    coded = jpeg(red, 90)
    assert coded[..., 0].mean() > 150 > 60 > coded[..., 2].mean()


def test_hed_jitter_of_nothing_changes_next_to_nothing() -> None:
    pixels = stained(BLUISH, 9)
    same = jitter_hed(pixels, 0.0, 0.0, np.random.default_rng(0))
    assert np.abs(same.astype(int) - pixels).max() <= 1


def test_settings_and_stains_are_part_of_what_a_run_saves() -> None:
    plain = Augmenter(AugmentSettings(), [PINKISH]).describe()
    assert plain == Augmenter(AugmentSettings(), [PINKISH]).describe()
    assert plain != Augmenter(AugmentSettings(), [BLUISH]).describe()
    assert plain != Augmenter(AugmentSettings(), [PINKISH], BLUISH).describe()
    assert plain != Augmenter(AugmentSettings(grey=0.5), [PINKISH]).describe()


def test_stains_of_a_folder_are_read_in_order_and_an_empty_one_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="haematoxylin"):
        read_stains(tmp_path)
    for name, stain in (("b.png", PINKISH), ("a.png", BLUISH)):
        Image.fromarray(stained(stain, 10)).save(tmp_path / name)
    first, second = read_stains(tmp_path)
    assert degrees_between(first.matrix, BLUISH.matrix).max() < 6
    assert degrees_between(second.matrix, PINKISH.matrix).max() < 6


def test_the_sheet_has_a_row_per_picture_and_a_column_per_change() -> None:
    pictures = np.stack([stained(BLUISH, 11), stained(PINKISH, 12)])
    sheet = augmentation_sheet(pictures, AugmentSettings(), [PINKISH], seed=1)
    columns = len(steps(AugmentSettings(), [PINKISH])) + WHOLE
    assert sheet.shape == (22 + 2 * 154, 4 + columns * 154, 3)
    np.testing.assert_array_equal(sheet, augmentation_sheet(pictures, AugmentSettings(), [PINKISH], seed=1))
