"""Slides of every kind that is opened in this process pass the suite of all slide readers."""

import numpy as np
import pytest

from lungviewer.readers.slide import open_openslide
from lungviewer.readers.slide_open import open_slide_here
from lungviewer.readers.slide_tiff import open_tiff_slide
from tests.contracts.slide_contract import DamageContract, SlideContract, SlideSample, damaged_slide
from tests.fixtures import slides as make

SIZE = (300, 200)
NOISE, TISSUE = make.noise(*SIZE), make.tissue(*SIZE)


def _sample(path, opener, levels, um_per_px, tolerance=0, **more):
    size = levels[0].shape[1::-1]
    return SlideSample(
        path, lambda: opener(path), size, um_per_px, levels[0], tolerance, levels=levels, **more
    )


class TestTiledTiff(SlideContract):
    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "slide.tiff"
        return _sample(path, open_openslide, make.tiled_tiff(path, NOISE), 0.5)


class TestAperioWithJpeg(SlideContract):
    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "slide.svs"
        beside = {"thumbnail": NOISE[:30], "label": NOISE[:40], "macro": NOISE[:50]}
        levels = make.aperio(path, TISSUE, jpeg=True, um_per_px=0.25, beside=beside)
        return _sample(
            path, open_slide_here, levels, 0.25, make.JPEG_TOLERANCE, beside=("label", "macro", "thumbnail")
        )


class TestOddSizes(SlideContract):
    """OpenSlide's ratios are no whole numbers, and it would interpolate."""

    @pytest.fixture(params=["tiled", "aperio"])
    def sample(self, tmp_path, request):
        path = tmp_path / "slide.tiff"
        write = make.aperio if request.param == "aperio" else make.tiled_tiff
        levels = write(path, make.noise(303, 205), um_per_px=0.5)
        beside = ("thumbnail",) if request.param == "aperio" else ()
        return _sample(path, open_slide_here, levels, 0.5, beside=beside)


class TestLeicaCroppedToItsBounds(SlideContract):
    """Two areas with transparent glass between them."""

    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "slide.scn"
        other = make.noise(100, 80, seed=1)
        make.leica(path, [(NOISE, (302, 204)), (other, (640, 420))], (1200, 900))
        levels = [np.full((296 // n, 438 // n, 3), 255, np.uint8) for n in (1, 2)]
        for n, level, first, second in zip(
            (1, 2), levels, make.levels_of(NOISE, 2), make.levels_of(other, 2), strict=True
        ):
            level[: 200 // n, : 300 // n] = first
            level[216 // n :, 338 // n :] = second
        return _sample(path, open_openslide, levels, 0.5, offset=(302, 204), beside=("macro",))


class TestOmeTiff(SlideContract):
    @pytest.fixture(params=["interleaved", "planar", "jpeg", "plain"])
    def sample(self, tmp_path, request):
        path = tmp_path / "slide.ome.tiff"
        jpeg = request.param == "jpeg"
        levels = make.ome_tiff(
            path,
            TISSUE if jpeg else NOISE,
            planar=request.param == "planar",
            jpeg=jpeg,
            compression="none" if request.param == "plain" else "zlib",
        )
        return _sample(path, open_slide_here, levels, 0.5, make.JPEG_TOLERANCE if jpeg else 0)


class TestOmeTiffWithALabel(SlideContract):
    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "slide.ome.tiff"
        levels = make.ome_tiff(path, NOISE, label=NOISE[:40, :60])
        return _sample(path, open_slide_here, levels, 0.5, beside=("label",))


class TestDamageInOpenSlide(DamageContract):
    @pytest.fixture
    def damaged(self, tmp_path):
        return damaged_slide(tmp_path / "damaged.scn", open_openslide)


class TestDamageInPagesReadDirectly(DamageContract):
    @pytest.fixture
    def damaged(self, tmp_path):
        return damaged_slide(tmp_path / "damaged.tiff", open_openslide)


class TestDamageInTiff(DamageContract):
    @pytest.fixture
    def damaged(self, tmp_path):
        return damaged_slide(tmp_path / "damaged.tiff", open_tiff_slide)
