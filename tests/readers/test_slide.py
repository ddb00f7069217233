"""Slides that OpenSlide opens: what they say of themselves, colours, damage, errors."""

from __future__ import annotations

import io
import os

import numpy as np
import openslide
import pytest
from PIL import ImageCms

from lungviewer.core.errors import (
    FileChanged,
    ImageCorrupt,
    ImageTooLarge,
    NotARegularFile,
    ReadFailed,
    UnsupportedFormat,
    UsageError,
)
from lungviewer.readers import slide_levels
from lungviewer.readers.slide import open_openslide
from tests.fixtures import slides as make

NOISE = make.noise(300, 200)


@pytest.fixture
def told(monkeypatch):
    """Adds properties to whatever OpenSlide says of the next slides."""
    real = openslide.OpenSlide.properties.fget
    added = {}
    monkeypatch.setattr(
        openslide.OpenSlide, "properties", property(lambda slide: {**dict(real(slide)), **added})
    )
    return added


def facts(path, **more):
    source = open_openslide(path, **more)
    source.close()
    return source.info


@pytest.mark.parametrize(
    ("write", "um_per_px", "verdict"),
    [
        (make.aperio, 0.2521, (0.2521, "slide", ())),
        (make.aperio, 8.0, (8.0, "slide", ())),  # a scanner means the specimen, however coarse
        (make.aperio, 352.8, (None, "", ("implausible_scale_ignored",))),
        (make.aperio, 0.0, (None, "", ())),
        (make.aperio, None, (None, "", ())),
        (make.tiled_tiff, 0.5, (0.5, "resolution tag", ())),
        (make.tiled_tiff, 8.0, (None, "", ())),
        (make.tiled_tiff, 352.8, (None, "", ())),  # 72 dots per inch mean paper
        (make.tiled_tiff, None, (None, "", ())),
    ],
)
def test_the_scale_is_what_can_be_believed(tmp_path, write, um_per_px, verdict):
    write(tmp_path / "slide.tiff", NOISE, um_per_px=um_per_px)
    info = facts(tmp_path / "slide.tiff")
    assert info.um_per_px == (verdict[0] if verdict[0] is None else pytest.approx(verdict[0]))
    assert (info.um_per_px_source, info.notes) == verdict[1:]


def test_a_person_knows_better(tmp_path):
    make.aperio(tmp_path / "slide.svs", NOISE, um_per_px=0.5)
    info = facts(tmp_path / "slide.svs", um_per_px=0.25)
    assert (info.um_per_px, info.um_per_px_source) == (0.25, "user")
    with pytest.raises(UsageError):
        open_openslide(tmp_path / "slide.svs", um_per_px=250)


def test_pixels_that_are_not_square_have_no_scale(tmp_path, told):
    make.aperio(tmp_path / "slide.svs", NOISE)
    told.update({"openslide.mpp-x": "0.5", "openslide.mpp-y": "0.25"})
    info = facts(tmp_path / "slide.svs")
    assert info.um_per_px is None
    assert info.notes == ("anisotropic_scale_ignored",)


def test_the_objective_is_no_scale(tmp_path):
    make.aperio(tmp_path / "slide.svs", NOISE, um_per_px=None, magnification=40)
    info = facts(tmp_path / "slide.svs")
    assert info.magnification == 40.0
    assert info.um_per_px is None


def test_a_slide_is_known_again_wherever_it_lies(tmp_path):
    make.aperio(tmp_path / "slide.svs", NOISE)
    (tmp_path / "copy.svs").write_bytes((tmp_path / "slide.svs").read_bytes())
    make.aperio(tmp_path / "other.svs", make.noise(300, 200, seed=9))
    first, copy, other = (facts(tmp_path / name) for name in ("slide.svs", "copy.svs", "other.svs"))
    assert first.identity == copy.identity != other.identity
    assert first.format == "Aperio"


def test_only_complete_bounds_crop(tmp_path, told):
    make.aperio(tmp_path / "slide.svs", NOISE)
    told.update({"openslide.bounds-x": "10", "openslide.bounds-y": "21", "openslide.bounds-width": "101"})
    info = facts(tmp_path / "slide.svs")
    assert (info.width, info.height, info.offset) == (300, 200, (0, 0))
    told["openslide.bounds-height"] = "90"
    source = open_openslide(tmp_path / "slide.svs")
    assert (source.info.width, source.info.height, source.info.offset) == (101, 90, (10, 21))
    np.testing.assert_array_equal(source.read((0, 0), 0, (101, 90)), NOISE[21:111, 10:111])
    assert (source.read((-5, -5), 0, (5, 5)) == 255).all()  # the file goes on there, the slide does not
    source.close()


