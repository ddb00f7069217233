"""A map lies where the tissue lies: what was drawn against what is hot, at several scales, in every frame.

The model of these tests tells two drawn kinds apart by colour. What limits the agreement is the size of a
tile (of a cell of its maps): an edge that crosses one is told to within it. Centres of gravity average over
all edges and so are much finer; a map that is shifted by one cell must fail.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.job import NullContext
from lungviewer.packs.store import load_pack
from lungviewer.services import slide_map
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.samples import SlideRegion, write_phantom_slide
from lungviewer.services.slide_result import MapOptions
from tests.fixtures.packs import tiny_pack, tiny_spec
from tests.fixtures.scans import LENIENT
from tests.fixtures.slides import leica, tiled_tiff

FIELD_UM = 64.0
SQUAMOUS, BENIGN, OTHER = (168, 107, 197), (220, 193, 222), (120, 30, 60)
"""Mean colours of two kinds that phantoms draw, and one that nothing has."""

SHAPE = ((0.22, 0.18), (0.62, 0.14), (0.66, 0.42), (0.44, 0.46), (0.47, 0.84), (0.25, 0.80))
"""Shares of width and height: nothing that looks the same when it is mirrored or turned."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    spec = tiny_spec(checks=LENIENT, review_below=0.4)
    folder = tiny_pack(tmp_path_factory.mktemp("pack") / "p", spec=spec, colours=(SQUAMOUS, OTHER, BENIGN))
    found = InferenceEngine.open(load_pack(folder), "cpu", threads=1)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(slide_map, "user_data_dir", lambda: tmp_path / "data")


@dataclass
class Truth:
    """Whether a drawn region is at a point, for points `step` level-0 pixels apart."""

    inside: np.ndarray
    step: float

    @classmethod
    def of(cls, outline, width, height, step):
        corners = np.array(outline) / step
        mask = np.zeros((int(height / step), int(width / step)), np.uint8)
        cv2.fillPoly(mask, [np.rint((corners - 0.5) * 16).astype(np.int32)], 1, shift=4)
        return cls(mask.astype(bool), step)

    def hot(self, heatmap: Heatmap, at_least: float) -> np.ndarray:
        """Whether the cell under each point is hot."""
        rows, columns = heatmap.grid.shape
        r = heatmap.rect
        ys = (np.arange(self.inside.shape[0]) + 0.5) * self.step
        xs = (np.arange(self.inside.shape[1]) + 0.5) * self.step
        y = np.floor((ys - r.y) / r.height * rows).astype(int)
        x = np.floor((xs - r.x) / r.width * columns).astype(int)
        found = heatmap.grid[np.ix_(y.clip(0, rows - 1), x.clip(0, columns - 1))] >= at_least
        return found & ((y >= 0) & (y < rows))[:, None] & ((x >= 0) & (x < columns))

    def agreement(self, hot: np.ndarray) -> tuple[float, float, float]:
        """Intersection over union, and how far the centre of gravity lies to the right and below, in
        level-0 pixels."""
        iou = (hot & self.inside).sum() / (hot | self.inside).sum()
        there, found = (np.argwhere(mask).mean(axis=0) for mask in (self.inside, hot))
        down, right = (found - there) * self.step
        return float(iou), float(right), float(down)


def evidence(answer):
    """Activation of the drawn kind less that of its surroundings."""
    kinds = [answer.activation[c] for c in ("tumour_a", "benign")]
    return Heatmap(kinds[0].grid - kinds[1].grid, kinds[0].rect)


def moved(heatmap, right, down):
    r = heatmap.rect
    return Heatmap(heatmap.grid, Rect(r.x + right, r.y + down, r.width, r.height))


def drawn(width, height, outline):
    """The region in one colour on tissue of another, speckled, with glass around."""
    pixels = np.full((height, width, 3), 245, np.int16)
    pixels[round(0.06 * height) : round(0.94 * height), round(0.08 * width) : round(0.92 * width)] = BENIGN
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint((np.array(outline) - 0.5) * 16).astype(np.int32)], 1, shift=4)
    pixels[mask > 0] = SQUAMOUS
    noise = np.random.default_rng(0).integers(-9, 10, (height, width, 1))
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def assert_aligned(truth, heatmap, at, iou, off):
    """That hot is where it was drawn, and that the same map one cell further to any side would not pass.

    `iou`: the least that will do; `off`: the most that the centre of gravity may be off, in cells.
    """
    cell = heatmap.rect.width / heatmap.grid.shape[1]
    found, right, down = truth.agreement(truth.hot(heatmap, at))
    assert found >= iou
    assert max(abs(right), abs(down)) <= off * cell
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        shifted, right, down = truth.agreement(truth.hot(moved(heatmap, x * cell, y * cell), at))
        assert shifted < iou
        assert max(abs(right), abs(down)) > off * cell


def assert_map_aligned(truth, answer, overlap):
    """Tiles are 64 µm. A cell of the probability map is a tile, or a quarter of one where tiles overlap by
    half; a cell of the activation is a sixteenth."""
    assert_aligned(truth, answer.probability["tumour_a"], 0.5, iou=0.89 if overlap else 0.79, off=0.25)
    assert_aligned(truth, evidence(answer), 0.0, iou=0.93, off=0.15)


@pytest.mark.parametrize("um_per_px", [0.25, 0.5, 0.58, 1.0])
def test_hot_is_where_it_was_drawn(tmp_path, engine, um_per_px):
    side = round(FIELD_UM / um_per_px)
    width, height = round(14.3 * side) | 1, round(11.6 * side) | 1
    outline = [(x * width, y * height) for x, y in SHAPE]
    path = tmp_path / "slide.tiff"
    tiled_tiff(path, drawn(width, height, outline), levels=3, um_per_px=um_per_px, tile=256, jpeg=True)
    truth = Truth.of(outline, width, height, side / 16)
    for overlap in (0.0, 0.5):
        answer = slide_map.map_slide(path, engine, MapOptions(overlap=overlap), NullContext(), readers=1)
        assert_map_aligned(truth, answer, overlap)


def test_hot_is_where_it_was_drawn_on_a_slide_that_is_cropped_to_its_bounds(tmp_path, engine):
    side = round(FIELD_UM / 0.5)
    width, height = 14 * side + 38, 11 * side + 54
    outline = [(x * width, y * height) for x, y in SHAPE]
    path = tmp_path / "slide.scn"
    leica(path, [(drawn(width, height, outline), (1236, 778))], (width + 3000, height + 2000), tile=256)
    answer = slide_map.map_slide(path, engine, MapOptions(), NullContext(), readers=1)
    assert answer.info.offset == (1236, 778)
    assert (answer.grid.width, answer.grid.height) == (width, height)
    assert_map_aligned(Truth.of(outline, width, height, side / 16), answer, 0.0)


def test_hot_is_where_a_phantom_was_drawn(tmp_path, engine):
    """Nuclei and clefts of the drawn tissue are larger than a cell of the activation: tiles only."""
    width, height = 1801, 1485
    outline = [(x * width, y * height) for x, y in SHAPE]
    regions = [
        SlideRegion.rectangle("benign", 0.08 * width, 0.06 * height, 0.84 * width, 0.88 * height),
        SlideRegion("squamous_cell_carcinoma", tuple(outline)),
    ]
    path = tmp_path / "slide.tiff"
    write_phantom_slide(path, width, height, 0.5, regions=regions)
    answer = slide_map.map_slide(path, engine, MapOptions(), NullContext(), readers=1)
    truth = Truth.of(outline, width, height, 8)
    assert_aligned(truth, answer.probability["tumour_a"], 0.5, iou=0.79, off=0.25)
