"""Damage is repeatable, grows with its severity, and is of the kind that its name says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.fixtures.colour_data import draw_tile
from training.corruptions import CORRUPTIONS
from training.damage import SEVERITIES, corrupt, kinds_for


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    """Smooth blobs in the colours of tissue: with detail, but without noise of their own."""
    found = [draw_tile(label, i, 96) for i in range(3) for label in ("lung_aca", "lung_scc")]
    return np.stack([cv2.GaussianBlur(tile, (0, 0), 1.0) for tile in found])


def change(tiles: np.ndarray, kind: str, severity: int, seed: int = 0) -> np.ndarray:
    """Mean absolute change of each tile."""
    damaged = corrupt(kind, severity, tiles, seed).astype(int)
    return np.abs(damaged - tiles).mean(axis=(1, 2, 3))


def test_there_are_nine_kinds_with_unit_and_reason() -> None:
    expected = ["jpeg", "blur", "defocus", "noise", "brightness", "contrast", "stain", "saturation", "scale"]
    assert list(CORRUPTIONS) == expected
    assert all(c.unit and c.reason and c.plain and len(c.amounts) == 5 for c in CORRUPTIONS.values())


@pytest.mark.parametrize("kind", list(CORRUPTIONS))
def test_the_same_seed_gives_the_same_picture_and_leaves_the_input_alone(
    tiles: np.ndarray, kind: str
) -> None:
    before = tiles.copy()
    one, other = (corrupt(kind, 3, tiles, 5) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(tiles, before)
    assert (one.shape, one.dtype) == (tiles.shape, np.uint8)


@pytest.mark.parametrize("kind", list(CORRUPTIONS))
def test_every_step_is_worse_than_the_one_before(tiles: np.ndarray, kind: str) -> None:
    # Of scale, which moves everything, the mean change says nothing about how far.
    steps = [change(tiles, kind, severity).mean() for severity in SEVERITIES]
    assert steps[0] > 0.3
    if kind != "scale":
        assert steps == sorted(steps)


def test_an_unknown_kind_or_severity_is_refused(tiles: np.ndarray) -> None:
    with pytest.raises(KeyError):
        corrupt("fire", 1, tiles, 0)
    with pytest.raises(ValueError, match="not in tuple"):
        corrupt("blur", 6, tiles, 0)


def test_blur_and_defocus_take_detail_and_keep_the_colour(tiles: np.ndarray) -> None:
    for kind in ("blur", "defocus"):
        damaged = corrupt(kind, 5, tiles, 0)
        assert damaged.std(axis=(1, 2)).max() < tiles.std(axis=(1, 2)).max()
        np.testing.assert_allclose(damaged.mean(axis=(1, 2)), tiles.mean(axis=(1, 2)), atol=2)


def test_the_defocused_point_is_a_disc_of_the_stated_radius() -> None:
    point = np.zeros((1, 33, 33, 3), np.uint8)
    point[0, 16, 16] = 255
    disc = corrupt("defocus", 5, point, 0)[0, :, :, 0] > 0
    expected = np.pi * CORRUPTIONS["defocus"].amounts[4] ** 2
    assert disc.sum() == pytest.approx(expected, rel=0.3)  # cells at the rim count whole
    rows = np.flatnonzero(disc.any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(2 * CORRUPTIONS["defocus"].amounts[4], abs=1)


def test_light_colour_and_contrast_go_both_ways_over_the_images() -> None:
    tile = draw_tile("lung_aca", 0)
    many = np.repeat(tile[None], 40, axis=0)
    brightness = corrupt("brightness", 3, many, 0).mean(axis=(1, 2, 3)) > tile.mean()
    contrast = corrupt("contrast", 3, many, 0).std(axis=(1, 2, 3)) > tile.std()
    for up in (brightness, contrast):
        assert 8 < up.sum() < 32


def test_an_image_keeps_its_direction_at_every_severity(tiles: np.ndarray) -> None:
    own = tiles.mean(axis=(1, 2, 3))
    brighter = [corrupt("brightness", s, tiles, 1).mean(axis=(1, 2, 3)) > own for s in (2, 5)]
    np.testing.assert_array_equal(brighter[0], brighter[1])


def test_a_grey_picture_has_no_stain_to_change() -> None:
    assert not {"stain", "saturation"} & set(kinds_for("ct"))
    grey = np.full((2, 32, 32, 3), 120, np.uint8)
    np.testing.assert_array_equal(corrupt("saturation", 5, grey, 0), grey)


def test_scale_shows_the_middle_larger_or_smaller() -> None:
    square = np.full((20, 96, 96, 3), 230, np.uint8)
    square[:, 40:56, 40:56] = 60
    areas = (corrupt("scale", 3, square, 0)[:, 20:76, 20:76, 0] < 145).sum(axis=(1, 2)) / 16**2
    factor = CORRUPTIONS["scale"].amounts[2]
    for area in areas:
        assert min(abs(area - factor**2), abs(area - factor**-2)) < 0.15
    assert areas.min() < 1 < areas.max()
