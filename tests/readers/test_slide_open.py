"""By which way slides are opened, and what is said of files that are none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import (
    FileEmpty,
    FileVanished,
    ImageCorrupt,
    ImageError,
    NotAnImage,
    NotARegularFile,
    UnsupportedFormat,
)
from lungviewer.core.registry import READERS, load
from lungviewer.readers.slide_open import open_slide_here
from lungviewer.readers.slide_tiff import open_tiff_slide
from tests.fixtures import pictures
from tests.fixtures import slides as make

NOISE = make.noise(300, 200)


@pytest.fixture(scope="module")
def slides(shared_data):
    return shared_data / "slides"


@pytest.fixture
def opened(slides):
    """Opens slides of the data folder, and closes them."""
    sources = []

    def open_named(name):
        sources.append(open_slide_here(slides / name))
        return sources[-1]

    yield open_named
    for source in sources:
        source.close()


def test_the_registry_leads_here():
    assert load(READERS["slide"]) is open_slide_here


@pytest.mark.parametrize(
    ("name", "file_format", "size", "downsamples", "scale"),
    [
        ("boxes.tiff", "tiled TIFF", (300, 250), [1, 2, 4, 8], (None, "")),  # 72 dots per inch
        ("boxes_0.dcm", "DICOM", (16, 16), [1], (0.499, "slide")),
        ("boxes_1.dcm", "DICOM", (16, 16), [1], (0.499, "slide")),
        ("small.svs", "Aperio", (16, 16), [1], (0.499, "slide")),
        ("cmu_small_region.svs", "Aperio", (2220, 2967), [1], (0.499, "slide")),
        ("cmu_small_region_dicom/2.dcm", "DICOM", (2220, 2967), [1], (0.499, "slide")),
        ("squamous_head_neck_jp2k_no_mpp.svs", "Aperio", (4443, 3567), [1, 2], (None, "")),
        ("pyramid_zstd_10000x5000.tiff", "tiled TIFF", (10000, 5000), [1, 2, 4, 8, 16], (None, "")),
        ("wsi_multiframe_no_mpp.dcm", "DICOM", (3175, 2281), [1], (None, "")),
    ],
)
def test_real_slides_say_what_they_are(opened, name, file_format, size, downsamples, scale):
    info = opened(name).info
    assert info.format == file_format
    assert (info.width, info.height) == size
    assert [level.downsample for level in info.levels] == downsamples
    assert (info.um_per_px, info.um_per_px_source) == scale
    assert info.identity


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("broken.svs", NotAnImage, "no whole slide"),
        ("unopenable.tiff", UnsupportedFormat, "52479"),
        ("wsi_unreadable_by_openslide.dcm", ImageCorrupt, "description"),
    ],
)
def test_slides_that_cannot_be_opened_say_why(slides, name, error, words):
    with pytest.raises(error, match=words) as caught:
        open_slide_here(slides / name)
    assert caught.value.hint
    assert Path(name).stem not in caught.value.sentence


def test_a_slide_without_one_readable_pixel_opens_and_shows_none(opened):
    source = opened("unreadable.svs")
    assert (source.info.width, source.info.height) == (16, 16)
    assert not source.overview(16).readable.any()
    for ask in (lambda: source.read((0, 0), 0, (16, 16)), lambda: source.thumbnail(16)):
        with pytest.raises(ImageCorrupt):
            ask()


def test_a_slide_whose_last_tiles_cannot_be_read_shows_the_rest(opened):
    """Its DICOM frames at the right and lower edge are smaller than they may be."""
    source = opened("wsi_multiframe_no_mpp.dcm")
    seen = source.overview(800)
    shrunk = 3175 / 800
    assert seen.readable[: int(2000 / shrunk), : int(2900 / shrunk)].all()
    assert not seen.readable[:, -8:].any()
    assert not seen.readable[-8:].any()
    assert source.read((2800, 1900), 0, (200, 200)).std() > 1
    with pytest.raises(ImageCorrupt):
        source.read((3150, 100), 0, (10, 10))


def test_the_same_slide_as_aperio_and_as_dicom_shows_the_same(opened):
    aperio, dicom = opened("cmu_small_region.svs"), opened("cmu_small_region_dicom/2.dcm")
    wanted = aperio.read((700, 900), 0, (400, 400)).astype(int)
    shifts = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    differences = [np.abs(wanted - dicom.read((700 + x, 900 + y), 0, (400, 400))).mean() for x, y in shifts]
    # It was compressed once more, which costs less than one pixel of shift.
    assert shifts[int(np.argmin(differences))] == (0, 0)
    assert min(differences) < 6
    assert aperio.associated == dicom.associated == ("label", "macro", "thumbnail")
    assert aperio.associated_image("label").shape == (463, 387, 3)
    assert aperio.thumbnail(256).shape == (256, 192, 3)


def test_jpeg_2000_is_read_on_every_level(opened):
    source = opened("squamous_head_neck_jp2k_no_mpp.svs")
    fine = source.read((1000, 800), 0, (256, 256))
    coarse = source.read((1000, 800), 1, (128, 128))
    halved = make.levels_of(fine, 2)[1]
    assert np.abs(halved.astype(int) - coarse).mean() < 6


def test_zstandard_is_read_by_both_ways(slides, opened):
    path = slides / "pyramid_zstd_10000x5000.tiff"
    here, tiles = opened(path.name), open_tiff_slide(path)
    for level in range(5):
        np.testing.assert_array_equal(
            here.read((0, 0), level, (300, 300)), tiles.read((0, 0), level, (300, 300))
        )
    tiles.close()


def test_an_ome_pyramid_keeps_its_levels(tmp_path):
    """OpenSlide opens it too, but sees one level and no scale."""
    levels = make.ome_tiff(tmp_path / "slide.ome.tiff", NOISE, um_per_px=0.25)
    source = open_slide_here(tmp_path / "slide.ome.tiff")
    assert [level.downsample for level in source.info.levels] == [1, 2, 4]
    assert (source.info.um_per_px, source.info.um_per_px_source) == (0.25, "ome")
    np.testing.assert_array_equal(source.read((0, 0), 2, (75, 50)), levels[2])
    source.close()


@pytest.mark.parametrize("write", [make.aperio, make.ome_tiff, make.tiled_tiff])
def test_a_given_scale_wins_by_every_way(tmp_path, write):
    write(tmp_path / "slide.tiff", NOISE)
    source = open_slide_here(tmp_path / "slide.tiff", 0.31, True)
    assert (source.info.um_per_px, source.info.um_per_px_source) == (0.31, "user")
    source.close()


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("photo.jpg", pictures.encode(NOISE, "JPEG"), UnsupportedFormat, "JPEG file is no whole slide"),
        ("lonely.mrxs", pictures.encode(NOISE, "JPEG"), UnsupportedFormat, "JPEG file is no whole slide"),
        ("drawing.svs", pictures.encode(NOISE, "PNG"), UnsupportedFormat, "PNG"),
        ("snapshot.tiff", pictures.encode(NOISE, "TIFF"), UnsupportedFormat, "plain picture"),
        ("words.svs", b"not a slide at all" * 50, NotAnImage, "no whole slide"),
        ("nothing.svs", b"", FileEmpty, "empty"),
        ("cut.tiff", b"II*\0", ImageCorrupt, "structure"),
    ],
)
def test_what_is_no_slide_says_what_it_is(tmp_path, name, content, error, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words) as caught:
        open_slide_here(tmp_path / name)
    assert Path(name).stem not in caught.value.sentence


def test_pipes_folders_and_missing_files_are_not_touched(tmp_path):
    os.mkfifo(tmp_path / "pipe.svs")
    for name, error in (("pipe.svs", NotARegularFile), (".", NotARegularFile), ("gone.svs", FileVanished)):
        with pytest.raises(error):
            open_slide_here(tmp_path / name)


def test_every_hostile_picture_is_refused_or_opened(shared_data):
    """None of them ends the process or raises what is not an ImageError."""
    opened = refused = 0
    for path in sorted((shared_data / "hostile").iterdir()):
        try:
            source = open_slide_here(path)
        except ImageError:
            refused += 1
            continue
        source.overview(64)
        source.close()
        opened += 1
    assert refused > 20
