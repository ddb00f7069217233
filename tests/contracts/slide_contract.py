"""What every slide reader must do beside what every reader must.

A test module subclasses `SlideContract` and gives the fixture `sample` (a `SlideSample`), and subclasses
`DamageContract` and gives the fixture `damaged` (`damaged_slide` makes one).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, ReadFailed
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB, SlideSource
from lungviewer.core.preprocess import resize_field
from tests.contracts.reader_contract import ReaderContract, Sample
from tests.fixtures import slides as make


@dataclass(frozen=True)
class SlideSample(Sample):
    """`levels` are the pixels of every level; `beside` the names of pictures beside the tissue."""

    levels: list[RGB] = field(default_factory=list)
    beside: tuple[str, ...] = ()
    offset: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class DamagedSlide:
    """A slide of which one square of level 0 (x, y, side; level-0 pixels) cannot be read, and no other."""

    path: Path
    open: Callable[[], SlideSource]
    size: tuple[int, int]
    bad: tuple[int, int, int]


def damaged_slide(path: Path, opener: Callable[[Path], SlideSource]) -> DamagedSlide:
    """1024×768, 192 tiles of 64 pixels, of which the one at (512, 256) is damaged.

    A `.scn` lies within bounds on its slide; anything else is a tiled TIFF with JPEG and one level.
    """
    tissue = make.tissue(1024, 768)
    if path.suffix == ".scn":
        make.leica(path, [(tissue, (20, 10))], (1100, 800))
    else:
        make.tiled_tiff(path, tissue, levels=1, jpeg=True)
    make.damage_tile(path, 0, 4 * 16 + 8)
    return DamagedSlide(path, lambda: opener(path), (1024, 768), (512, 256, 64))


class SlideContract(ReaderContract):
    """Subclasses provide the fixture `sample`."""

    def test_it_is_a_slide_with_its_offset(self, source, sample):
        assert source.info.kind == "slide"
        assert source.info.offset == sample.offset
        assert source.info.format

    def test_every_level_shows_its_own_pixels(self, source, sample):
        assert len(source.info.levels) == len(sample.levels)
        for index, wanted in enumerate(sample.levels):
            level = source.info.levels[index]
            assert (level.width, level.height) == wanted.shape[1::-1]
            self._assert_close(source.read((0, 0), index, (level.width, level.height)), wanted, sample)

    def test_a_read_at_any_level_is_the_crop_of_a_larger_one(self, source):
        for index, level in enumerate(source.info.levels):
            whole = source.read((0, 0), index, (level.width, level.height))
            for x, y in ((1, 0), (7, 5), (level.width // 2 + 1, level.height // 3), (level.width - 4, 3)):
                l0_origin = round(x * level.downsample), round(y * level.downsample)
                part = source.read(l0_origin, index, (4, 9))
                np.testing.assert_array_equal(part, whole[y : y + 9, x : x + 4])

    def test_a_read_begins_at_the_nearest_pixel_of_the_level(self, source):
        level = source.info.levels[-1]
        row = source.read((0, 0), len(source.info.levels) - 1, (level.width, 1))[0]
        for l0_x in range(round(6 * level.downsample)):
            place = (l0_x + source.info.offset[0]) / level.downsample - source.info.offset[
                0
            ] / level.downsample
            if abs(place % 1 - 0.5) > 1e-6:  # two are equally near
                read = source.read((l0_x, 0), len(source.info.levels) - 1, (1, 1))[0, 0]
                np.testing.assert_array_equal(read, row[round(place)])

    def test_the_overview_shows_all_of_it(self, source, sample):
        seen = source.overview(64)
        assert max(seen.pixels.shape[:2]) == 64
        assert seen.readable.shape == seen.pixels.shape[:2]
        assert seen.readable.all()
        np.testing.assert_array_equal(seen.pixels, source.thumbnail(64))

    def test_the_overview_of_a_small_slide_is_not_enlarged(self, source, sample):
        assert source.overview(100_000).pixels.shape[1::-1] == sample.size

    def test_fields_are_cut_and_resized_as_everywhere(self, source, sample):
        width, height = sample.size
        rects = [Rect(10.25, 20.5, 57.3, 57.3), Rect(width - 30, height - 30, 64, 64), Rect(8, 8, 16, 16)]
        for index, level in enumerate(source.info.levels):
            fields, read = source.read_fields(rects, index, 24)
            assert fields.shape == (3, 24, 24, 3)
            assert fields.dtype == np.uint8
            assert read.all()
            # The same from all of the level, laid on white.
            whole = source.read((0, 0), index, (level.width + 80, level.height + 80))
            left, top = (start - at for start, at in zip(*_level_start(source, index), strict=True))
            for rect, got in zip(rects, fields, strict=True):
                scaled = [value / level.downsample for value in (rect.x, rect.y, rect.width, rect.height)]
                moved = Rect(scaled[0] + left, scaled[1] + top, scaled[2], scaled[3])
                np.testing.assert_array_equal(got, resize_field(whole, 24, moved))

    def test_no_fields_are_no_fields(self, source):
        fields, read = source.read_fields([], 0, 16)
        assert fields.shape == (0, 16, 16, 3)
        assert read.shape == (0,)

    def test_pictures_beside_the_tissue_are_given_by_name_only(self, source, sample):
        assert source.associated == tuple(sorted(sample.beside))
        for name in source.associated:
            picture = source.associated_image(name)
            assert picture.dtype == np.uint8
            assert picture.shape[2] == 3
        with pytest.raises(KeyError):
            source.associated_image("no such picture")

    def test_a_closed_slide_says_so(self, sample):
        source = sample.open()
        source.close()
        for ask in (
            lambda: source.read((0, 0), 0, (1, 1)),
            lambda: source.overview(10),
            lambda: source.thumbnail(10),
            lambda: source.read_fields([Rect(0, 0, 8, 8)], 0, 8),
        ):
            with pytest.raises(ReadFailed, match="closed"):
                ask()

    def test_closing_while_others_read_is_harmless(self, sample):
        source = sample.open()
        started, told = threading.Barrier(4), []

        def read_until_closed():
            started.wait()
            try:
                while True:
                    assert source.read((3, 3), 0, (60, 60)).shape == (60, 60, 3)
            except ReadFailed:
                told.append(True)

        threads = [threading.Thread(target=read_until_closed) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait()
        source.close()
        for thread in threads:
            thread.join()
        assert told == [True] * 3

    @pytest.mark.parametrize(
        "arguments", [((0, 0), 99, (1, 1)), ((0, 0), -1, (1, 1)), ((0, 0), 0, (0, 5)), ((0, 0), 0, (5, -1))]
    )
    def test_levels_and_sizes_that_do_not_exist_are_refused(self, source, arguments):
        with pytest.raises(ValueError, match=r"level|pixels"):
            source.read(*arguments)


class DamageContract:
    """Subclasses provide the fixture `damaged`."""

    def test_damage_costs_its_own_area_only(self, damaged):
        source = damaged.open()
        x, y, side = damaged.bad
        for _ in range(2):  # what failed once fails again, and nothing else does
            with pytest.raises((ImageCorrupt, ImageTruncated)) as caught:
                source.read((x + 5, y + 5), 0, (9, 9))
            assert damaged.path.name not in caught.value.sentence
            assert source.read((x - 40, y), 0, (40, 40)).shape == (40, 40, 3)
            assert source.read((x + side, y), 0, (40, 40)).shape == (40, 40, 3)
        source.close()

    def test_the_overview_has_a_hole_where_the_damage_is(self, damaged):
        source = damaged.open()
        seen = source.overview(800)  # of level 0, whatever coarser levels there are
        source.close()
        shrunk = damaged.size[0] / 800
        rows, columns = np.nonzero(~seen.readable)
        x, y, side = damaged.bad
        assert rows.size > 0
        # Whole blocks of at most 128 pixels are given up.
        for places, start in ((columns, x), (rows, y)):
            assert start - 128 <= places.min() * shrunk <= start + 1
            assert start + side - 1 <= (places.max() + 1) * shrunk <= start + side + 128
        assert (seen.pixels[~seen.readable] == 255).all()
        middle = seen.pixels[seen.pixels.shape[0] // 2, seen.pixels.shape[1] // 2 - 100]
        assert middle.max() < 220  # tissue around it is seen

    def test_fields_on_damage_are_white_and_say_so(self, damaged):
        source = damaged.open()
        x, y, side = damaged.bad
        rects = [Rect(x - 100, y, 50, 50), Rect(x + 10, y + 10, 30, 30), Rect(x + side, y, 50, 50)]
        fields, read = source.read_fields(rects, 0, 16)
        source.close()
        assert read.tolist() == [True, False, True]
        assert (fields[1] == 255).all()
        assert fields[0].min() < 255

    def test_readers_beside_a_damaged_read_get_their_pixels(self, damaged):
        source = damaged.open()
        x, y, _ = damaged.bad
        wanted = source.read((0, 0), 0, (200, 200))
        stop, wrong, failed = threading.Event(), [], []

        def read_damage():
            for _ in range(15):
                with pytest.raises((ImageCorrupt, ImageTruncated)):
                    source.read((x, y), 0, (8, 8))
            stop.set()

        def read_the_rest():
            while not stop.is_set():
                try:
                    if not np.array_equal(source.read((0, 0), 0, (200, 200)), wanted):
                        wrong.append("pixels")
                except ImageCorrupt:
                    failed.append("a read beside it")

        threads = [threading.Thread(target=each) for each in (read_damage, read_the_rest, read_the_rest)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.close()
        assert stop.is_set()
        assert wrong == []
        assert failed == []


def _level_start(source, index):
    """Where the image begins, and where its level does, in pixels of the level."""
    ratio = source.info.levels[index].downsample
    exact = tuple(value / ratio for value in source.info.offset)
    return exact, tuple(np.floor(value + 0.5) for value in exact)
