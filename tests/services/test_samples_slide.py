"""Synthetic slides: what other readers see, what is drawn where, and how much memory it takes."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lungviewer.core.errors import Cancelled, OutputError, UsageError
from lungviewer.core.job import CancellableContext, RecordingContext
from lungviewer.services.phantom import slide as slide_module
from lungviewer.services.samples import SlideRegion, SlideTruth, write_phantom_slide

SPACING = 0.5


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SlideTruth]:
    path = tmp_path_factory.mktemp("slide") / "synthetic_slide.tiff"
    return path, write_phantom_slide(path, 4096, 3072, SPACING, save_truth=True)


def test_tifffile_reads_a_pyramid_with_its_scale(written: tuple[Path, SlideTruth]) -> None:
    with tifffile.TiffFile(written[0]) as tiff:
        assert tiff.is_bigtiff
        (series,) = tiff.series
        assert [level.shape for level in series.levels] == [
            (3072, 4096, 3),
            (1536, 2048, 3),
            (768, 1024, 3),
            (384, 512, 3),
            (192, 256, 3),
        ]
        for number, page in enumerate(tiff.pages):
            above, below = page.tags["XResolution"].value
            assert page.tags["ResolutionUnit"].value == 3
            assert 1e4 * below / above == pytest.approx(SPACING * 2**number)
        assert tiff.pages[0].description.startswith("SYNTHETIC, drawn by lungviewer")


def test_each_level_is_the_average_of_level_0(written: tuple[Path, SlideTruth]) -> None:
    with tifffile.TiffFile(written[0]) as tiff:
        full = tiff.series[0].levels[0].asarray()
        for level in tiff.series[0].levels[1:]:
            factor = 4096 // level.shape[1]
            averaged = cv2_area(full, factor)
            difference = np.abs(averaged - level.asarray())
            assert difference.mean() < 1.0
            assert (difference > 25).mean() < 0.01  # at the edges of regions, drawn anew at each level


def cv2_area(picture: np.ndarray, factor: int) -> np.ndarray:
    height, width = (side // factor for side in picture.shape[:2])
    return picture.reshape(height, factor, width, factor, 3).mean(axis=(1, 3), dtype=np.float32)


def test_the_truth_says_what_the_pixels_show(written: tuple[Path, SlideTruth]) -> None:
    path, truth = written
    with tifffile.TiffFile(path) as tiff:
        picture = tiff.series[0].levels[2].asarray().astype(float)
    glass, tumour = [], []
    rng = np.random.default_rng(0)
    for x, y in rng.random((3000, 2)) * (1024, 768):
        kind = truth.kind_at(x * 4 + 2, y * 4 + 2)
        value = picture[int(y), int(x)].mean()
        if kind == "glass":
            glass.append(value)
        elif kind == "squamous_cell_carcinoma":
            tumour.append(value)
    assert len(glass) > 300
    assert len(tumour) > 100
    # A point next to an edge may show its neighbour.
    assert np.percentile(glass, 1) > 215
    assert np.percentile(tumour, 90) < 200  # some of it lies in pale clefts


def test_the_truth_is_saved_beside_the_slide(written: tuple[Path, SlideTruth]) -> None:
    path, truth = written
    saved = json.loads((path.parent / (path.name + ".truth.json")).read_text())
    assert saved["synthetic"] is True
    assert (saved["width"], saved["height"], saved["um_per_px"]) == (4096, 3072, SPACING)
    assert [region["kind"] for region in saved["regions"]] == [region.kind for region in truth.regions]
    assert len(saved["regions"][0]["polygon"]) == len(truth.regions[0].outline)


def test_openslide_reads_the_same_pixels(written: tuple[Path, SlideTruth]) -> None:
    openslide = pytest.importorskip("openslide", reason="needs openslide-python and its library")
    with openslide.OpenSlide(str(written[0])) as opened, tifffile.TiffFile(written[0]) as tiff:
        assert opened.properties["openslide.vendor"] == "generic-tiff"
        assert float(opened.properties["openslide.mpp-x"]) == pytest.approx(SPACING)
        assert opened.level_count == 5
        region = np.asarray(opened.read_region((1000, 700), 0, (600, 500)).convert("RGB"))
        np.testing.assert_array_equal(region, tiff.pages[0].asarray()[700:1200, 1000:1600])


def test_regions_of_ones_own_are_drawn_where_they_were_asked_for(tmp_path: Path) -> None:
    square = SlideRegion.rectangle("squamous_cell_carcinoma", 300, 200, 400, 300)
    hole = SlideRegion.rectangle("glass", 450, 300, 100, 100)
    path = tmp_path / "one.tiff"
    truth = write_phantom_slide(path, 1000, 700, regions=[square, hole])
    assert truth.kind_at(500, 250) == "squamous_cell_carcinoma"
    assert truth.kind_at(500, 350) == "glass"
    assert truth.kind_at(100, 100) == "glass"
    with tifffile.TiffFile(path) as tiff:
        picture = tiff.pages[0].asarray().astype(float).mean(axis=2)
    assert picture[200:500, 300:700].mean() < 190
    assert picture[305:395, 455:545].min() > 200
    outside = np.ones_like(picture, bool)
    outside[199:501, 299:701] = False
    assert picture[outside].min() > 200


def test_jpeg_tiles_are_complete_jpegs_of_the_same_picture(tmp_path: Path) -> None:
    import simplejpeg

    for compression in ("deflate", "jpeg"):
        write_phantom_slide(
            tmp_path / f"{compression}.tiff",
            600,
            300,
            compression=compression,
            regions=[SlideRegion.rectangle("benign", 100, 0, 400, 300)],
        )
    with (
        tifffile.TiffFile(tmp_path / "jpeg.tiff") as lossy,
        tifffile.TiffFile(tmp_path / "deflate.tiff") as whole,
    ):
        page = lossy.pages[0]
        assert (int(page.compression), int(page.photometric), page.tags[530].value) == (7, 6, (2, 2))
        lossy.filehandle.seek(page.dataoffsets[0])
        tile = simplejpeg.decode_jpeg(lossy.filehandle.read(page.databytecounts[0]))
        expected = whole.pages[0].asarray()[:256, :256].astype(float)
    assert np.abs(tile - expected).mean() < 6
    assert (tmp_path / "jpeg.tiff").stat().st_size < 0.4 * (tmp_path / "deflate.tiff").stat().st_size


@pytest.mark.parametrize("size", [(1, 1), (257, 100), (513, 512)])
def test_sizes_that_are_no_multiple_of_the_tile(tmp_path: Path, size: tuple[int, int]) -> None:
    write_phantom_slide(tmp_path / "odd.tiff", *size, tile=512, level_step=4, regions=[])
    assert tifffile.imread(tmp_path / "odd.tiff").shape[:2] == size[::-1]


def test_a_tile_inside_one_kind_is_encoded_once_and_memory_stays_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = 0
    original = slide_module._TilePainter._encode

    def counting(self: object, picture: np.ndarray) -> bytes:
        nonlocal encoded
        encoded += 1
        return original(self, picture)

    monkeypatch.setattr(slide_module._TilePainter, "_encode", counting)
    monkeypatch.setattr(
        slide_module, "make_field", lambda kind, seed, size, um, camera: np.zeros((size, size, 3), np.uint8)
    )
    tissue = SlideRegion.rectangle("benign", 1500, 2500, 15_000, 9000)
    tracemalloc.start()
    write_phantom_slide(tmp_path / "big.tiff", 20_000, 15_000, tile=512, regions=[tissue])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert encoded < 250  # the region's edge and a few repeats, of 1,600 tiles
    assert peak < 60e6  # 1.2 GB of pixels were written


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.tiff"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_phantom_slide(path, 100, 100)
    assert path.read_bytes() == b"mine"


def test_stopping_leaves_nothing_behind(tmp_path: Path) -> None:
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        write_phantom_slide(tmp_path / "stopped.tiff", 1000, 1000, ctx=ctx)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_tiles_of_all_levels(tmp_path: Path) -> None:
    ctx = RecordingContext()
    write_phantom_slide(tmp_path / "s.tiff", 512, 512, regions=[], ctx=ctx)
    assert ctx.steps[-1][:2] == (5, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"tile": 100},
        {"compression": "lzw"},
        {"level_step": 3},
        {"um_per_px": 0.0},
        {"regions": [SlideRegion("colon", ((0, 0), (1, 0), (1, 1)))]},
        {"regions": [SlideRegion("benign", ((0, 0), (1, 0)))]},
    ],
)
def test_slides_that_make_no_sense_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    arguments = {"width": 300, "height": 300, **wrong}
    with pytest.raises(UsageError):
        write_phantom_slide(tmp_path / "x.tiff", **arguments)
    assert list(tmp_path.iterdir()) == []
