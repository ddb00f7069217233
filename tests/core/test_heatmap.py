import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap, HeatmapBuilder, stitch


def test_the_map_of_a_single_field_is_kept_as_it_is():
    values = np.arange(49, dtype=np.float32).reshape(7, 7)
    result = stitch([Rect(0, 0, 700, 700)], [values], 1, 700, 700)[0]
    np.testing.assert_array_equal(result.grid, values)
    assert result.rect == Rect(0, 0, 700, 700)


def test_overlapping_fields_are_averaged():
    ones, threes = np.ones((4, 4), np.float32), np.full((4, 4), 3, np.float32)
    result = stitch([Rect(0, 0, 400, 400), Rect(200, 0, 400, 400)], [ones, threes], 1, 600, 400)[0]
    np.testing.assert_array_equal(result.grid[0], [1, 1, 2, 2, 3, 3])


def test_every_class_has_its_own_map_laid_down_alike():
    rng, fields = np.random.default_rng(0), [Rect(0, 0, 400, 400), Rect(200, 0, 400, 400)]
    maps = [rng.random((3, 4, 4), np.float32) for _ in fields]
    together = stitch(fields, maps, 3, 600, 400)
    for layer, found in enumerate(together):
        alone = stitch(fields, [m[layer] for m in maps], 1, 600, 400)[0]
        np.testing.assert_array_equal(found.grid, alone.grid)
    assert not np.array_equal(together[0].grid, together[1].grid)


def test_a_refused_field_leaves_a_hole_that_is_not_zero():
    ones = np.ones((2, 2), np.float32)
    result = stitch([Rect(0, 0, 100, 100), Rect(100, 0, 100, 100)], [ones, None], 1, 200, 100)[0]
    assert np.isnan(result.grid[:, 2:]).all()
    assert (result.grid[:, :2] == 1).all()
    assert result.summary() is not None


def test_an_image_refused_as_a_whole_has_no_summary():
    result = stitch([Rect(0, 0, 100, 100)], [None], 1, 100, 100)[0]
    assert result.summary() is None
    assert np.isnan(result.normalised()).all()


@given(st.integers(0, 6), st.integers(0, 6))
def test_the_hot_spot_is_found_at_its_true_place(row, column):
    values = np.zeros((7, 7), np.float32)
    values[row, column] = 5
    fields = [Rect(0, 0, 210, 210), Rect(300, 0, 210, 210)]
    summary = stitch(fields, [np.zeros((7, 7), np.float32), values], 1, 510, 210)[0].summary()
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


def grown(order):
    """Twelve maps of three layers, overlapping, laid down in an order."""
    rng = np.random.default_rng(3)
    places = [Rect(float(x), float(y), 100.0, 100.0) for x in range(0, 200, 50) for y in range(0, 150, 50)]
    maps = [(rng.random((3, 7, 7)) ** 9).astype(np.float32) for _ in places]
    builder = HeatmapBuilder(Rect(0, 0, 250, 200), 35, 28, layers=3)
    for i in order:
        builder.add(places[i], maps[i])
    return builder


@given(st.permutations(range(12)))
def test_the_order_in_which_maps_are_laid_down_does_not_matter(order):
    for one, other in zip(grown(range(12)).heatmaps(), grown(order).heatmaps(), strict=True):
        np.testing.assert_array_equal(one.grid, other.grid)


def test_layers_grow_together_and_stay_apart():
    builder = HeatmapBuilder(Rect(0, 0, 20, 10), 2, 1, layers=2)
    builder.add(Rect(0, 0, 10, 10), np.array([[[0.25]], [[0.75]]], np.float32))
    first, second = builder.heatmaps()
    np.testing.assert_array_equal(first.grid, [[0.25, np.nan]])
    np.testing.assert_array_equal(second.grid, [[0.75, np.nan]])


def test_what_was_handed_out_does_not_change():
    builder = HeatmapBuilder(Rect(0, 0, 20, 10), 2, 1)
    builder.add(Rect(0, 0, 10, 10), np.ones((1, 1), np.float32))
    before = builder.heatmap()
    builder.add(Rect(0, 0, 20, 10), np.zeros((1, 1), np.float32))
    np.testing.assert_array_equal(before.grid, [[1, np.nan]])
    np.testing.assert_array_equal(builder.heatmap().grid, [[0.5, 0]])


def test_a_map_that_lies_beyond_everything_is_nothing():
    builder = HeatmapBuilder(Rect(0, 0, 20, 10), 2, 1)
    builder.add(Rect(500, 500, 10, 10), np.ones((1, 1), np.float32))
    assert np.isnan(builder.heatmap().grid).all()
