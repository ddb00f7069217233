"""T02: a picture that is not complete is refused, wherever it was cut."""

import io

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lungviewer.core.errors import ImageError
from lungviewer.readers import bmp, jpeg, png, tiff, webp
from tests.fixtures import pictures as make

BASE = make.picture(40, 33)
DEEP = make.deep_picture(14, 11)

JPEGS = {
    "baseline": make.encode(BASE, "JPEG", quality=85),
    "progressive": make.encode(BASE, "JPEG", progressive=True),
    "grey progressive": make.encode(BASE, "JPEG", "L", progressive=True),
    "grey": make.encode(BASE, "JPEG", "L"),
    "444": make.encode(BASE, "JPEG", subsampling=0, optimize=True),
    "restart": make.encode(BASE, "JPEG", restart_marker_blocks=1),
    "cmyk": make.encode(BASE, "JPEG", "CMYK"),
    "cmyk progressive": make.encode(BASE, "JPEG", "CMYK", progressive=True),
}
OTHERS = {
    "png": (png.decode, make.encode(BASE, "PNG")),
    "png interlaced": (png.decode, make.png(BASE, 2, interlaced=True)),
    "png 16 bit": (png.decode, make.png(DEEP, 2, 16)),
    "png palette": (png.decode, make.encode(Image.fromarray(BASE).quantize(9), "PNG")),
    "bmp": (bmp.decode, make.encode(BASE, "BMP")),
    "bmp palette": (bmp.decode, make.encode(Image.fromarray(BASE).quantize(9), "BMP")),
    "webp": (webp.decode, make.encode(BASE, "WEBP")),
    "webp lossless": (webp.decode, make.encode(BASE, "WEBP", lossless=True)),
    "webp alpha": (webp.decode, make.encode(np.dstack([BASE, BASE[..., :1]]), "WEBP")),
}
TIFFS = {
    "raw": make.encode(BASE, "TIFF"),
    "lzw": make.encode(BASE, "TIFF", compression="tiff_lzw"),
    "deflate": make.encode(BASE, "TIFF", compression="tiff_adobe_deflate"),
    "packbits": make.encode(BASE, "TIFF", compression="packbits"),
    "zstd": make.encode(BASE, "TIFF", compression="zstd"),
    "jpeg": make.encode(BASE, "TIFF", compression="jpeg"),
    "two pages": make.tiff_pages([([BASE.tobytes()], make.rgb_tags(40, 33))] * 2),
}


def accepted(decode, data):
    """The pixels, or None if the data were refused by name."""
    try:
        return decode(data).pixels
    except ImageError:
        return None


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_at_any_byte_is_refused(name):
    data = JPEGS[name]
    assert accepted(jpeg.decode, data) is not None
    assert [n for n in range(2, len(data)) if accepted(jpeg.decode, data[:n]) is not None] == []


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_at_any_byte_gives_no_small_picture_either(name):
    data = JPEGS[name]
    small = jpeg.decode(data, side=16).pixels
    assert max(small.shape) == 40 if "cmyk" in name else 16 <= max(small.shape) < 40
    taken = [accepted(lambda cut: jpeg.decode(cut, side=16), data[:n]) for n in range(2, len(data))]
    assert all(pixels is None for pixels in taken)


@pytest.mark.parametrize("name", JPEGS)
def test_a_cut_jpeg_with_a_new_end_marker_is_refused(name):
    data = JPEGS[name]
    whole = jpeg.decode(data).pixels
    for n in range(2, len(data) - 2):
        pixels = accepted(jpeg.decode, data[:n] + b"\xff\xd9")
        assert pixels is None or np.array_equal(pixels, whole), n


def test_libjpeg_alone_would_take_a_progressive_jpeg_without_its_last_scans():
    """The reason for reading the scans: if this fails, check_scans has become unnecessary."""
    data = JPEGS["progressive"]
    last = data.rindex(b"\xff\xda")
    pixels = simplejpeg.decode_jpeg(data[:last] + b"\xff\xd9", strict=True)
    assert not np.array_equal(pixels, jpeg.decode(data).pixels)


def test_a_sequential_jpeg_without_one_of_its_channels_is_refused():
    out = io.BytesIO()
    Image.fromarray(BASE).save(out, "JPEG", subsampling=0)
    data = out.getvalue()
    scan = data.index(b"\xff\xda")
    # A scan header that speaks of the first channel only, in front of data of all three.
    only_first = b"\xff\xda\x00\x08\x01" + data[scan + 5 : scan + 7] + b"\x00\x3f\x00"
    assert accepted(jpeg.decode, data[:scan] + only_first + data[scan + 14 :]) is None


@pytest.mark.parametrize("name", OTHERS)
def test_other_pictures_cut_at_any_byte_are_refused(name):
    decode, data = OTHERS[name]
    assert accepted(decode, data) is not None
    assert [n for n in range(12, len(data)) if accepted(decode, data[:n]) is not None] == []


@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_cut_at_any_byte_is_refused_or_has_lost_nothing(name):
    """Its last byte may be padding that belongs to nothing; then the pixels must be the same."""
    data = TIFFS[name]
    whole = tiff.decode(data).pixels
    lengths = range(4, len(data), 1 if len(data) < 5000 else 3)
    for n in (*lengths, len(data) - 1):
        pixels = accepted(tiff.decode, data[:n])
        assert pixels is None or (n >= len(data) - 2 and np.array_equal(pixels, whole)), n


def test_a_webp_whose_length_was_corrected_after_the_cut_is_refused():
    data = OTHERS["webp"][1]
    for n in range(30, len(data) - 2, 2):
        short = make.replaced(data[:n], 4, (n - 8).to_bytes(4, "little"))
        short = make.replaced(short, 16, (n - 20).to_bytes(4, "little"))
        assert accepted(webp.decode, short) is None, n


@settings(max_examples=120)
@given(
    seed=st.integers(0, 10_000),
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    quality=st.integers(20, 100),
    progressive=st.booleans(),
    share=st.floats(0.05, 0.999),
)
def test_any_jpeg_cut_anywhere_is_refused(seed, width, height, quality, progressive, share):
    data = make.encode(make.picture(width, height, seed), "JPEG", quality=quality, progressive=progressive)
    assert jpeg.decode(data).pixels.shape == (height, width, 3)
    assert accepted(jpeg.decode, data[: int(len(data) * share)]) is None


@settings(max_examples=80)
@given(
    seed=st.integers(0, 10_000),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    share=st.floats(0.05, 0.999),
    which=st.sampled_from(["PNG", "WEBP", "BMP", "TIFF"]),
)
def test_any_other_picture_cut_anywhere_is_refused(seed, width, height, share, which):
    decode = {"PNG": png.decode, "WEBP": webp.decode, "BMP": bmp.decode, "TIFF": tiff.decode}[which]
    options = {"WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_adobe_deflate"}}.get(which, {})
    pixels = make.picture(width, height, seed)
    data = make.encode(pixels, which, **options)
    np.testing.assert_array_equal(decode(data).pixels, pixels)
    kept = accepted(decode, data[: int(len(data) * share)])
    assert kept is None or (which == "TIFF" and np.array_equal(kept, pixels))