@pytest.mark.parametrize(
    ("bounds", "frame"),
    [
        (("-5", "0", "50", "60"), (0, 0, 45, 60)),
        (("280", "190", "500", "500"), (280, 190, 20, 10)),
        (("400", "0", "50", "50"), (0, 0, 300, 200)),  # nothing would be left
        (("0", "0", "0", "50"), (0, 0, 300, 200)),
        (("zero", "0", "50", "50"), (0, 0, 300, 200)),
    ],
)
def test_bounds_that_leave_the_slide_are_cut_or_ignored(tmp_path, told, bounds, frame):
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE)
    told.update(
        {f"openslide.bounds-{n}": b for n, b in zip(("x", "y", "width", "height"), bounds, strict=True)}
    )
    info = facts(tmp_path / "slide.tiff")
    assert (*info.offset, info.width, info.height) == frame


def test_glass_without_pixels_has_the_colour_that_the_slide_states(tmp_path, told):
    make.leica(tmp_path / "slide.scn", [(NOISE, (100, 100)), (NOISE, (500, 400))], (1000, 800))
    source = open_openslide(tmp_path / "slide.scn")
    assert (source.read((350, 250), 0, (20, 20)) == 255).all()
    source.close()
    told["openslide.background-color"] = "F0E0D0"
    source = open_openslide(tmp_path / "slide.scn")
    assert (source.read((350, 250), 0, (20, 20)) == (0xF0, 0xE0, 0xD0)).all()
    assert (source.read((350, 250), 1, (5, 5)) == (0xF0, 0xE0, 0xD0)).all()
    np.testing.assert_array_equal(source.read((0, 0), 0, (300, 200)), NOISE)
    assert (source.read((-20, 0), 0, (10, 10)) == 255).all()  # outside the slide
    source.close()


# --- colours ------------------------------------------------------------------------------------------


