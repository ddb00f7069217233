import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap, stitch


def test_the_map_of_a_single_field_is_kept_as_it_is():
    values = np.arange(49, dtype=np.float32).reshape(7, 7)
    result = stitch([Rect(0, 0, 700, 700)], [values], 700, 700)
    np.testing.assert_array_equal(result.grid, values)
    assert result.rect == Rect(0, 0, 700, 700)


def test_overlapping_fields_are_averaged():
    ones, threes = np.ones((4, 4), np.float32), np.full((4, 4), 3, np.float32)
    result = stitch([Rect(0, 0, 400, 400), Rect(200, 0, 400, 400)], [ones, threes], 600, 400)
    np.testing.assert_array_equal(result.grid[0], [1, 1, 2, 2, 3, 3])


def test_a_refused_field_leaves_a_hole_that_is_not_zero():
    ones = np.ones((2, 2), np.float32)
    result = stitch([Rect(0, 0, 100, 100), Rect(100, 0, 100, 100)], [ones, None], 200, 100)
    assert np.isnan(result.grid[:, 2:]).all()
    assert (result.grid[:, :2] == 1).all()
    summary = result.summary()
    assert summary is not None
    assert summary.analysed_share == 0.5


def test_an_image_refused_as_a_whole_has_no_summary():
    result = stitch([Rect(0, 0, 100, 100)], [None], 100, 100)
    assert result.summary() is None
    assert np.isnan(result.normalised()).all()


@given(st.integers(0, 6), st.integers(0, 6))
def test_the_hot_spot_is_found_at_its_true_place(row, column):
    values = np.zeros((7, 7), np.float32)
    values[row, column] = 5
    fields = [Rect(0, 0, 210, 210), Rect(300, 0, 210, 210)]
    summary = stitch(fields, [np.zeros((7, 7), np.float32), values], 510, 210).summary()
    assert summary is not None
    assert summary.top_x == pytest.approx(300 + (column + 0.5) * 30, abs=16)
    assert summary.top_y == pytest.approx((row + 0.5) * 30, abs=16)


def test_normalising_keeps_holes_and_does_not_divide_by_zero():
    flat = Heatmap(np.array([[0, np.nan]], np.float32), Rect(0, 0, 2, 1))
    assert flat.normalised()[0, 0] == 0
    assert np.isnan(flat.normalised()[0, 1])
    half = Heatmap(np.array([[1, 4]], np.float32), Rect(0, 0, 2, 1))
    np.testing.assert_allclose(half.normalised(), [[0.25, 1]])
    np.testing.assert_allclose(half.normalised(peak=2), [[0.5, 1]])
