"""What every reader must do. A test module subclasses `ReaderContract` and gives the fixture `sample`."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lungviewer.core.image import ImageSource


@dataclass(frozen=True)
class Sample:
    """An image and what is known about it. `pixels` is the whole of level 0, or None if too large.

    `tolerance` is the largest difference of a sample from `pixels` (0 for lossless encodings).
    """

    path: Path
    open: Callable[[], ImageSource]
    size: tuple[int, int]
    um_per_px: float | None = None
    pixels: npt.NDArray[np.uint8] | None = None
    tolerance: int = 0


class ReaderContract:
    """Subclasses provide the fixture `sample`."""

    @pytest.fixture
    def source(self, sample):
        source = sample.open()
        yield source
        source.close()

    def test_the_facts_about_the_image_are_right(self, source, sample):
        info = source.info
        assert info.path == sample.path
        assert (info.width, info.height) == sample.size
        assert (info.um_per_px is None) == (sample.um_per_px is None)
        if sample.um_per_px is not None:
            assert info.um_per_px == pytest.approx(sample.um_per_px)
            assert info.um_per_px_source
        assert info.frames >= 1
        assert len(set(info.notes)) == len(info.notes)

    def test_levels_begin_with_the_image_and_shrink(self, source):
        levels = source.info.levels
        assert (levels[0].width, levels[0].height) == (source.info.width, source.info.height)
        assert levels[0].downsample == 1.0
        downsamples = [level.downsample for level in levels]
        assert downsamples == sorted(set(downsamples))

    def test_pixels_are_what_was_stored(self, source, sample):
        if sample.pixels is None:
            pytest.skip("this sample is too large to hold in memory")
        self._assert_close(source.read((0, 0), 0, sample.size), sample.pixels, sample)

    def test_every_read_is_a_contiguous_rgb_array_of_its_own(self, source):
        first = source.read((0, 0), 0, (9, 7))
        assert first.shape == (7, 9, 3)
        assert first.dtype == np.uint8
        assert first.flags.c_contiguous
        assert first.flags.writeable
        again = source.read((0, 0), 0, (9, 7))
        before = again.copy()
        first[:] = 77
        np.testing.assert_array_equal(again, before)
        np.testing.assert_array_equal(source.read((0, 0), 0, (9, 7)), before)

    def test_a_part_is_the_same_as_that_part_of_the_whole(self, source, sample):
        width, height = sample.size
        x, y, w, h = width // 3, height // 4, max(1, width // 5), max(1, height // 3)
        whole = source.read((0, 0), 0, (min(width, 4096), min(height, 4096)))
        np.testing.assert_array_equal(source.read((x, y), 0, (w, h)), whole[y : y + h, x : x + w])

    def test_the_four_corners_continue_in_white(self, source, sample):
        width, height = sample.size
        for x, inside_x in ((-3, slice(3, None)), (width - 2, slice(None, 2))):
            for y, inside_y in ((-4, slice(4, None)), (height - 1, slice(None, 1))):
                read = source.read((x, y), 0, (6, 6))
                outside = np.ones((6, 6), bool)
                outside[inside_y, inside_x] = False
                assert (read[outside] == 255).all()
                wanted = source.read((max(x, 0), max(y, 0)), 0, (1, 1))[0, 0]
                np.testing.assert_array_equal(read[inside_y, inside_x][0, 0], wanted)

    def test_far_outside_everything_is_white(self, source, sample):
        width, height = sample.size
        for origin in ((-5000, 0), (0, -5000), (width, 0), (0, height), (10**9, -(10**9))):
            assert (source.read(origin, 0, (5, 4)) == 255).all()

    def test_a_read_larger_than_the_image_holds_it_in_white(self, source, sample):
        width, height = sample.size
        if width * height > 4_000_000:
            pytest.skip("this sample is too large for that")
        read = source.read((-5, -6), 0, (width + 10, height + 12))
        np.testing.assert_array_equal(read[6:-6, 5:-5], source.read((0, 0), 0, sample.size))
        assert (read[:6] == 255).all()
        assert (read[:, -5:] == 255).all()

    def test_every_level_can_be_read(self, source):
        for index, level in enumerate(source.info.levels):
            size = (min(level.width, 50), min(level.height, 40))
            assert source.read((0, 0), index, size).shape == (size[1], size[0], 3)

    def test_the_thumbnail_keeps_the_shape_and_never_grows(self, source, sample):
        width, height = sample.size
        for side in (1, 16, 10_000):
            thumb = source.thumbnail(side)
            assert thumb.dtype == np.uint8
            assert thumb.flags.c_contiguous
            assert max(thumb.shape[:2]) == min(side, max(width, height))
            if side > 1:
                assert thumb.shape[1] / thumb.shape[0] == pytest.approx(width / height, rel=0.1)

    def test_the_thumbnail_shows_the_same_colours(self, source, sample):
        width, height = sample.size
        whole = source.read((0, 0), 0, (min(width, 4096), min(height, 4096)))
        if whole.shape[:2] != (height, width):
            pytest.skip("this sample is too large for that")
        difference = source.thumbnail(16).mean((0, 1)) - whole.mean((0, 1))
        assert np.abs(difference).max() < 3

    def test_closing_twice_is_harmless(self, sample):
        source = sample.open()
        source.close()
        source.close()

    def test_the_file_is_not_touched(self, sample):
        def stamp():
            status = sample.path.stat()
            content = hashlib.sha256(sample.path.read_bytes()).digest()
            return content, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_mode

        before, beside = stamp(), sorted(sample.path.parent.iterdir())
        source = sample.open()
        source.read((0, 0), 0, (8, 8))
        source.thumbnail(20)
        source.close()
        assert stamp() == before
        assert sorted(sample.path.parent.iterdir()) == beside

    def test_several_threads_may_read_at_once(self, source, sample):
        width, height = sample.size
        places = [
            (x, y)
            for x in range(-4, width, max(1, width // 4))
            for y in range(-4, height, max(1, height // 4))
        ]
        wanted = {place: source.read(place, 0, (20, 20)) for place in places}
        wrong: list[object] = []

        def read_all(order: int) -> None:
            mine = places[order:] + places[:order]
            wrong.extend(p for p in mine if not np.array_equal(source.read(p, 0, (20, 20)), wanted[p]))

        threads = [threading.Thread(target=read_all, args=(i * 3,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    @staticmethod
    def _assert_close(read, wanted, sample):
        difference = np.abs(read.astype(np.int16) - wanted.astype(np.int16))
        assert difference.max() <= sample.tolerance
