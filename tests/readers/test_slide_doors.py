"""Every door opens a slide the same way, and whatever is wrong with one is a sentence, never a wait."""

import os
import shutil
import threading
from contextlib import closing

import numpy as np
import pytest

from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecodeTimeout,
    FileVanished,
    ImageCorrupt,
    ImageError,
    ImageTruncated,
    NotARegularFile,
    ReadFailed,
    UnsupportedFormat,
)
from lungviewer.core.geometry import Rect
from lungviewer.core.registry import READERS
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_image, open_slide, read_thumbnail
from lungviewer.readers.slide_pyramid import LARGEST_HELD_PIXELS, SlidePyramid, with_levels
from lungviewer.services.viewing import open_view
from tests.contracts.slide_contract import DamageContract, SlideContract, SlideSample, damaged_slide
from tests.fixtures import pictures as make
from tests.fixtures import slides
from tests.fixtures.slide_openers import OPENER, OddSlide, odd_slide

SIZE = (300, 200)


class TestLeica(SlideContract):
    """Cropped to its bounds; opened once for the whole suite, because each opening starts a process."""

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("leica") / "slide.scn"
        pixels = slides.noise(*SIZE)
        slides.leica(path, [(pixels, (302, 204))], (1200, 900))
        levels = slides.levels_of(pixels, 2)
        return SlideSample(
            path,
            lambda: open_slide(path, readers=2),
            SIZE,
            0.5,
            pixels,
            levels=levels,
            offset=(302, 204),
            beside=("macro",),
        )

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, sample):
        source = sample.open()
        yield source
        source.close()


class TestOneLevelWithLevels(SlideContract):
    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("aperio") / "slide.svs"
        pixels = slides.noise(1300, 1001)
        slides.aperio(path, pixels, levels=1, beside={"label": slides.noise(40, 30)})
        levels = slides.levels_of(pixels, 3)
        beside = ("label", "thumbnail")
        return SlideSample(
            path, lambda: open_view(path), (1300, 1001), 0.5, pixels, 1, levels=levels, beside=beside
        )

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, sample):
        source = sample.open()
        yield source
        source.close()


class TestDamage(DamageContract):
    @pytest.fixture
    def damaged(self, tmp_path):
        return damaged_slide(tmp_path / "damaged.scn", open_slide)


BAD_SLIDES = {
    "broken.svs": "not_an_image",
    "unreadable.svs": "corrupt",
    "unopenable.tiff": "unsupported_format",
    "wsi_unreadable_by_openslide.dcm": "corrupt",
}


