"""By what a slide is known, and what else it says of itself."""

from __future__ import annotations

import numpy as np
import openslide
import pytest
import tifffile

from lungviewer.readers.slide import open_openslide
from lungviewer.readers.slide_open import open_slide_here
from lungviewer.readers.slide_tiff import open_tiff_slide
from tests.fixtures import slides as make

NOISE = make.noise(300, 200)


def facts(path, opener=open_slide_here):
    source = opener(path)
    source.close()
    return source.info


@pytest.fixture
def nameless(monkeypatch):
    """OpenSlide recognises no slide any more."""
    real = openslide.OpenSlide.properties.fget

    def without(slide):
        return {name: value for name, value in real(slide).items() if name != "openslide.quickhash-1"}

    monkeypatch.setattr(openslide.OpenSlide, "properties", property(without))


@pytest.mark.parametrize(
    ("write", "opener"), [(make.ome_tiff, open_tiff_slide), (make.tiled_tiff, open_openslide)]
)
def test_two_slides_of_one_name_and_size_are_two(tmp_path, write, opener, nameless):
    infos = []
    for folder, seed in (("a", 1), ("b", 2), ("again", 1)):
        path = tmp_path / folder / "slide.tiff"
        path.parent.mkdir()
        write(path, make.noise(300, 200, seed))
        # As large, whatever Deflate made of it.
        path.write_bytes(path.read_bytes().ljust(1_000_000, b"\0"))
        infos.append(facts(path, opener))
    first, other, again = (info.identity for info in infos)
    assert len(first) == 64
    assert first != other
    if opener is open_openslide:  # OME-TIFF gets a number of its own whenever it is written
        assert again == first


def regions(path, names):
    """One image with levels for each name, each smaller than the one before."""
    more = {"tile": (64, 64), "photometric": "rgb", "compression": "zlib"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as file:
        for number, name in enumerate(names):
            pixels = np.ascontiguousarray(NOISE[20 * number :])
            file.write(pixels, subifds=1, metadata={"axes": "YXS", "Name": name}, **more)
            file.write(pixels[::2, ::2], subfiletype=1, **more)


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        (["Region 1"], ()),
        (["Region 1", "Region 2", "Region 3"], ("one_of_3_regions",)),
        (["Region 1", "label image", "Macro"], ()),
        (["macro view", "Region 2"], ("one_of_2_regions",)),
    ],
)
def test_regions_that_are_not_shown_are_told(tmp_path, names, notes):
    regions(tmp_path / "slide.ome.tiff", names)
    source = open_slide_here(tmp_path / "slide.ome.tiff")
    assert (source.info.width, source.info.height) == (300, 200)
    assert source.info.notes == notes
    source.close()


def test_a_property_whose_name_is_no_utf8_is_passed_over(tmp_path):
    path = tmp_path / "slide.svs"
    make.aperio(path, NOISE, um_per_px=0.25)
    path.write_bytes(path.read_bytes().replace(b"AppMag", b"Gr\xf6\xdfe1"))
    source = open_slide_here(path)
    assert (source.info.um_per_px, source.info.magnification) == (0.25, None)
    np.testing.assert_array_equal(source.read((0, 0), 0, (300, 200)), NOISE)
    source.close()
