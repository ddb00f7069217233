"""µm/px: believed only where it is meant, and never guessed."""

import struct

import pytest

from lungviewer.core.errors import UsageError
from lungviewer.readers import scale
from lungviewer.readers.raster import open_raster
from tests.fixtures import pictures as make
from tests.fixtures.pictures import ASCII, RATIONAL, SHORT

BASE = make.picture(20, 16)


def opened(data, tmp_path, um_per_px=None):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return open_raster(path, um_per_px).info


def tiff_with(description="", x=(1, 1), y=None, unit=2):
    changes = {"t282": (RATIONAL, [x]), "t283": (RATIONAL, [y or x]), "t296": (SHORT, unit)}
    if description:
        changes["t270"] = (ASCII, description)
    return make.tiff([BASE.tobytes()], make.rgb_tags(20, 16, **changes))


def ome(attributes):
    return f'<?xml version="1.0"?><OME><Image><Pixels {attributes} SizeX="20"></Pixels></Image></OME>'


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ('PhysicalSizeX="0.5" PhysicalSizeY="0.5"', 0.5),
        ('PhysicalSizeX="0.5"', 0.5),
        ("PhysicalSizeX='0.5' PhysicalSizeY='0.5'", 0.5),
        ('PhysicalSizeX="230" PhysicalSizeXUnit="nm" PhysicalSizeY="0.23" PhysicalSizeYUnit="µm"', 0.23),
        ('PhysicalSizeX="5E-4" PhysicalSizeXUnit="mm" PhysicalSizeY="0.5"', 0.5),
        (
            'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#181;m" PhysicalSizeY="0.5" PhysicalSizeYUnit="&#xB5;m"',
            0.5,
        ),
        ('PhysicalSizeX="10" PhysicalSizeY="10"', 10.0),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="pixel"', None),
        ('PhysicalSizeX="NaN"', None),
        ('PhysicalSizeX="-0.5"', None),
        ('PhysicalSizeX="half"', None),
        ('PhysicalSizeY="0.5"', None),
    ],
)
def test_ome_xml_states_the_scale_in_its_own_unit(tmp_path, attributes, wanted):
    info = opened(tiff_with(ome(attributes)), tmp_path)
    assert info.um_per_px == (None if wanted is None else pytest.approx(wanted))
    assert info.um_per_px_source == ("" if wanted is None else "ome")


@pytest.mark.parametrize(
    ("unit", "pixels", "wanted"),
    [
        ("micron", (4, 1), 0.25),
        ("um", (2, 1), 0.5),
        ("\\u00B5m", (2, 1), 0.5),
        ("mm", (2000, 1), 0.5),
        ("inch", (50800, 1), 0.5),
        ("pixel", (2, 1), None),
        ("", (2, 1), None),
        ("micron", (0, 1), None),
        ("micron", (1, 0), None),
    ],
)
def test_imagej_states_pixels_per_unit(tmp_path, unit, pixels, wanted):
    info = opened(tiff_with(f"ImageJ=1.54f\nunit={unit}\n", pixels, unit=1), tmp_path)
    assert info.um_per_px == (None if wanted is None else pytest.approx(wanted))
    assert info.um_per_px_source == ("" if wanted is None else "imagej")


@pytest.mark.parametrize(
    ("pixels", "unit", "wanted"),
    [
        ((20000, 1), 3, 0.5),
        ((50800, 1), 2, 0.5),
        ((300, 1), 2, None),
        ((72, 1), 2, None),
        ((1, 1), 2, None),
        ((20000, 1), 1, None),
        ((1 << 31, 1), 2, None),
    ],
)
def test_resolution_tags_count_only_in_the_range_of_microscopes(tmp_path, pixels, unit, wanted):
    info = opened(tiff_with("", pixels, unit=unit), tmp_path)
    assert info.um_per_px == (None if wanted is None else pytest.approx(wanted))
    assert info.notes == ()