@pytest.mark.parametrize(("name", "code"), BAD_SLIDES.items())
def test_a_bad_slide_is_a_sentence_at_every_door(shared_data, name, code):
    path = shared_data / "slides" / name

    def look(door):
        with closing(door(path)) as slide:
            slide.thumbnail(64)

    for door in (lambda: look(open_view), lambda: look(open_slide), lambda: read_thumbnail(path, 64)):
        with pytest.raises(ImageError) as caught:
            door()
        assert caught.value.code == code
        assert caught.value.hint
        assert path.stem not in caught.value.sentence


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
def test_a_slide_that_was_cut_is_a_sentence_or_a_slide_with_holes(shared_data, tmp_path, share):
    path = tmp_path / "cut.svs"
    whole = (shared_data / "slides" / "cmu_small_region.svs").read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        slide = open_slide(path)
    except (ImageCorrupt, ImageTruncated, UnsupportedFormat):
        return
    seen = slide.overview(200)
    slide.close()
    assert seen.pixels.shape == (*seen.readable.shape, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_folders_and_what_is_gone_are_told_by_every_door(tmp_path):
    os.mkfifo(tmp_path / "x.svs")
    (tmp_path / "folder.svs").mkdir()
    doors = (open_view, open_image, open_slide, lambda path: read_thumbnail(path, 64))
    for name, error in (
        ("x.svs", NotARegularFile),
        ("folder.svs", NotARegularFile),
        ("gone.svs", FileVanished),
    ):
        for door in doors:
            with pytest.raises(error):
                door(tmp_path / name)


def test_a_small_slide_is_shown_whole_and_without_its_label(shared_data, tmp_path):
    assert read_thumbnail(shared_data / "slides" / "small.svs", 64).shape == (16, 16, 3)
    red = np.zeros((60, 40, 3), np.uint8)
    red[..., 0] = 255
    path = tmp_path / "labelled.svs"
    pixels = slides.tissue(400, 300)
    slides.aperio(path, pixels, beside={"label": red, "macro": red, "thumbnail": red})
    small = read_thumbnail(path, 100)
    assert small.shape == (75, 100, 3)
    assert np.abs(small.mean((0, 1)) - pixels.mean((0, 1))).max() < 3


def test_the_dicom_twin_is_the_same_slide(shared_data):
    one = shared_data / "slides" / "cmu_small_region.svs"
    for name in ("1.dcm", "2.dcm"):
        twin = shared_data / "slides" / "cmu_small_region_dicom" / name
        with closing(open_slide(twin)) as dicom, closing(open_slide(one)) as aperio:
            assert (dicom.info.width, dicom.info.height) == (aperio.info.width, aperio.info.height)
            assert dicom.info.um_per_px == pytest.approx(aperio.info.um_per_px)
            difference = dicom.thumbnail(200).astype(int) - aperio.thumbnail(200)
            assert np.abs(difference).mean() < 2


def test_closing_a_decoder_closes_the_slides_beside_it(tmp_path):
    path = tmp_path / "slide.svs"
    slides.aperio(path, slides.noise(64, 64))
    decoder = IsolatedDecoder()
    slide = open_slide(path, decoder=decoder)
    decoder.close()
    with pytest.raises(ReadFailed, match="closed"):
        slide.read((0, 0), 0, (8, 8))
    with pytest.raises(Cancelled):
        open_slide(path, decoder=decoder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_closing_a_decoder_interrupts_a_slide_that_is_being_opened(tmp_path, monkeypatch):
    path = tmp_path / "a.mrxs"
    path.write_bytes(make.encode(make.picture(20, 16), "JPEG"))
    odd_slide(path, opening="hang")
    monkeypatch.setitem(READERS, "slide", OPENER)
    os.mkfifo(tmp_path / "busy")
    decoder, ended = IsolatedDecoder(), []

    def open_it():
        with pytest.raises(Cancelled):
            open_slide(path, decoder=decoder)
        ended.append(True)

    thread = threading.Thread(target=open_it)
    thread.start()
    assert (tmp_path / "busy").read_bytes() == b"now"
    decoder.close()
    thread.join(20)
    assert ended == [True]


def test_thumbnails_of_slides_keep_the_deadline_of_their_decoder(tmp_path, monkeypatch):
    monkeypatch.setitem(READERS, "slide", OPENER)
    path = tmp_path / "hang"
    odd_slide(path, opening="hang")
    with IsolatedDecoder(deadline_s=0.2) as decoder, pytest.raises(DecodeTimeout, match=r"0\.4 seconds"):
        open_slide(path, decoder=decoder)


class InThisProcess(OddSlide):
    """What crosses the border as an error is raised here."""

    def __init__(self, path, way=None):
        super().__init__(path, None, False)
        self.way = way
        self.asked = []

    def read(self, l0_origin, level, size, frame=0):
        self.asked.append((l0_origin, size))
        (x, y), (width, height) = l0_origin, size
        if self.way and x <= 1000 < x + width and y <= 700 < y + height:
            raise self.way("A part.")
        return super().read(l0_origin, level, size, frame)


def one_level(tmp_path, way=None):
    pixels = odd_slide(tmp_path / "odd", (3001, 2100), levels=1)[0]
    slide = InThisProcess(tmp_path / "odd", way)
    return with_levels(slide), slide, pixels


def test_levels_of_a_slide_of_one_level_are_means_of_squares(tmp_path):
    source, _, pixels = one_level(tmp_path)
    assert isinstance(source, SlidePyramid)
    for index, level in enumerate(source.info.levels[1:3], 1):
        side = 1 << index
        wanted = pixels[: level.height * side, : level.width * side]
        wanted = wanted.reshape(level.height, side, level.width, side, 3).mean((1, 3))
        read = source.read((0, 0), index, (level.width, level.height))
        assert np.abs(read - wanted).max() <= 0.5 * index
    assert source.overview(100).pixels.shape == (70, 100, 3)
    assert source.associated == ("label", "pid", "nice")
    assert source.associated_image("label").shape == (5, 7, 3)


@pytest.mark.parametrize("way", [ImageCorrupt, DecoderCrashed, DecodeTimeout])
def test_damage_is_told_at_every_level_and_the_rest_is_there(tmp_path, way):
    source, slide, _ = one_level(tmp_path, way)
    with pytest.raises(ImageCorrupt):
        source.read((992, 688), 1, (20, 20))
    assert source.read((2200, 0), 1, (100, 100)).shape == (100, 100, 3)
    fields, readable = source.read_fields([Rect(992, 688, 40, 40), Rect(2200.5, 100, 40, 40)], 1, 10)
    assert readable.tolist() == [False, True]
    assert (fields[0] == 255).all()
    asked = len(slide.asked)
    assert asked <= (4 if way is DecodeTimeout else 4 + 3 * 4)  # what hangs is not divided
    source.read((2200, 0), 2, (10, 10))
    assert len(slide.asked) == asked


def test_slides_that_are_too_large_to_hold_keep_their_one_level(tmp_path, monkeypatch):
    assert LARGEST_HELD_PIXELS <= 300_000_000
    monkeypatch.setattr("lungviewer.readers.slide_pyramid.LARGEST_HELD_PIXELS", 6_000_000)
    source, slide, _ = one_level(tmp_path)
    assert source is slide


def test_a_slide_under_the_name_of_another_kind_is_opened_by_its_content(tmp_path, shared_data):
    shutil.copy(shared_data / "slides" / "small.svs", tmp_path / "small.jpg")
    with closing(open_view(tmp_path / "small.jpg")) as view:
        assert view.info.kind == "slide"
