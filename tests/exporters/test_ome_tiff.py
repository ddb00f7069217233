"""The probability pyramid, read back by tifffile."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lungviewer.core.heatmap import Heatmap
from lungviewer.core.slide_grid import TileGrid
from lungviewer.exporters.map_origin import MapOrigin
from lungviewer.exporters.ome_tiff import ANALYSED, is_probability_tiff, write_probability_tiff
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.packs import CLASSES
from tests.fixtures.slide_maps import PROVENANCE, slide_map
from tests.fixtures.slides import ome_tiff, tissue

OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
ORIGIN = MapOrigin("slide & <x>.svs", "1d" * 32, 0.5, "user", (640, 30), PROVENANCE)


def write(target: Path, slide=None) -> None:
    slide = slide or slide_map()
    write_probability_tiff(target, slide.probability, slide.grid, CLASSES, ORIGIN)


def large_map(rows=300, columns=700):
    """Probabilities that rise from left to right, with a hole."""
    grid = TileGrid(columns * 128 - 40, rows * 128 - 9, 0.5, 128, 128, columns, rows)
    rising = np.broadcast_to(np.linspace(0, 1, columns, dtype=np.float32), (rows, columns)).copy()
    rising[100:120, 300:340] = np.nan
    maps = {"tumour_a": rising, "tumour_b": 1 - rising, "benign": rising * 0}
    return grid, {c: Heatmap(values, grid.cells_rect) for c, values in maps.items()}


@pytest.fixture
def large(tmp_path):
    grid, maps = large_map()
    write_probability_tiff(tmp_path / "large.ome.tiff", maps, grid, CLASSES, ORIGIN)
    with tifffile.TiffFile(tmp_path / "large.ome.tiff") as file:
        yield file, grid, maps


def test_it_is_a_big_ome_tiff_with_named_channels_and_half_size_levels(large):
    file, grid, _ = large
    assert file.is_bigtiff
    assert file.is_ome
    (series,) = file.series
    assert series.axes == "CYX"
    assert series.dtype == np.uint8
    assert [level.shape for level in series.levels] == [(4, 300, 700), (4, 150, 350), (4, 75, 175)]
    root = ElementTree.fromstring(file.ome_metadata)
    channels = [channel.get("Name") for channel in root.iter(f"{OME}Channel")]
    assert channels == ["Tumour A", "Tumour B", "Benign", ANALYSED]
    (pixels,) = root.iter(f"{OME}Pixels")
    for axis in "XY":
        assert float(pixels.get(f"PhysicalSize{axis}")) == grid.step * grid.um_per_px
        assert pixels.get(f"PhysicalSize{axis}Unit") == "µm"
    for level in series.levels:
        page = level.keyframe
        assert page.tile == (256, 256)
        assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert page.is_subifd == (level is not series.levels[0])


def test_values_are_probabilities_in_255ths_and_what_was_not_analysed_is_told(large):
    file, _, maps = large
    planes = file.series[0].asarray()
    known = ~np.isnan(maps["tumour_a"].grid)
    np.testing.assert_array_equal(planes[-1], np.where(known, 255, 0))
    for plane, one in zip(planes, CLASSES, strict=False):
        np.testing.assert_allclose(plane[known] / 255, maps[one.id].grid[known], atol=0.5 / 255 + 1e-6)
        assert (plane[~known] == 0).all()


def test_a_coarser_pixel_is_the_mean_of_what_was_analysed(large):
    file, _, _ = large
    fine, coarse = (level.asarray().astype(float) for level in file.series[0].levels[:2])
    for y, x in [(10, 20), (49, 149), (50, 150), (59, 169), (60, 170), (149, 349)]:
        block = fine[:, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].reshape(4, -1)
        known = block[-1] == 255
        expected = block[:, known].mean(axis=1) if known.any() else np.zeros(4)
        np.testing.assert_allclose(coarse[:, y, x], expected, atol=0.51)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.7])
def test_a_tile_lies_where_it_is_on_the_slide_and_the_map_covers_all_of_it(tmp_path, overlap):
    slide = slide_map(overlap=overlap)
    write(tmp_path / "m.ome.tiff", slide)
    with tifffile.TiffFile(tmp_path / "m.ome.tiff") as file:
        planes = file.asarray()
        root = ElementTree.fromstring(file.ome_metadata)
    (pixels,) = root.iter(f"{OME}Pixels")
    pixel = float(pixels.get("PhysicalSizeX")) / slide.grid.um_per_px
    _, rows, columns = planes.shape
    assert 0 <= columns * pixel - slide.info.width < pixel
    assert 0 <= rows * pixel - slide.info.height < pixel
    for tile in slide.tiles.values():
        cell = slide.grid.cell(tile.number)
        x, y = cell.centre
        if x < slide.info.width and y < slide.info.height:
            found = planes[:, int(y / pixel), int(x / pixel)]
            expected = [round(p * 255) for p in tile.probabilities] if tile.is_call else [0, 0, 0]
            np.testing.assert_allclose(found, [*expected, 255 if tile.is_call else 0], atol=1)
    # Every map pixel shows the tile that lies under it, or one less than a map pixel away.
    for row, column in np.argwhere(planes[-1] == 255):
        x, y = (column + 0.5) * pixel, (row + 0.5) * pixel
        near = {
            slide.grid.number_at(
                min(max(x + dx, 0), slide.info.width - 1), min(max(y + dy, 0), slide.info.height - 1)
            )
            for dx in (-pixel, 0, pixel)
            for dy in (-pixel, 0, pixel)
        }
        shown = {round(t.probabilities[0] * 255) for n in near if (t := slide.tiles.get(n)) and t.is_call}
        assert any(abs(int(planes[0, row, column]) - value) <= 1 for value in shown)


def test_the_metadata_say_what_it_is_of_and_by_what(tmp_path):
    write(tmp_path / "m.ome.tiff")
    with tifffile.TiffFile(tmp_path / "m.ome.tiff") as file:
        root = ElementTree.fromstring(file.ome_metadata)
        said = {m.get("K"): m.text for m in root.iter(f"{OME}M")}
    (image,) = root.iter(f"{OME}Image")
    assert image.get("Name") == said["slide"] == "slide & <x>.svs"
    assert (said["offset x"], said["offset y"]) == ("640", "30")
    assert (said["pack"], said["pack sha256"]) == ("tiny-pack", "5a" * 32)
    assert (said["um per px"], said["um per px from"]) == ("0.5", "user")
    assert "255" in said["encoding"]
    assert "not for diagnosis" in said["use"]


def test_it_is_written_and_read_without_imagecodecs(tmp_path):
    code = (
        "import sys; sys.modules['imagecodecs'] = None\n"
        "from pathlib import Path\n"
        "from tests.exporters.test_ome_tiff import write\n"
        "import tifffile\n"
        f"write(Path({str(tmp_path / 'm.ome.tiff')!r}))\n"
        f"assert tifffile.imread({str(tmp_path / 'm.ome.tiff')!r}).shape == (4, 9, 12)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_own_files_are_known_again_and_slides_are_not_taken_for_them(tmp_path):
    write(tmp_path / "m.ome.tiff")
    ome_tiff(tmp_path / "slide.ome.tiff", tissue(300, 200))
    assert is_probability_tiff(tmp_path / "m.ome.tiff")
    assert not is_probability_tiff(tmp_path / "slide.ome.tiff")
    assert not is_probability_tiff(tmp_path / "none")


class TestOmeTiff(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write(target)
