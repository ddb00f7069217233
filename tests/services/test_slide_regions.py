"""The places of a slide that a person is shown: spread, and the strongest of each tumour first."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Status
from lungviewer.readers import opening
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.regions import TILES_APART, cut_regions, telling_regions
from lungviewer.services.slide_result import as_image_result
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import map_of, slide_map

SPEC = tiny_spec()
A, B, BENIGN = SPEC.class_ids


def drawn(drawing, chances=None, unsure=()):
    """A map whose tiles are called what its letters say: a, b tumours, n benign, x refused, a dot no tissue.
    `chances` of single tiles by number, 0.8 of others; `unsure` tiles are calls with a doubt."""
    base = slide_map()
    lines = drawing.split()
    columns, rows = len(lines[0]), len(lines)
    side = base.grid.side
    grid = TileGrid(columns * side, rows * side, 0.5, side, side, columns, rows)
    tiles = {}
    for number, letter in enumerate("".join(lines)):
        if letter == "x":
            tiles[number] = SlideTile(
                number, Status.REFUSED, ("pen",), (0.3, 0.3, 0.4), None, None, None, 1.0
            )
        elif letter != ".":
            called = "abn".index(letter)
            most = (chances or {}).get(number, 0.8)
            shares = tuple(most if i == called else (1 - most) / 2 for i in range(3))
            status, reasons = (Status.REVIEW, ("low_confidence",)) if number in unsure else (Status.OK, ())
            tiles[number] = SlideTile(number, status, reasons, shares, SPEC.class_ids[called], most, 0.1, 1.0)
    info = replace(base.info, width=grid.width, height=grid.height)
    return map_of(info, grid, base.tissue, tiles, len(tiles), SPEC)


def places(slide, class_id, count=9):
    found = telling_regions(as_image_result(slide), class_id, SPEC, count)
    return [(slide.grid.number_at(*region.rect.centre), region.called) for region in found]


def test_the_strongest_tile_of_each_tumour_comes_first_the_larger_tumour_before_the_other():
    slide = drawn("nnnnnnnn " * 3 + "nnnnnaaa bnnnnaaa nnnnnaaa", chances={30: 0.99, 32: 0.95})
    assert places(slide, BENIGN)[:2] == [(30, A), (32, B)]
    assert all(called == "" for _, called in places(slide, BENIGN)[2:])
    assert as_image_result(slide).calls_by_class() == {BENIGN: 38, A: 9, B: 1}


def test_a_call_without_doubt_comes_before_a_surer_one_with_a_doubt():
    slide = drawn("aannnnnn " * 4, chances={0: 0.99, 9: 0.9}, unsure={0})
    assert places(slide, A)[0] == (9, A)


def test_no_two_places_are_neighbours():
    slide = drawn(("a" * 20 + " ") * 20)
    found = telling_regions(as_image_result(slide), A, SPEC, 9)
    assert len(found) == 9
    least = TILES_APART * slide.grid.side
    for one, other in itertools.combinations([region.rect for region in found], 2):
        assert abs(one.x - other.x) >= least or abs(one.y - other.y) >= least


def test_the_largest_focus_does_not_take_all_places():
    row = "a" * 20 + "n" * 20
    strays = "n" * 25 + "annnannnannnann"
    drawing = f"{row} " * 16 + f"{'n' * 40} " * 3 + strays
    chances = dict.fromkeys(range(19 * 40, 20 * 40), 0.7)
    slide = drawn(drawing, chances=chances)
    numbers = [number for number, _ in places(slide, A)]
    assert sum(number >= 19 * 40 for number in numbers) == 4
    assert len(numbers) == 9


def test_what_was_refused_is_no_place_and_nothing_speaks_for_a_class_without_evidence():
    slide = drawn("xxxx xaax xxxx")
    assert [number for number, _ in places(slide, A)] == [5]
    silent = replace(
        slide, activation={c: replace(h, grid=h.grid * np.float32(0)) for c, h in slide.activation.items()}
    )
    assert places(silent, BENIGN) == [(5, A)]


def test_shares_are_of_the_strongest_place_for_the_class():
    found = telling_regions(as_image_result(slide_map()), BENIGN, SPEC, 9)
    shares = [region.share for region in found if not region.called]
    assert shares
    assert all(0 < share <= 1 for share in shares)


class FakeSlide:
    """Fields of one colour; those of squares wider than `limit` cannot be read."""

    def __init__(self, info, limit=1e9):
        self.info, self.limit, self.asked, self.closed = info, limit, [], False

    def read_fields(self, rects, level, size):
        self.asked += [(rect, level) for rect in rects]
        fields = np.full((len(rects), size, size, 3), 120, np.uint8)
        return fields, np.array([rect.width <= self.limit for rect in rects])

    def close(self):
        self.closed = True


@pytest.fixture
def opened(monkeypatch):
    """A slide that can be cut, and what it was opened with."""
    slide = slide_map()
    source, given = FakeSlide(slide.info), []

    def open_slide(path, um_per_px=None, *, readers=1, colour_managed=False, decoder=None):
        given.append((path, um_per_px, colour_managed))
        return source

    monkeypatch.setattr(opening, "open_slide", open_slide)
    return slide, source, given


def cut(slide, ctx=None):
    regions = telling_regions(as_image_result(slide), A, SPEC, 3)
    with IsolatedDecoder() as decoder:
        return cut_regions(
            slide.info.path, regions, 64, um_per_px=0.5, isolated=decoder, ctx=ctx or NullContext()
        )


def test_a_place_is_shown_with_what_lies_around_it_in_true_colours(opened):
    slide, source, given = opened
    regions = cut(slide)
    assert all(region.pixels.shape == (64, 64, 3) for region in regions)
    assert all(region.around.width == 2 * slide.grid.side for region in regions)
    assert all(region.around.centre == region.rect.centre for region in regions)
    assert [rect for rect, _ in source.asked] == [region.around for region in regions]
    assert {level for _, level in source.asked} == {1}  # 256 pixels across, four times as fine as needed
    assert given == [(slide.info.path, 0.5, True)]
    assert source.closed


def test_where_the_surroundings_are_damaged_the_tile_alone_is_shown(opened):
    slide, source, _ = opened
    source.limit = slide.grid.side
    region = cut(slide)[0]
    assert (region.around, region.pixels.shape) == (None, (64, 64, 3))
    source.limit = 0
    assert cut(slide)[0].pixels is None


def test_cutting_stops_when_it_is_asked_to(opened):
    slide, source, _ = opened
    ctx = RecordingContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        cut(slide, ctx)
    assert source.closed