def test_what_was_stated_on_purpose_beats_a_resolution_tag(tmp_path):
    info = opened(tiff_with(ome('PhysicalSizeX="0.25"'), (20000, 1), unit=3), tmp_path)
    assert (info.um_per_px, info.um_per_px_source) == (0.25, "ome")


def test_png_and_jpeg_state_it_in_their_own_ways(tmp_path):
    png = make.with_chunk(make.png(BASE, 2), b"pHYs", struct.pack(">IIB", 4_000_000, 4_000_000, 1))
    assert opened(png, tmp_path).um_per_px == pytest.approx(0.25)
    shape_only = make.with_chunk(make.png(BASE, 2), b"pHYs", struct.pack(">IIB", 4_000_000, 4_000_000, 0))
    assert opened(shape_only, tmp_path).um_per_px is None
    jfif = make.encode(BASE, "JPEG", dpi=(50_800, 50_800))
    info = opened(jfif, tmp_path)
    assert info.um_per_px == pytest.approx(0.5)
    assert info.um_per_px_source == "resolution tag"
    assert opened(make.encode(BASE, "JPEG", dpi=(300, 300)), tmp_path).um_per_px is None


def test_pixels_that_are_not_square_have_no_scale(tmp_path):
    skewed = opened(tiff_with(ome('PhysicalSizeX="0.5" PhysicalSizeY="0.52"')), tmp_path)
    assert skewed.um_per_px is None
    assert skewed.notes == ("anisotropic_scale_ignored",)
    nearly = opened(tiff_with(ome('PhysicalSizeX="0.5" PhysicalSizeY="0.505"')), tmp_path)
    assert nearly.um_per_px == pytest.approx(0.5025)
    tag = opened(tiff_with("", (20000, 1), (10000, 1), unit=3), tmp_path)
    assert tag.notes == ("anisotropic_scale_ignored",)


def test_an_absurd_statement_is_set_aside_with_a_note(tmp_path):
    info = opened(tiff_with(ome('PhysicalSizeX="400" PhysicalSizeY="400"')), tmp_path)
    assert info.um_per_px is None
    assert info.notes == ("implausible_scale_ignored",)


def test_a_person_s_scale_wins_and_is_checked(tmp_path):
    data = tiff_with(ome('PhysicalSizeX="0.5" PhysicalSizeY="0.9"'))
    info = opened(data, tmp_path, 0.3)
    assert (info.um_per_px, info.um_per_px_source, info.notes) == (0.3, "user", ())
    for absurd in (0.0, -1.0, 0.019, 20.1, float("nan"), float("inf")):
        with pytest.raises(UsageError):
            opened(data, tmp_path, absurd)


def test_entities_of_a_description_are_not_expanded(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "0.5">]><OME><Pixels PhysicalSizeX="&a;" SizeX="1"/></OME>'
    assert opened(tiff_with(bomb), tmp_path).um_per_px is None


@pytest.mark.parametrize(
    ("um_x", "um_y", "wanted"),
    [("0.25", "0.26", (0.25, 0.26)), ("0.25", None, (0.25, 0.25)), (None, "0.5", (0.5, 0.5))],
)
def test_a_slide_states_its_scale_as_text(um_x, um_y, wanted):
    assert scale.from_slide(um_x, um_y, "slide") == [scale.ScaleClaim(*wanted, "slide")]


@pytest.mark.parametrize("text", [None, "", "0", "-1", "nan", "inf", "0,25", "1e999", "a quarter"])
def test_what_is_no_length_is_no_claim(text):
    assert scale.from_slide(text, text, "slide") == []


def test_of_several_images_the_one_that_is_meant_states_the_scale():
    pixels = '<Pixels SizeX="{0}" SizeY="{0}" PhysicalSizeX="{1}"/>'
    text = pixels.format(40, 90) + pixels.format(300, 0.25)
    assert scale.from_ome_xml(text, (300, 300)) == [scale.ScaleClaim(0.25, 0.25, "ome")]
    assert scale.from_ome_xml(text) == [scale.ScaleClaim(90.0, 90.0, "ome")]
    assert scale.from_ome_xml(text, (300, 200)) == []
