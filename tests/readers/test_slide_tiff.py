"""TIFF pyramids that are read without OpenSlide: which image is the slide, what is refused."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import tifffile

from lungviewer.core.errors import ImageCorrupt, ImageTruncated, UnsupportedFormat, UnsupportedPixels
from lungviewer.readers import tiff_tiles
from lungviewer.readers.slide import open_openslide
from lungviewer.readers.slide_tiff import open_tiff_slide
from tests.fixtures import slides as make

NOISE = make.noise(300, 200)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "slide.ome.tiff"


def test_the_largest_image_is_the_slide_and_its_scale_counts(path):
    with tifffile.TiffWriter(path, ome=True) as file:
        for name, pixels, um in (
            ("label", NOISE[:40], 90.0),
            ("slide", NOISE, 0.25),
            ("label", NOISE[:50], 80.0),
        ):
            facts = {"axes": "YXS", "Name": name, "PhysicalSizeX": um, "PhysicalSizeY": um}
            file.write(pixels, tile=(64, 64), photometric="rgb", metadata=facts)
    source = open_tiff_slide(path)
    assert (source.info.width, source.info.height) == (300, 200)
    assert (source.info.um_per_px, source.info.um_per_px_source) == (0.25, "ome")
    assert source.associated == ("label", "label 2")
    np.testing.assert_array_equal(source.associated_image("label 2"), NOISE[:40])
    source.close()


def test_a_small_image_is_not_taken_for_a_slide_that_is_not_read(path):
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(NOISE.astype(np.uint16), tile=(64, 64), photometric="rgb", metadata={"axes": "YXS"})
        file.write(NOISE[:64, :64], tile=(64, 64), photometric="rgb", metadata={"axes": "YXS"})
    with pytest.raises(UnsupportedPixels, match="8-bit RGB"):
        open_tiff_slide(path)


@pytest.mark.parametrize(
    ("number", "words"),
    [(33_005, "JPEG 2000"), (50_002, "JPEG XL"), (34_712, "JPEG 2000"), (61_234, "61234")],
)
def test_compressions_that_are_not_read_are_named(path, number, words):
    make.ome_tiff(path, NOISE)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags[259].overwrite(number)
    with pytest.raises(UnsupportedFormat, match=words) as caught:
        open_tiff_slide(path)
    assert "Deflate" in caught.value.hint


def test_a_coarser_level_that_is_not_read_is_left_out(path):
    make.ome_tiff(path, NOISE)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].pages[0].tags[259].overwrite(33_005)
    source = open_tiff_slide(path)
    assert [level.downsample for level in source.info.levels] == [1.0, 4.0]
    source.close()


def test_levels_in_strips_are_read(path):
    levels = make.levels_of(NOISE, 2)
    with tifffile.TiffWriter(path) as file:
        file.write(
            levels[0], photometric="rgb", rowsperstrip=33, compression="zlib", subifds=1, metadata=None
        )
        file.write(
            levels[1], photometric="rgb", rowsperstrip=7, compression="zlib", subfiletype=1, metadata=None
        )
    source = open_tiff_slide(path)
    for number, level in enumerate(levels):
        np.testing.assert_array_equal(source.read((0, 0), number, level.shape[1::-1]), level)
    source.close()


def test_an_alpha_channel_is_laid_on_white(path):
    alpha = np.zeros((200, 300, 1), np.uint8)
    alpha[:, 150:] = 255
    with tifffile.TiffWriter(path) as file:
        pixels = np.concatenate([NOISE, alpha], axis=2)
        file.write(pixels, tile=(64, 64), photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    source = open_tiff_slide(path)
    read = source.read((0, 0), 0, (300, 200))
    source.close()
    assert (read[:, :150] == 255).all()
    np.testing.assert_array_equal(read[:, 150:], NOISE[:, 150:])


def test_tiles_that_were_left_out_are_white(path):
    make.ome_tiff(path, NOISE)
    make.move_tile(path, 0, 1, 0, 0)
    source = open_tiff_slide(path)
    read = source.read((0, 0), 0, (300, 200))
    source.close()
    assert (read[:64, 64:128] == 255).all()
    np.testing.assert_array_equal(read[:, :64], NOISE[:, :64])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_levels_whose_first_tiles_were_left_out_are_not_taken_for_each_other(path, order):
    levels = [level.copy() for level in make.ome_tiff(path, NOISE)]
    for page, level in zip((0, -1, -2), levels, strict=True):
        make.move_tile(path, page, 0, 0, 0)
        level[:64, :64] = 255
    source = open_tiff_slide(path)
    for number in order:
        height, width = levels[number].shape[:2]
        np.testing.assert_array_equal(source.read((0, 0), number, (width, height)), levels[number])
    source.close()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
@pytest.mark.parametrize(
    ("write", "opener", "pages"),
    [(make.ome_tiff, open_tiff_slide, (0, -1, -2)), (make.tiled_tiff, open_openslide, (0, 1, 2))],
)
def test_levels_that_share_a_tile_are_not_taken_for_each_other(path, write, opener, pages, order):
    """Some writers store equal tiles once: white glass in the first corner."""
    pixels = NOISE.copy()
    pixels[:64, :64] = 255
    levels = [level.copy() for level in write(path, pixels)]
    with tifffile.TiffFile(path) as file:
        shared = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    for page, level in zip(pages[1:], levels[1:], strict=True):
        make.move_tile(path, page, 0, *shared)
        level[:64, :64] = 255
    source = opener(path)
    for number in order:
        height, width = levels[number].shape[:2]
        np.testing.assert_array_equal(source.read((0, 0), number, (width, height)), levels[number])
    source.close()


def test_a_file_that_was_cut_behind_its_description_loses_the_tiles_behind_the_cut(path):
    make.ome_tiff(path, NOISE)
    with tifffile.TiffFile(path, mode="r+b") as file:
        offsets = list(file.pages[0].dataoffsets)
        offsets[3] = path.stat().st_size - 10
        file.pages[0].tags[324].overwrite(offsets)
    source = open_tiff_slide(path)
    with pytest.raises(ImageTruncated):
        source.read((200, 10), 0, (5, 5))
    np.testing.assert_array_equal(source.read((0, 0), 0, (192, 200)), NOISE[:, :192])
    source.close()


def test_a_tile_that_claims_to_be_huge_is_not_read(path):
    make.ome_tiff(path, NOISE)
    with tifffile.TiffFile(path, mode="r+b") as file:
        sizes = list(file.pages[0].databytecounts)
        sizes[0] = 2**31
        file.pages[0].tags[325].overwrite(sizes)
    source = open_tiff_slide(path)
    with pytest.raises(ImageCorrupt, match="larger than it can be"):
        source.read((0, 0), 0, (5, 5))
    source.close()


def test_only_the_tiles_that_are_touched_are_decoded_and_only_once(path, monkeypatch):
    make.ome_tiff(path, NOISE)
    decoded = []
    real = tiff_tiles.sample_blocks
    monkeypatch.setattr(tiff_tiles, "sample_blocks", lambda *args: decoded.append(1) or real(*args))
    source = open_tiff_slide(path)
    for _ in range(3):
        source.read((60, 60), 0, (10, 10))
    assert len(decoded) == 4
    source.close()


def test_few_decoded_tiles_are_kept(path, monkeypatch):
    make.ome_tiff(path, NOISE)
    decoded = []
    real = tiff_tiles.sample_blocks
    monkeypatch.setattr(tiff_tiles, "sample_blocks", lambda *args: decoded.append(1) or real(*args))
    monkeypatch.setattr(tiff_tiles, "CACHE_BYTES", 2 * 64 * 64 * 3)
    source = open_tiff_slide(path)
    for x in (0, 64, 128, 128, 64, 0):  # the first one is forgotten by then
        source.read((x, 0), 0, (5, 5))
    assert len(decoded) == 4
    source.close()


def test_the_objective_of_an_ome_tiff_is_told(path):
    make.ome_tiff(path, NOISE)
    objective = '<Instrument ID="I:0"><Objective ID="O:0" NominalMagnification="40.0"/></Instrument>'
    description = tifffile.tiffcomment(path).replace("<Image ", f"{objective}<Image ", 1)
    tifffile.tiffcomment(path, description.encode())
    source = open_tiff_slide(path)
    assert source.info.magnification == 40.0
    assert source.info.format == "OME-TIFF"
    source.close()


def test_what_tifffile_says_of_damaged_files_is_heard_by_nobody(path, caplog):
    """It logs the name of the file."""
    make.ome_tiff(path, NOISE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])
    logging.getLogger("tifffile").setLevel(logging.NOTSET)
    open_tiff_slide(path).close()
    assert caplog.records == []
