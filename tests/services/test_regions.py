"""The places of an image that speak most for a class."""

import itertools

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.geometry import Rect
from lungviewer.core.heatmap import Heatmap
from lungviewer.core.job import NullContext
from lungviewer.packs.store import load_pack
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import classify_file
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.regions import (
    LARGEST_OVERLAP,
    cut_regions,
    rank_fields,
    telling_regions,
    top_regions,
)
from tests.fixtures.packs import BEIGE, PINK, PURPLE, paint, tiny_pack
from tests.fixtures.scans import LENIENT


def heat(grid, width, height):
    return Heatmap(np.asarray(grid, np.float32), Rect(0, 0, width, height))


def test_fields_rank_by_what_was_analysed_in_them():
    fields = [Rect(x, 0, 20, 20) for x in (0, 20, 40)]
    grid = [[1, 1, 3, np.nan, np.nan, np.nan], [1, 1, np.nan, 3, np.nan, np.nan]]
    assert rank_fields(heat(grid, 60, 20), fields) == [(3.0, fields[1]), (1.0, fields[0])]


def test_regions_lie_apart_and_tell_their_share_of_the_strongest():
    fields = [Rect(x, 0, 20, 20) for x in (0, 10, 20, 40)]
    found = top_regions(heat([[4, 4, 2, 1, 1, 1]], 60, 10), fields, 9)
    assert [(r.rect.x, r.share) for r in found] == [(0, 1.0), (20, 0.375), (40, 0.25)]
    assert all(b.rect.x - a.rect.x >= (1 - LARGEST_OVERLAP) * 20 for a, b in itertools.pairwise(found))


def test_there_are_no_more_than_asked_for_and_none_without_evidence():
    fields = [Rect(x, 0, 10, 10) for x in (0, 10, 20)]
    assert len(top_regions(heat([[3, 2, 1]], 30, 10), fields, 2)) == 2
    assert top_regions(heat([[0, 0, 0]], 30, 10), fields, 2) == []


def test_a_region_is_cut_out_where_it_lies(tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = (0, 200, 0)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    regions = top_regions(heat([[1, 2]], 80, 40), [Rect(0, 0, 40, 40), Rect(40, 0, 40, 40)], 2)
    with IsolatedDecoder() as decoder:
        green, black = cut_regions(
            tmp_path / "image.png", regions, 16, um_per_px=None, isolated=decoder, ctx=NullContext()
        )
    assert green.pixels.shape == (16, 16, 3)
    assert green.pixels.mean(axis=(0, 1)).tolist() == pytest.approx([0, 200, 0])
    assert black.pixels.max() == 0


@pytest.fixture
def mixed(tmp_path):
    """Twelve fields: ten benign, then two of which one is each tumour; and the spec that judged them."""
    engine = InferenceEngine.open(load_pack(tiny_pack(tmp_path / "pack", checks=LENIENT)), "cpu")
    fields = [paint(c, 64, 64, seed=i) for i, c in enumerate([BEIGE] * 10 + [PURPLE, PINK])]
    Image.fromarray(np.concatenate(fields, axis=1)).save(tmp_path / "mixed.png")
    result = classify_file(tmp_path / "mixed.png", engine)
    engine.close()
    return result, engine.spec


def test_tumour_in_an_image_that_is_called_benign_comes_first(mixed):
    result, spec = mixed
    assert result.record.predicted_class == "benign"
    assert result.record.reason.split("; ")[0] == "tumour_fields"
    assert result.calls_by_class() == {"benign": 10, "tumour_a": 1, "tumour_b": 1}
    found = telling_regions(result, "benign", spec, 9)
    assert [(r.rect.x, r.called) for r in found[:2]] == [(640, "tumour_a"), (704, "tumour_b")]
    assert len(found) == 9
    assert all(r.called == "" and r.rect.x < 640 for r in found[2:])


def test_a_place_is_shown_once(mixed):
    result, spec = mixed
    found = telling_regions(result, "tumour_a", spec, 9)
    assert len({r.rect for r in found}) == len(found)
    assert found[0].called == "tumour_a"
