"""Areas, shares, outlines and the bytes of a tissue map: geometry, on masks of any shape."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import Polygon
from shapely.ops import unary_union

from lungviewer.core.image import Overview
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.tissue_map import TissueMap, find_tissue

sides = st.integers(1, 24)
masks = st.tuples(sides, sides).flatmap(lambda shape: arrays(np.bool_, shape))


@st.composite
def mapped_slides(draw):
    """A map and a grid over the same slide; overlap and reach beyond the slide as `plan_grid` makes them."""
    mask = draw(masks)
    width, height = draw(st.integers(20, 900)), draw(st.integers(20, 900))
    side = draw(st.integers(1, min(width, height)))
    step = max(1, round(side * draw(st.sampled_from([1.0, 0.75, 0.5, 0.25]))))
    side = max(side, step, max(width, height) // 40)
    step = max(step, side // 4)
    columns, rows = (max(1, -(-(length - side) // step) + 1) for length in (width, height))
    return TissueMap(mask, width, height, 0.1, True), TileGrid(width, height, 0.5, side, step, columns, rows)


def _covered(tissue: TissueMap, x0: float, y0: float, x1: float, y1: float) -> float:
    """Level-0 pixels of tissue in a rectangle, mask pixel by mask pixel."""
    rows, columns = tissue.mask.shape
    xs, ys = np.arange(columns + 1) * tissue.width / columns, np.arange(rows + 1) * tissue.height / rows
    across = np.clip(np.minimum(xs[1:], x1) - np.maximum(xs[:-1], x0), 0, None)
    down = np.clip(np.minimum(ys[1:], y1) - np.maximum(ys[:-1], y0), 0, None)
    return float(down @ tissue.mask @ across)


@given(mapped_slides(), st.data())
def test_a_share_is_the_tissue_in_the_part_of_the_tile_that_lies_on_the_slide(both, data) -> None:
    tissue, grid = both
    shares = tissue.shares(grid)
    assert shares.shape == (len(grid),)
    number = data.draw(st.integers(0, len(grid) - 1))
    x, y = grid.place(number)
    right, bottom = min(x + grid.side, tissue.width), min(y + grid.side, tissue.height)
    expected = _covered(tissue, x, y, right, bottom) / ((right - x) * (bottom - y))
    assert shares[number] == pytest.approx(expected, abs=1e-9)


@given(mapped_slides())
def test_areas_of_all_tiles_add_up_to_the_tissue_of_the_slide(both) -> None:
    tissue, grid = both
    areas = tissue.areas_mm2(grid)
    assert areas.shape == (len(grid),)
    assert areas.min() >= 0
    assert areas.sum() == pytest.approx(tissue.tissue_mm2(grid.um_per_px), rel=1e-9, abs=1e-15)


@given(masks, st.integers(1, 8), st.integers(0, 3))
def test_tissue_belongs_to_the_tile_that_the_grid_names_for_its_place(mask, step, margin) -> None:
    height, width = mask.shape
    side = step + 2 * margin
    columns, rows = (max(1, -(-(length - side) // step) + 1) for length in (width, height))
    grid = TileGrid(width, height, 1000.0, side, step, columns, rows)
    expected = np.zeros(len(grid))
    for y, x in np.argwhere(mask):
        expected[grid.number_at(x + 0.5, y + 0.5)] += 1
    assert TissueMap(mask, width, height, 0.1, True).areas_mm2(grid) == pytest.approx(expected)


def test_mm2_are_those_of_the_pixels() -> None:
    tissue = TissueMap(np.array([[True, False]]), 2000, 1000, 0.1, True)
    assert tissue.tissue_mm2(0.5) == pytest.approx(0.25)  # half of 1 mm × 0.5 mm


def test_the_last_tile_counts_only_what_lies_on_the_slide() -> None:
    tissue = TissueMap(np.ones((7, 9), np.bool_), 100, 90, 0.1, True)
    grid = TileGrid(100, 90, 1.0, 64, 64, 2, 2)
    assert tissue.shares(grid).tolist() == pytest.approx([1, 1, 1, 1])
    assert tissue.areas_mm2(grid) * 1e6 == pytest.approx([64 * 64, 36 * 64, 64 * 26, 36 * 26])


# --- outlines ----------------------------------------------------------------------------------------


@given(masks)
@settings(max_examples=150)
def test_outlines_are_valid_and_apart_and_have_the_area_of_the_mask_but_for_corners(mask) -> None:
    height, width = mask.shape
    polygons = [Polygon(o, h) for o, h in TissueMap(mask, width, height, 0.1, True).outlines()]
    assert all(p.is_valid and p.area > 0 for p in polygons)
    area = sum(p.area for p in polygons)
    assert unary_union(polygons).area == pytest.approx(area)
    # Cutting takes at most an eighth of a pixel at each of its four corners, or adds it; simplifying
    # moves a line by 0.3 pixels.
    edges = sum(np.count_nonzero(np.diff(np.pad(mask, 1), axis=axis)) for axis in (0, 1))
    assert abs(area - mask.sum()) <= 0.3 * edges


@given(masks)
def test_every_pixel_of_the_mask_has_its_middle_inside_the_outlines(mask) -> None:
    from shapely import contains_xy

    height, width = mask.shape
    tissue = TissueMap(mask, 10 * width, 20 * height, 0.1, True)
    found = unary_union([Polygon(o, h) for o, h in tissue.outlines()])
    rows, columns = np.indices(mask.shape) + 0.5
    assert (contains_xy(found, columns * 10, rows * 20) == mask).all()


def test_a_ring_is_one_piece_with_one_hole_at_its_place() -> None:
    mask = np.zeros((6, 8), np.bool_)
    mask[1:5, 2:7] = True
    mask[2:4, 4:6] = False
    ((outer, holes),) = TissueMap(mask, 800, 600, 0.1, True).outlines()
    assert (outer.min(axis=0).tolist(), outer.max(axis=0).tolist()) == ([200, 100], [700, 500])
    assert (holes[0].min(axis=0).tolist(), holes[0].max(axis=0).tolist()) == ([400, 200], [600, 400])
    assert len(holes) == 1


def test_pieces_that_touch_at_a_corner_are_two() -> None:
    assert len(TissueMap(np.eye(2, dtype=np.bool_), 2, 2, 0.1, True).outlines()) == 2


def test_a_slide_without_tissue_has_no_outline_and_no_area() -> None:
    bare = TissueMap(np.zeros((3, 4), np.bool_), 40, 30, 0.1, True)
    assert bare.outlines() == []
    assert bare.tissue_mm2(0.5) == 0


# --- bytes -------------------------------------------------------------------------------------------


@given(masks, st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1), st.booleans())
def test_a_map_comes_back_from_its_bytes(mask, width, height, threshold, automatic) -> None:
    kept = TissueMap(mask, width, height, threshold, automatic)
    assert _same(TissueMap.from_bytes(kept.to_bytes()), kept)


def _same(a: TissueMap, b: TissueMap) -> bool:
    facts = [(t.width, t.height, t.threshold, t.automatic) for t in (a, b)]
    return facts[0] == facts[1] and a.mask.dtype == np.bool_ and np.array_equal(a.mask, b.mask)


@given(st.data())
@settings(max_examples=150)
def test_damaged_bytes_are_told(data) -> None:
    kept = TissueMap(np.eye(40, dtype=np.bool_), 4000, 4000, 0.05, True)
    blob = bytearray(kept.to_bytes())
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    try:
        read = TissueMap.from_bytes(bytes(blob))
    except ValueError:
        return
    assert _same(read, kept)  # a bit that means nothing


@pytest.mark.parametrize("cut", [0, 1, 10, -1])
def test_bytes_that_were_cut_are_told(cut) -> None:
    blob = TissueMap(np.eye(40, dtype=np.bool_), 4000, 4000, 0.05, True).to_bytes()
    with pytest.raises(ValueError, match="tissue map"):
        TissueMap.from_bytes(blob[:cut])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]\n",
        b'{"mask": [2, 2], "slide": [2, 2], "threshold": 0.1}\n\x00',
        b'{"mask": [2, 2], "slide": [2, -2], "threshold": 0.1, "automatic": true}\n\x00',
        b'{"mask": [2, 2], "slide": [2, 2], "threshold": "x", "automatic": true}\n\x00',
        b'{"mask": [9, 2], "slide": [2, 2], "threshold": 0.1, "automatic": true}\n\x00',
    ],
)
def test_bytes_that_are_no_map_are_told(content) -> None:
    import zlib

    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own sentence is as good as ours
        TissueMap.from_bytes(zlib.compress(content))


# --- the threshold -----------------------------------------------------------------------------------

pictures = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.floats(0, 4)).map(
    lambda args: _blotches(*args)
)


def _blotches(height: int, width: int, seed: int, blur: float) -> Overview:
    import cv2

    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3)).astype(np.float32)
    if blur > 0.3:
        pixels = np.clip((cv2.GaussianBlur(pixels, (0, 0), blur) - 128) * (1 + blur) * 2 + 160, 0, 255)
    return Overview(pixels.reshape(height, width, 3).astype(np.uint8), rng.random((height, width)) < 0.97)


@given(pictures, st.lists(st.floats(0, 1), min_size=2, max_size=4))
@settings(max_examples=80)
def test_a_higher_threshold_never_adds_tissue(overview, thresholds) -> None:
    maps = [find_tissue(overview, 1000, 1000, t).mask for t in sorted(thresholds)]
    assert all((low | ~high).all() for low, high in pairwise(maps))


@given(pictures)
def test_what_could_not_be_read_is_tissue_and_the_automatic_threshold_is_within_its_bounds(overview) -> None:
    found = find_tissue(overview, 500, 700)
    assert found.mask[~overview.readable].all()
    assert found.automatic
    assert 0.02 <= found.threshold <= 0.1
    assert np.array_equal(find_tissue(overview, 500, 700, found.threshold).mask, found.mask)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold) -> None:
    with pytest.raises(ValueError, match="threshold"):
        find_tissue(Overview(np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.bool_)), 4, 4, threshold)