def swapped_profile():
    """sRGB whose red and green primaries have changed places: red pixels become green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    content = bytes(profile)
    start = 132
    for number in range(int.from_bytes(content[128:132], "big")):
        entry = start + 12 * number
        swapped = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(content[entry : entry + 4])
        if swapped:
            profile[entry : entry + 4] = swapped
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


SRGB = ImageCms.ImageCmsProfile(
    io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
)


@pytest.mark.parametrize("write", [make.tiled_tiff, make.aperio])
def test_a_profile_counts_only_where_colours_are_managed(tmp_path, write):
    red = np.full((128, 128, 3), (200, 30, 30), np.uint8)
    write(tmp_path / "slide.tiff", red, icc=swapped_profile())
    stored = open_openslide(tmp_path / "slide.tiff")
    assert (stored.read((0, 0), 0, (128, 128)) == red).all()
    assert stored.info.notes == ("icc_ignored",)
    stored.close()
    managed = open_openslide(tmp_path / "slide.tiff", colour_managed=True)
    assert managed.info.notes == ()
    for pixels in (managed.read((0, 0), 1, (9, 9)), managed.thumbnail(20), managed.overview(20).pixels):
        seen = pixels.reshape(-1, 3).mean(0)
        assert seen[1] > 150 > seen[0]
    assert (managed.read((-9, 0), 0, (9, 9)) == 255).all()
    managed.close()


def test_the_profile_of_srgb_changes_nothing(tmp_path):
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE, icc=SRGB.tobytes())
    source = open_openslide(tmp_path / "slide.tiff", colour_managed=True)
    np.testing.assert_array_equal(source.read((0, 0), 0, (300, 200)), NOISE)
    assert source.info.notes == ()
    source.close()


def test_a_damaged_profile_is_ignored_and_noted(tmp_path):
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE, icc=b"\0\0\1\0no profile" * 20)
    source = open_openslide(tmp_path / "slide.tiff", colour_managed=True)
    np.testing.assert_array_equal(source.read((0, 0), 0, (300, 200)), NOISE)
    assert source.info.notes == ("icc_ignored",)
    source.close()


# --- what lies beside the tissue ----------------------------------------------------------------------


def test_a_label_is_shown_only_when_it_is_asked_for(tmp_path):
    label = np.full((60, 80, 3), (250, 0, 0), np.uint8)
    make.aperio(tmp_path / "slide.svs", make.tissue(300, 200), beside={"label": label, "macro": label[:50]})
    source = open_openslide(tmp_path / "slide.svs")
    assert source.associated == ("label", "macro", "thumbnail")
    np.testing.assert_array_equal(source.associated_image("label"), label)
    for pixels in (source.thumbnail(150), source.overview(300).pixels):
        assert not (pixels.reshape(-1, 3) == (250, 0, 0)).all(1).any()
    source.close()


# --- levels -------------------------------------------------------------------------------------------


def test_levels_that_are_no_smaller_or_of_another_shape_are_left_out(tmp_path):
    half = make.levels_of(NOISE, 2)[1]
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE, shrunk=[half, half, make.levels_of(half, 2)[1]])
    source = open_openslide(tmp_path / "slide.tiff")
    assert [level.downsample for level in source.info.levels] == [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(source.read((0, 0), 2, (75, 50)), make.levels_of(half, 2)[1])
    source.close()


def test_a_large_slide_without_coarser_levels_is_refused(tmp_path, monkeypatch):
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE, levels=1)
    monkeypatch.setattr(slide_levels, "COARSEST_PIXELS", 59_999)
    with pytest.raises(UnsupportedFormat, match="no coarser levels") as caught:
        open_openslide(tmp_path / "slide.tiff")
    assert "pyramid" in caught.value.hint
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE, levels=2)
    open_openslide(tmp_path / "slide.tiff").close()


def test_absurd_sizes_are_refused_before_anything_is_read(tmp_path, monkeypatch, told):
    make.tiled_tiff(tmp_path / "slide.tiff", NOISE)
    told["openslide.level[1].tile-width"] = "5000000"
    with pytest.raises(ImageTooLarge, match="tiles of 5000000"):
        open_openslide(tmp_path / "slide.tiff")
    told.clear()
    sizes = ((3_000_000, 20), (300, 2))
    monkeypatch.setattr(openslide.OpenSlide, "level_dimensions", property(lambda slide: sizes))
    with pytest.raises(ImageTooLarge, match="3000000"):
        open_openslide(tmp_path / "slide.tiff")


# --- what goes wrong ----------------------------------------------------------------------------------


def test_nothing_but_a_regular_file_is_touched(tmp_path):
    pipe = tmp_path / "pipe.svs"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(NotARegularFile):
            open_openslide(path)


def test_another_slide_in_the_place_of_a_damaged_one_is_noticed(tmp_path):
    path = tmp_path / "slide.scn"
    make.leica(path, [(make.tissue(1024, 768), (20, 10))], (1100, 800))
    make.damage_tile(path, 0, 0)
    source = open_openslide(path)
    with pytest.raises(ImageCorrupt):
        source.read((0, 0), 0, (9, 9))
    path.unlink()
    with pytest.raises(ReadFailed, match="no longer"):
        source.read((500, 500), 0, (9, 9))
    make.leica(path, [(NOISE, (20, 10))], (600, 400))
    with pytest.raises(FileChanged):
        source.read((500, 500), 0, (9, 9))
    source.close()


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.9])
def test_no_error_says_the_name_of_the_file(tmp_path, share):
    path = tmp_path / "Patient Name.tiff"
    make.tiled_tiff(path, NOISE)
    content = path.read_bytes()
    path.write_bytes(content[: max(3, round(share * len(content)))])
    with pytest.raises((ImageCorrupt, UnsupportedFormat)) as caught:
        open_openslide(path)
    assert "Patient" not in caught.value.sentence
    assert caught.value.__suppress_context__


def test_a_slide_of_many_tiles_loses_little_to_three(tmp_path):
    path = tmp_path / "slide.tiff"
    make.tiled_tiff(path, make.tissue(2048, 1536), levels=1)
    for tile in (0, 400, 767):
        make.damage_tile(path, 0, tile)
    source = open_openslide(path)
    seen = source.overview(512)
    source.close()
    assert 0.99 > seen.readable.mean() > 1 - 3 * 2 * 128 * 128 / (2048 * 1536)


def test_a_slide_that_is_nothing_but_damage_ends_soon(tmp_path):
    path = tmp_path / "slide.scn"
    make.leica(path, [(make.tissue(512, 512), (2, 2))], (600, 600))
    for page in (0, 1):
        for tile in range(64 // (4**page)):
            make.damage_tile(path, page, tile)
    source = open_openslide(path)
    assert not source.overview(512).readable.any()
    with pytest.raises(ImageCorrupt, match="No part"):
        source.thumbnail(100)
    source.close()
