"""Coarser levels of a plain image."""

import threading

import numpy as np
import pytest

from lungviewer.core.errors import ReadFailed
from lungviewer.core.image import ImageInfo, ImageLevel
from lungviewer.readers.array_source import ArraySource
from lungviewer.readers.pyramid import COARSEST_SIDE, PyramidSource
from lungviewer.readers.raster import open_raster
from lungviewer.services.viewing import open_view
from tests.contracts.reader_contract import ReaderContract, Sample
from tests.fixtures import pictures as make


def pyramid(pixels, path):
    height, width = pixels.shape[:2]
    info = ImageInfo(path, "image", "png", width, height, (ImageLevel(width, height, 1.0),))
    return PyramidSource(ArraySource(pixels, info))


def mean_of_squares(pixels, side):
    """What a level must hold: every pixel the mean of side × side, the rest at the edges left out."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    whole = pixels[: rows * side, : columns * side].astype(float)
    return whole.reshape(rows, side, columns, side, 3).mean((1, 3))


@pytest.fixture
def picture():
    return make.picture(2601, 1403)


class TestPyramid(ReaderContract):
    @pytest.fixture
    def sample(self, tmp_path):
        pixels = make.picture(1203, 1000)
        path = tmp_path / "picture.png"
        path.write_bytes(make.png(pixels, 2))
        return Sample(path, lambda: PyramidSource(open_raster(path)), (1203, 1000), None, pixels)


class TestSmallImage(ReaderContract):
    @pytest.fixture
    def sample(self, tmp_path):
        pixels = make.picture(90, 70)
        path = tmp_path / "picture.png"
        path.write_bytes(make.png(pixels, 2))
        return Sample(path, lambda: open_view(path), (90, 70), None, pixels)


def test_levels_halve_until_the_image_fits_in_512_pixels(picture, tmp_path):
    levels = pyramid(picture, tmp_path).info.levels
    assert [(each.width, each.height, each.downsample) for each in levels] == [
        (2601, 1403, 1.0),
        (1300, 701, 2.0),
        (650, 350, 4.0),
        (325, 175, 8.0),
    ]
    assert max(levels[-1].width, levels[-1].height) <= COARSEST_SIDE


def test_a_level_holds_the_means_of_squares_at_their_true_places(picture, tmp_path):
    source = pyramid(picture, tmp_path)
    for index, level in enumerate(source.info.levels):
        read = source.read((0, 0), index, (level.width, level.height))
        wanted = mean_of_squares(picture, int(level.downsample))
        assert np.abs(read - wanted).max() <= 0.5 * max(1, index)  # rounded once per halving


def test_a_part_of_a_level_is_read_from_level_0_coordinates(picture, tmp_path):
    source = pyramid(picture, tmp_path)
    whole = source.read((0, 0), 2, (650, 350))
    np.testing.assert_array_equal(source.read((400, 80), 2, (50, 60)), whole[20:80, 100:150])
    assert (source.read((-40, -40), 2, (10, 10)) == 255).all()


def test_stripes_do_not_show(tmp_path):
    tall = make.picture(40, 5000)
    source = pyramid(tall, tmp_path)
    read = source.read((0, 0), 1, (20, 2500))
    assert np.abs(read - mean_of_squares(tall, 2)).max() <= 0.5


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000)])
def test_an_image_of_one_row_has_levels_of_one_row(size, tmp_path):
    source = pyramid(np.full((size[1], size[0], 3), 90, np.uint8), tmp_path)
    last = source.info.levels[-1]
    assert min(last.width, last.height) == 1
    assert (source.read((0, 0), len(source.info.levels) - 1, (last.width, last.height)) == 90).all()


def test_thumbnails_come_from_the_next_finer_level(picture, tmp_path):
    source = pyramid(picture, tmp_path)
    small = source.thumbnail(500)
    assert small.shape == (270, 500, 3)
    assert np.abs(small.mean((0, 1)) - picture.mean((0, 1))).max() < 1


def test_levels_that_do_not_exist_are_refused(picture, tmp_path):
    source = pyramid(picture, tmp_path)
    for level in (-1, 4):
        with pytest.raises(ValueError, match="level"):
            source.read((0, 0), level, (1, 1))


def test_a_closed_image_says_so_at_every_level(picture, tmp_path):
    source = pyramid(picture, tmp_path)
    source.read((0, 0), 1, (1, 1))
    source.close()
    for level in range(4):
        with pytest.raises(ReadFailed, match="closed"):
            source.read((0, 0), level, (1, 1))


def test_closing_while_levels_are_made_ends_every_read(tmp_path):
    source = pyramid(make.picture(3000, 3000), tmp_path)
    surprises = []

    def read():
        try:
            for _ in range(20):
                source.read((0, 0), 3, (8, 8))
        except ReadFailed:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            surprises.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    source.close()
    for thread in threads:
        thread.join()
    assert surprises == []


class Slide(ArraySource):
    """Pretends to have levels of its own."""

    @property
    def info(self):
        plain = super().info
        return ImageInfo(
            plain.path, "slide", "svs", plain.width, plain.height, (*plain.levels, ImageLevel(1, 1, 9.0))
        )


def test_sources_with_levels_of_their_own_pass_through(tmp_path, monkeypatch, picture):
    info = ImageInfo(tmp_path, "slide", "svs", 2601, 1403, (ImageLevel(2601, 1403, 1.0),))
    slide = Slide(picture, info)
    monkeypatch.setattr("lungviewer.services.viewing.open_image", lambda path, scale, isolated: slide)
    assert open_view(tmp_path) is slide
