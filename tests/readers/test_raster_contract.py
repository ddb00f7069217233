"""Plain pictures pass the suite of all readers, read here and in the decoder process."""

import numpy as np
import pytest

from lungviewer.readers.opening import open_image
from lungviewer.readers.raster import open_raster
from tests.contracts.reader_contract import ReaderContract, Sample
from tests.fixtures import pictures as make
from tests.fixtures.pictures import ASCII

BASE = make.picture(120, 90)
OME = '<OME><Image ID="a"><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm" SizeX="120"/></Image></OME>'


def _content(kind):
    if kind == "jpeg":
        return make.encode(BASE, "JPEG", quality=98, subsampling=0), None
    if kind == "png":
        return make.png(BASE, 2), None
    if kind == "tiff":
        return make.tiff([BASE.tobytes()], make.rgb_tags(120, 90, t270=(ASCII, OME))), 0.25
    if kind == "bmp":
        return make.encode(BASE, "BMP"), None
    return make.encode(BASE, "WEBP", lossless=True), None


@pytest.fixture(params=["jpeg", "png", "tiff", "bmp", "webp"])
def stored(request, tmp_path):
    content, um_per_px = _content(request.param)
    path = tmp_path / f"picture.{request.param}"
    path.write_bytes(content)
    return path, um_per_px


def _sample(stored, opener):
    path, um_per_px = stored
    tolerance = 24 if path.suffix == ".jpeg" else 0
    return Sample(path, lambda: opener(path), (120, 90), um_per_px, BASE, tolerance)


class TestInThisProcess(ReaderContract):
    @pytest.fixture
    def sample(self, stored):
        return _sample(stored, open_raster)


class TestInTheDecoderProcess(ReaderContract):
    @pytest.fixture
    def sample(self, stored, decoder):
        return _sample(stored, lambda path: open_image(path, isolated=decoder, force_isolation=True))


class TestOnePixel(ReaderContract):
    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "one.png"
        path.write_bytes(make.png(BASE[:1, :1], 2))
        return Sample(path, lambda: open_raster(path), (1, 1), None, BASE[:1, :1])

    def test_a_part_is_the_same_as_that_part_of_the_whole(self):
        """One pixel has no parts."""

    def test_the_four_corners_continue_in_white(self):
        """Its corners are one pixel: see the test of reads larger than the image."""


def test_a_closed_image_says_so(tmp_path):
    path = tmp_path / "one.png"
    path.write_bytes(make.png(BASE, 2))
    source = open_raster(path)
    source.close()
    with pytest.raises(Exception, match="closed") as caught:
        source.read((0, 0), 0, (1, 1))
    assert caught.value.code == "io_error"


@pytest.mark.parametrize(
    "arguments", [((0, 0), 1, (1, 1)), ((0, 0), -1, (1, 1)), ((0, 0), 0, (0, 5)), ((0, 0), 0, (5, -1))]
)
def test_levels_and_sizes_that_do_not_exist_are_refused(tmp_path, arguments):
    path = tmp_path / "one.png"
    path.write_bytes(make.png(BASE, 2))
    with pytest.raises(ValueError, match=r"level|pixels"):
        open_raster(path).read(*arguments)


def test_a_thumbnail_averages_instead_of_picking(tmp_path):
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 200
    path = tmp_path / "stripes.png"
    path.write_bytes(make.png(stripes, 2))
    thumb = open_raster(path).thumbnail(50)
    assert np.abs(thumb.astype(int) - 100).max() <= 1
