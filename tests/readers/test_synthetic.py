"""Pictures of the simulator are refused as images of patients, also when their texts are gone."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lungviewer.core.errors import SyntheticImage
from lungviewer.core.simulator import Step, Strip
from lungviewer.core.synthetic import BAR_ROWS, BARS, MARK, SMALLEST_WIDTH, bars, has_bars, strongest_bars
from lungviewer.exporters.strip_gif import write_strip_gif
from lungviewer.exporters.strip_png import write_strip_png
from lungviewer.exporters.strip_sheet import strip_sheet
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image
from lungviewer.readers.raster import open_raster
from lungviewer.services.progression import Simulator
from tests.fixtures.simulators import STAGES, strip_of, tiny_simulator


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A strip of five steps as PNG and as GIF."""
    folder = tmp_path_factory.mktemp("strips")
    simulator = Simulator.open(load_simulator(tiny_simulator(folder / "pack")))
    strip = strip_of(simulator, 5)
    write_strip_png(folder / "strip.png", strip)
    write_strip_gif(folder / "strip.gif", strip)
    simulator.close()
    return folder


@pytest.fixture(scope="module")
def sheet(exported):
    with Image.open(exported / "strip.png") as picture:
        return _bare(picture)


@pytest.fixture(scope="module")
def frame(exported):
    with Image.open(exported / "strip.gif") as picture:
        picture.seek(3)
        return _bare(picture)


def _bare(picture):
    """Its pixels without the texts, which Pillow would carry along."""
    return Image.fromarray(np.asarray(picture.convert("RGB")))


def refused(path):
    with pytest.raises(SyntheticImage) as caught:
        open_raster(path)
    assert caught.value.code == "synthetic"
    assert "simulator" in caught.value.message
    assert not caught.value.transient


@pytest.mark.parametrize("name", ["strip.png", "strip.gif"])
def test_an_export_is_refused_under_any_name(exported, tmp_path, name):
    refused(exported / name)
    shutil.copy(exported / name, tmp_path / "patient 7.jpg")
    refused(tmp_path / "patient 7.jpg")


