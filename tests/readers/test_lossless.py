"""T02: one picture in every encoding is identical, or as near as its encoding allows, or refused."""

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from lungviewer.readers.raster import open_raster
from tests.fixtures import pictures as make
from tests.fixtures.pictures import LONG, SHORT

BASE = make.picture(101, 67)
GREY = BASE[..., 0].copy()
DEEP = make.deep_picture(101, 67)
RAMP = np.tile(np.linspace(0, 255, 101).astype(np.uint8), (67, 1))


def opened(data, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(data)
    source = open_raster(path)
    return source.read((0, 0), 0, (source.info.width, source.info.height)), source.info


def three(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def scaled(deep):
    return np.rint(deep / 257.0).astype(np.uint8)


def on_white(colour, alpha):
    share = alpha[..., None] / 255.0
    return np.rint(colour * share + 255 * (1 - share)).astype(np.uint8)


def by_tifffile(samples, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, samples, metadata=None, **options)
    return out.getvalue()


def quantised():
    image = Image.fromarray(BASE).quantize(16)
    return image, np.asarray(image.convert("RGB"))


def lossless_cases():
    image, looked_up = quantised()
    bilevel = Image.fromarray(GREY).convert("1")
    black_white = np.asarray(bilevel.convert("RGB"))
    cmyk = Image.fromarray(BASE).convert("CMYK")
    yield "png rgb", make.png(BASE, 2), BASE
    yield "png interlaced", make.png(BASE, 2, interlaced=True), BASE
    yield "png all filters", make.encode(BASE, "PNG", optimize=True), BASE
    yield "png grey", make.png(GREY[..., None], 0), three(GREY)
    yield "png palette", make.encode(image, "PNG"), looked_up
    yield "png palette 4 bit", make.encode(image, "PNG", bits=4), looked_up
    yield "png bilevel", make.encode(bilevel, "PNG"), black_white
    yield "png rgba", make.png(np.dstack([BASE, RAMP]), 6), on_white(BASE, RAMP)
    yield "png grey alpha", make.png(np.dstack([GREY, RAMP]), 4), on_white(three(GREY), RAMP)
    yield "png 16", make.png(DEEP, 2, 16), scaled(DEEP)
    yield "png 16 interlaced", make.png(DEEP, 2, 16, interlaced=True), scaled(DEEP)
    yield "png 16 grey", make.png(DEEP[..., :1], 0, 16), three(scaled(DEEP[..., 0]))
    yield "webp lossless", make.encode(BASE, "WEBP", lossless=True), BASE
    rgba = make.encode(np.dstack([BASE, RAMP]), "WEBP", lossless=True, exact=True)
    yield "webp lossless alpha", rgba, on_white(BASE, RAMP)
    yield "bmp 24", make.encode(BASE, "BMP"), BASE
    yield "bmp 32", make.encode(np.dstack([BASE, RAMP]), "BMP"), None
    yield "bmp palette", make.encode(image, "BMP"), looked_up
    yield "bmp bilevel", make.encode(bilevel, "BMP"), black_white
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd"):
        yield f"tiff {compression}", make.encode(BASE, "TIFF", compression=compression), BASE
        yield f"tiff {compression} palette", make.encode(image, "TIFF", compression=compression), looked_up
        yield (
            f"tiff {compression} bilevel",
            make.encode(bilevel, "TIFF", compression=compression),
            black_white,
        )
    naive = np.asarray(cmyk.convert("RGB"))
    yield "tiff cmyk", make.encode(cmyk, "TIFF"), naive
    for depth in (1, 2, 4):
        yield f"tiff {depth} bit", *few_bits(depth, 1)
        yield f"tiff {depth} bit white is zero", *few_bits(depth, 0)


def few_bits(bits, colour):
    values = GREY >> (8 - bits)
    text = ["".join(format(int(v), f"0{bits}b") for v in row) for row in values]
    rows = [line + "0" * (-len(line) % 8) for line in text]
    packed = b"".join(int(row, 2).to_bytes(len(row) // 8, "big") for row in rows)
    changes = {"t258": (SHORT, bits), "t262": (SHORT, colour), "t277": (SHORT, 1)}
    grey = np.rint(values / ((1 << bits) - 1) * 255).astype(np.uint8)
    return make.tiff([packed], make.rgb_tags(101, 67, **changes)), three(grey if colour else 255 - grey)


def tifffile_cases():
    planes, deep_planes = np.moveaxis(BASE, 2, 0).copy(), np.moveaxis(DEEP, 2, 0).copy()
    for order in "<>":
        for big in (False, True):
            for compression, predictor in ((None, None), ("zlib", None), ("zlib", 2)):
                for tile, rows in ((None, None), (None, 7), ((32, 48), None)):
                    options = {
                        "byteorder": order,
                        "bigtiff": big,
                        "compression": compression,
                        "predictor": predictor,
                        "tile": tile,
                        "rowsperstrip": rows,
                    }
                    name = " ".join(str(value) for value in options.values())
                    yield f"rgb {name}", by_tifffile(BASE, photometric="rgb", **options), BASE
                    yield f"rgb16 {name}", by_tifffile(DEEP, photometric="rgb", **options), scaled(DEEP)
                    grey = by_tifffile(GREY, photometric="miniswhite", **options)
                    yield f"white is zero {name}", grey, 255 - three(GREY)
                    separate = {"photometric": "rgb", "planarconfig": "separate", **options}
                    yield f"planar {name}", by_tifffile(planes, **separate), BASE
                    yield f"planar16 {name}", by_tifffile(deep_planes, **separate), scaled(DEEP)


def test_lossless_encodings_are_identical(tmp_path):
    for name, data, wanted in lossless_cases():
        pixels, _ = opened(data, tmp_path)
        if wanted is None:  # Pillow writes the fourth byte and no mask: reserved, not transparency
            wanted = BASE
        np.testing.assert_array_equal(pixels, wanted, name)


def test_every_layout_of_tiff_is_identical(tmp_path):
    for name, data, wanted in tifffile_cases():
        pixels, _ = opened(data, tmp_path)
        np.testing.assert_array_equal(pixels, wanted, name)


def test_opencv_s_16_bit_lzw_tiff_is_identical(tmp_path):
    _, coded = cv2.imencode(".tiff", DEEP[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    np.testing.assert_array_equal(opened(coded.tobytes(), tmp_path)[0], scaled(DEEP))


def test_16_bits_are_scaled_over_the_whole_range_and_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 256 * 3).round().astype(np.uint16).reshape(1, 256, 3)
    pixels, info = opened(make.png(ramp, 2, 16), tmp_path)
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert len(np.unique(pixels)) == 256
    assert "16bit_scaled" in info.notes


def lossy_cases():
    """Mean absolute difference from the saved picture, over all samples, at most 2 of 255."""
    smooth = cv2.GaussianBlur(BASE, (0, 0), 8)
    grey = three(smooth[..., 0])
    yield "jpeg 444", make.encode(smooth, "JPEG", quality=95, subsampling=0), smooth
    yield "jpeg 422", make.encode(smooth, "JPEG", quality=95, subsampling=1), smooth
    yield "jpeg 420", make.encode(smooth, "JPEG", quality=95, subsampling=2), smooth
    yield "jpeg progressive", make.encode(smooth, "JPEG", quality=95, progressive=True), smooth
    yield "jpeg restart", make.encode(smooth, "JPEG", quality=95, restart_marker_rows=1), smooth
    yield "jpeg grey", make.encode(smooth[..., 0], "JPEG", quality=95), grey
    yield "jpeg cmyk", make.encode(smooth, "JPEG", "CMYK", quality=95), smooth
    yield "jpeg rgb", make.encode(smooth, "JPEG", quality=95, keep_rgb=True), smooth
    yield "webp", make.encode(smooth, "WEBP", quality=98), smooth
    yield "tiff jpeg", make.encode(smooth, "TIFF", compression="jpeg", quality=95), smooth
    yield "tiff jpeg ycbcr", make.encode(smooth, "TIFF", "YCbCr", compression="jpeg", quality=95), smooth
    yield "tiff jpeg grey", make.encode(smooth[..., 0], "TIFF", compression="jpeg", quality=95), grey
    for name in ("411", "420", "422", "440", "444"):
        factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}")
        options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_QUALITY, 97]
        yield f"opencv {name}", cv2.imencode(".jpg", smooth[..., ::-1], options)[1].tobytes(), smooth


def test_lossy_encodings_are_near(tmp_path):
    for name, data, wanted in lossy_cases():
        pixels, _ = opened(data, tmp_path)
        difference = np.abs(pixels.astype(float) - wanted)
        assert difference.mean() <= 2, name
        cast = np.abs((pixels.astype(float) - wanted).mean((0, 1))).max()
        assert cast <= 1.5, name  # Pillow's own way to YCbCr and back costs 1.3


def test_jpeg_is_what_pillow_makes_of_it(tmp_path):
    for options in ({}, {"progressive": True}, {"subsampling": 0}, {"mode": "L"}, {"mode": "CMYK"}):
        data = make.encode(BASE, "JPEG", **options)
        wanted = np.asarray(Image.open(io.BytesIO(data), formats=["JPEG"]).convert("RGB"))
        difference = np.abs(opened(data, tmp_path)[0].astype(int) - wanted)
        assert difference.max() <= 1, options


def test_ycck_is_what_pillow_makes_of_it(tmp_path):
    data = make.encode(BASE, "JPEG", "CMYK", quality=95)
    data = make.replaced(data, data.index(b"Adobe") + 11, b"\2")
    wanted = np.asarray(Image.open(io.BytesIO(data), formats=["JPEG"]).convert("RGB"))
    assert np.abs(opened(data, tmp_path)[0].astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, orientation):
    image = Image.fromarray(BASE)
    image.getexif()[274] = orientation
    wanted = np.asarray(ImageOps.exif_transpose(image))
    block = make.exif_block(orientation)
    png = make.with_chunk(make.png(BASE, 2), b"eXIf", block[6:])
    tiff = make.tiff([BASE.tobytes()], make.rgb_tags(101, 67, t274=(SHORT, orientation)))
    webp = make.encode(BASE, "WEBP", lossless=True, exif=block)
    for data in (png, tiff, webp):
        pixels, info = opened(data, tmp_path)
        np.testing.assert_array_equal(pixels, wanted)
        assert (info.height, info.width) == wanted.shape[:2]
        assert ("exif_rotated" in info.notes) == (orientation != 1)


def test_transparency_is_laid_on_white_with_associated_and_other_alpha(tmp_path):
    multiplied = np.rint(BASE * (RAMP[..., None] / 255.0)).astype(np.uint8)
    for colour, extra in ((BASE, 2), (multiplied, 1)):
        four = np.dstack([colour, RAMP])
        tags = make.rgb_tags(101, 67, t258=(SHORT, [8] * 4), t277=(SHORT, 4), t338=(SHORT, extra))
        pixels, _ = opened(make.tiff([four.tobytes()], tags), tmp_path)
        difference = np.abs(pixels.astype(int) - on_white(BASE, RAMP))
        assert difference.max() <= (extra == 1)  # multiplying rounded once already


def test_bit_field_bitmaps_are_identical_or_refused(tmp_path):
    five = BASE >> 3
    packed = (five[..., 0].astype(np.uint16) << 10) | (five[..., 1].astype(np.uint16) << 5) | five[..., 2]
    rows = np.zeros((67, 102), "<u2")
    rows[:, :101] = packed[::-1]
    header = struct.pack("<IiiHHIIiiII", 40, 101, 67, 1, 16, 0, rows.nbytes, 0, 0, 0, 0)
    data = b"BM" + struct.pack("<IHHI", 54 + rows.nbytes, 0, 0, 54) + header + rows.tobytes()
    pixels, _ = opened(data, tmp_path)
    assert np.abs(pixels.astype(int) - np.rint(five / 31 * 255)).max() <= 1


def test_the_first_page_is_read_and_the_others_are_counted(tmp_path):
    pages = [([np.full_like(BASE, 40 * i).tobytes()], make.rgb_tags(101, 67)) for i in range(1, 5)]
    pixels, info = opened(make.tiff_pages(pages), tmp_path)
    assert (pixels == 40).all()
    assert info.notes == ("first_frame_of_4",)
    assert info.frames == 1


def test_strips_and_tiles_are_counted_from_the_layout(tmp_path):
    strips = [BASE[y : y + 9].tobytes() for y in range(0, 67, 9)]
    pixels, _ = opened(make.tiff(strips, make.rgb_tags(101, 67, t278=(LONG, 9))), tmp_path)
    np.testing.assert_array_equal(pixels, BASE)
