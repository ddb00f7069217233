"""Colour maps: ends, order of lightness, holes."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.colourmap import (
    COLOUR_MAPS,
    DEFAULT_COLOUR_MAP,
    colourise,
    fading_table,
    lookup_table,
    over_white,
)
from lungviewer.core.errors import UsageError


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_lightness_rises_all_the_way(name: str) -> None:
    lightness = lookup_table(name).astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.diff(lightness).min() > -2.5  # tables are 8 bit
    assert lightness[-1] - lightness[0] > 140
    assert np.diff(lightness[::16]).min() > 0


def test_viridis_runs_from_dark_violet_to_yellow() -> None:
    table = lookup_table("viridis")
    assert table.shape == (256, 3)
    np.testing.assert_allclose(table[0], (68, 1, 84), atol=3)
    np.testing.assert_allclose(table[-1], (253, 231, 37), atol=3)


def test_values_are_clipped_and_holes_are_clear() -> None:
    colours = colourise(np.array([[0.0, 1.0, -3.0, 7.0, np.nan]]))
    table = lookup_table(DEFAULT_COLOUR_MAP)
    assert colours.dtype == np.uint8
    np.testing.assert_array_equal(colours[0, :4, :3], table[[0, 255, 0, 255]])
    np.testing.assert_array_equal(colours[0, :, 3], [255, 255, 255, 255, 0])
    np.testing.assert_array_equal(colours[0, 4], 0)


def test_over_tissue_low_values_are_clear() -> None:
    table = fading_table("viridis", clear_below=0.05)
    np.testing.assert_array_equal(table[:, :3], lookup_table("viridis"))
    np.testing.assert_array_equal(table[:13, 3], 0)
    np.testing.assert_allclose(table[64, 3], 128, atol=1)
    np.testing.assert_array_equal(table[128:, 3], 255)
    assert fading_table("grey")[1, 3] > 0
    np.testing.assert_array_equal(over_white(table)[[0, 255]], [[255] * 3, lookup_table("viridis")[255]])


def test_the_shared_table_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        lookup_table("grey")[0] = 9


def test_an_unknown_map_is_refused() -> None:
    with pytest.raises(UsageError):
        colourise(np.zeros((1, 1)), "jet")