def test_the_text_alone_is_enough(exported, tmp_path):
    data = (exported / "strip.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    refused(tmp_path / "cut.png")
    Image.new("L", (64, 64), 90).save(tmp_path / "text.jpg", comment=f"{MARK}.".encode())
    refused(tmp_path / "text.jpg")


def test_the_text_alone_is_enough_at_the_end_of_a_file(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.bmp")
    open_raster(tmp_path / "noise.bmp")
    with (tmp_path / "noise.bmp").open("ab") as stream:
        stream.write(MARK.encode())
    refused(tmp_path / "noise.bmp")


KINDS = {
    "PNG": {},
    "JPEG": {"quality": 60},
    "WEBP": {"quality": 60},
    "TIFF": {},
    "BMP": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_without_its_text_it_is_refused_by_its_bars(sheet, frame, tmp_path, kind):
    for picture in (sheet, frame):
        picture.save(tmp_path / "again", kind, **KINDS[kind])
        assert MARK.encode() not in (tmp_path / "again").read_bytes()
        refused(tmp_path / "again")


@pytest.mark.parametrize(
    "how", [Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS]
)
@pytest.mark.parametrize("factor", [0.5, 0.73, 1.0, 1.37, 2.0])
@pytest.mark.parametrize("quality", [60, 95])
def test_resized_and_saved_as_jpeg_it_is_refused(sheet, frame, factor, how, quality):
    for picture in (sheet, frame):
        size = (round(picture.width * factor), round(picture.height * factor))
        stream = io.BytesIO()
        picture.resize(size, how).save(stream, "JPEG", quality=quality)
        with Image.open(stream) as again:
            assert has_bars(np.asarray(again))


@pytest.mark.parametrize("turn", list(Image.Transpose))
def test_turned_or_mirrored_it_is_refused(sheet, turn):
    assert has_bars(np.asarray(sheet.transpose(turn)))


def test_inverted_or_halved_from_above_it_is_refused(sheet):
    pixels = np.asarray(sheet)
    assert has_bars(255 - pixels)
    assert has_bars(pixels[len(pixels) // 2 :])
    height = len(bars(sheet.width))
    assert not has_bars(pixels[height + 8 : -height - 8])  # what is left of it are letters


@pytest.fixture(scope="module")
def long_sheet():
    """Nine steps: far wider than high."""
    steps = tuple(Step(i / 4, np.full((64, 64), 25 * i, np.uint8)) for i in range(9))
    return Image.fromarray(strip_sheet(Strip("a@1", STAGES, "seed 1", steps)))


@pytest.mark.parametrize("width", [254, 330, 400, 621, 930])
@pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.LANCZOS])
def test_a_long_strip_made_small_is_refused(long_sheet, width, how):
    stream = io.BytesIO()
    size = (width, round(long_sheet.height * width / long_sheet.width))
    long_sheet.resize(size, how).save(stream, "JPEG", quality=75)
    with Image.open(stream) as again:
        assert has_bars(np.asarray(again))


@pytest.mark.parametrize("colour", ["white", "black", "#808080", "#1e90ff"])
@pytest.mark.parametrize(("beside", "above"), [(2, 20), (0, 25), (30, 0), (150, 90)])
def test_within_a_border_of_one_colour_it_is_refused(sheet, frame, long_sheet, colour, beside, above):
    for picture in (sheet, frame, long_sheet):
        shot = Image.new("RGB", (picture.width + 2 * beside, picture.height + 2 * above), colour)
        shot.paste(picture, (beside, above))
        stream = io.BytesIO()
        shot.save(stream, "JPEG", quality=80)
        with Image.open(stream) as again:
            assert has_bars(np.asarray(again))
            assert has_bars(np.asarray(again.transpose(Image.Transpose.ROTATE_90)))


def test_the_isolated_decoder_refuses_it_too(sheet, tmp_path):
    sheet.save(tmp_path / "strip.tif")
    decoder = IsolatedDecoder(workers=1)
    try:
        with pytest.raises(SyntheticImage):
            open_image(tmp_path / "strip.tif", isolated=decoder)
    finally:
        decoder.close()


def test_the_bars_are_as_wide_as_the_picture_and_like_nothing_shifted():
    for width in (SMALLEST_WIDTH, 777, 4000):
        pattern = bars(width)
        assert pattern.shape == (max(BAR_ROWS, width // 64), width)
        assert set(np.unique(pattern)) == {0, 255}
        assert np.count_nonzero(np.diff(pattern[0].astype(int))) == 64  # half of all neighbours
    chips = bars(BARS)[0].astype(float) / 127.5 - 1
    assert {round(float(chips @ np.roll(chips, by))) for by in range(1, BARS)} == {-1}


# --- real images --------------------------------------------------------------------------------------


@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from(["noise", "ramp", "stripes", "flat", "blocks"]),
    st.integers(0, 2**31),
)
def test_made_up_pictures_are_not_taken_for_it(height, width, kind, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    grey = {
        "noise": lambda: random.integers(0, 256, (height, width)),
        "ramp": lambda: (x * random.random() + y * random.random()) % 256,
        "stripes": lambda: 255 * ((x // random.integers(1, 30)) % 2),
        "flat": lambda: np.full((height, width), random.integers(256)),
        "blocks": lambda: (
            255
            * random.integers(0, 2, (height // 16 + 1, width // 16 + 1))
            .repeat(16, 0)
            .repeat(16, 1)[:height, :width]
        ),
    }[kind]()
    assert strongest_bars(np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)) < 0.6


REAL = {"lung_histology": 5875, "lung_ct": 878, "external_dev": 365}


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_no_real_image_is_taken_for_it(shared_data, name, whole):
    """Every image in the slow test, every fortieth in the quick one."""
    paths = sorted(
        p for p in (shared_data / name).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")
    )
    assert len(paths) == REAL[name]
    for path in paths if whole else paths[::40]:
        with Image.open(path) as picture:
            pixels = picture.convert("RGB")
        assert strongest_bars(np.asarray(pixels)) < 0.5
        assert strongest_bars(np.asarray(pixels.resize((640, 640)))) < 0.5


@pytest.mark.parametrize("name", ["lung_histology", "lung_ct"])
def test_real_files_open_as_before(shared_data, name):
    for path in sorted((shared_data / name).rglob("*.jp*g"))[::400]:
        assert open_raster(path).info.width > 200
