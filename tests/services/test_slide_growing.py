"""A map that grows: where a tile's own maps come to lie, whatever their size and the overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.core.slide_grid import plan_grid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.tissue_map import TissueMap
from lungviewer.core.types import Provenance, Status
from lungviewer.services.slide_growing import GrowingMap
from lungviewer.services.slide_result import MapOptions
from lungviewer.store.slide_rows import MappedTile, MapWork
from tests.fixtures.packs import tiny_spec

SPEC = tiny_spec(size=224, um_per_px=0.58)
PROVENANCE = Provenance("tiny", "1", "0" * 64, "onnx", "cuda", "0")


def growing(path, overlap=0.0, width=7000, height=6100, um_per_px=0.25):
    grid = plan_grid(width, height, um_per_px, SPEC.input, overlap)
    info = ImageInfo(path, "slide", "x", width, height, (ImageLevel(width, height, 1.0),), um_per_px)
    tissue = TissueMap(np.ones((41, 50), bool), width, height, 0.1, True)
    return grid, GrowingMap(info, MapOptions(overlap=overlap), grid, tissue, SPEC, PROVENANCE, "x")


def called(number, cam, chances=(0.5, 0.25, 0.25)):
    tile = SlideTile(number, Status.OK, (), chances, "tumour_a", chances[0], None, 1.0)
    return MappedTile(tile, np.asarray(cam, np.float32))


def centre_of_heat(heatmap):
    grid, r = np.nan_to_num(heatmap.grid), heatmap.rect
    ys, xs = np.mgrid[: grid.shape[0], : grid.shape[1]]
    weight = grid.sum()
    return (
        r.x + ((xs + 0.5) * grid).sum() / weight * r.width / grid.shape[1],
        r.y + ((ys + 0.5) * grid).sum() / weight * r.height / grid.shape[0],
    )


@given(
    st.sampled_from([0.0, 0.25, 0.5, 0.75]),
    st.sampled_from([4, 7, 14]),
    st.integers(0, 6),
    st.sampled_from([0.2, 0.25, 0.29, 0.5]),
)
def test_a_tiles_maps_lie_in_its_middle(tmp_path_factory, overlap, cells, number, um_per_px):
    """Even maps: the centre of gravity is the tile's, to a third of a cell where cells do not fit evenly."""
    grid, map_ = growing(tmp_path_factory.getbasetemp(), overlap, um_per_px=um_per_px)
    number += 2 * grid.columns + 2  # two tiles off every rim
    map_.add([called(number, np.ones((3, cells, cells)))])
    answer = map_.snapshot(MapWork())
    x, y = grid.rect(number).centre
    for maps, off in ((answer.activation, 0.34 * grid.side / cells), (answer.probability, 0.51)):
        found = centre_of_heat(maps["tumour_a"])
        assert abs(found[0] - x) <= off
        assert abs(found[1] - y) <= off


def test_without_overlap_a_tiles_own_cells_are_the_maps(tmp_path):
    grid, map_ = growing(tmp_path)
    cam = np.arange(147, dtype=np.float32).reshape(3, 7, 7)
    map_.add([called(grid.columns + 2, cam)])
    activation = map_.snapshot(MapWork()).activation
    for c, class_id in enumerate(SPEC.class_ids):
        np.testing.assert_array_equal(activation[class_id].grid[7:14, 14:21], cam[c])
        assert np.isnan(activation[class_id].grid).sum() == activation[class_id].grid.size - 49


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.5, 0.6, 0.75])
def test_a_cell_says_what_its_own_tile_says(tmp_path, overlap):
    """Whatever reaches into it from beside: a refused tile between called ones stays a hole."""
    grid, map_ = growing(tmp_path, overlap)
    numbers = [grid.columns + 4, grid.columns + 5, grid.columns + 7]
    chances = [(0.8, 0.1, 0.1), (0.4, 0.3, 0.3), (0.6, 0.2, 0.2)]
    cam = np.ones((3, 7, 7))
    map_.add([called(number, cam, p) for number, p in zip(numbers, chances, strict=True)])
    found = map_.snapshot(MapWork()).probability["tumour_a"].grid
    np.testing.assert_allclose(found.flat[numbers], [0.8, 0.4, 0.6], rtol=1e-6)
    assert np.count_nonzero(~np.isnan(found)) == 3


def test_refused_tiles_leave_holes_and_count_as_done(tmp_path):
    _, map_ = growing(tmp_path)
    refused = SlideTile(3, Status.REFUSED, ("blur",), (0.5, 0.25, 0.25), None, None, 7.0, 1.0)
    before = map_.pending
    map_.add([MappedTile(refused, None)])
    answer = map_.snapshot(MapWork())
    assert [number for number in before if number not in map_.pending] == [3]
    assert np.isnan(answer.activation["tumour_a"].grid).all()
    assert np.isnan(answer.probability["tumour_a"].grid).all()
    assert answer.tiles[3] == refused


def test_the_hottest_place_lies_on_the_slide(tmp_path):
    """The last tiles reach beyond it."""
    grid, map_ = growing(tmp_path, width=2 * 520 + 20, height=3 * 520)
    hot_beyond = np.zeros((3, 7, 7))
    hot_beyond[0, 3, 6] = 9
    map_.add([called(2, hot_beyond)])
    record = map_.snapshot(MapWork()).record
    assert grid.columns == 3
    assert (record.top_x, record.top_y) == (1059, pytest.approx(260, abs=1))


def test_every_device_that_took_part_is_named(tmp_path):
    _, map_ = growing(tmp_path)
    work = MapWork(3.0, "2026-01-01T00:00:00+00:00", (("onnx", "cuda"), ("onnx", "cpu")))
    map_.add([called(0, np.ones((3, 7, 7)))])
    answer = map_.snapshot(work)
    assert (answer.record.backend, answer.record.device) == ("onnx", "cuda, cpu")
    assert (answer.record.seconds, answer.record.analysed_at) == (3.0, work.analysed_at)
    assert map_.snapshot(MapWork()).record.device == "cuda"
