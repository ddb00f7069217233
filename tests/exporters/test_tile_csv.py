"""The table of tiles, against what WSInfer wrote and against the tiles themselves."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Status
from lungviewer.exporters.tile_csv import is_tile_csv, write_tile_csv
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.packs import CLASSES
from tests.fixtures.slide_maps import slide_map

IDS = tuple(c.id for c in CLASSES)


def write(target: Path, slide=None, tiles=None) -> int:
    slide = slide or slide_map()
    tiles = slide.tiles.values() if tiles is None else tiles
    return write_tile_csv(target, slide.grid, tiles, IDS, slide.info.offset)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_layout_is_that_of_wsinfer(tmp_path, shared_data):
    write(tmp_path / "m.csv")
    ours = (tmp_path / "m.csv").read_bytes()
    theirs = (shared_data / "interop/wsinfer/cmu_small_region.csv").read_bytes()
    assert b"\r" not in ours + theirs
    assert not ours.startswith(b"\xef\xbb\xbf")
    assert not theirs.startswith(b"\xef\xbb\xbf")
    heads = [text.split(b"\n")[0].decode().split(",") for text in (ours, theirs)]
    assert heads[0][:4] == heads[1][:4]
    assert all(name.startswith("prob_") for name in heads[0][4:7] + heads[1][4:7])
    for path in (tmp_path / "m.csv", shared_data / "interop/wsinfer/cmu_small_region.csv"):
        for row in rows_of(path):
            for name, cell in row.items():
                if name in ("minx", "miny", "width", "height"):
                    assert str(int(cell)) == cell
                elif name.startswith("prob_") and cell:
                    assert 0 <= float(cell) <= 1


def test_rows_are_the_tiles_with_all_their_digits(tmp_path):
    slide = slide_map()
    assert write(tmp_path / "m.csv", slide) == len(slide.tiles)
    for row, tile in zip(rows_of(tmp_path / "m.csv"), slide.tiles.values(), strict=True):
        x, y = slide.grid.place(tile.number)
        side = slide.grid.side
        assert [int(row[name]) for name in ("minx", "miny", "width", "height")] == [x, y, side, side]
        assert [float(row[f"prob_{c}"]) for c in IDS if row[f"prob_{c}"]] == list(tile.probabilities)
        assert row["confidence"] == ("" if tile.confidence is None else repr(tile.confidence))
        assert row["trust_score"] == ("" if tile.trust_score is None else repr(tile.trust_score))
        assert row["status"] == tile.status.value
        assert row["reason"] == "; ".join(tile.reasons)
        assert float(row["tissue_fraction"]) == tile.tissue


def test_refused_tiles_keep_probabilities_and_unreadable_ones_have_none(tmp_path):
    write(tmp_path / "m.csv")
    refused = [row for row in rows_of(tmp_path / "m.csv") if row["status"] == "refused"]
    assert {row["reason"] for row in refused} == {"pen", "blur", "unreadable"}
    for row in refused:
        assert row["confidence"] == ""
        assert all((row[f"prob_{c}"] == "") == (row["reason"] == "unreadable") for c in IDS)


def test_places_are_those_of_the_file_even_where_a_slide_states_bounds(tmp_path):
    write(tmp_path / "whole.csv", slide_map())
    write(tmp_path / "cropped.csv", slide_map(offset=(3000, 70)))
    for one, other in zip(rows_of(tmp_path / "whole.csv"), rows_of(tmp_path / "cropped.csv"), strict=True):
        assert int(other["minx"]) - int(one["minx"]) == 3000
        assert int(other["miny"]) - int(one["miny"]) == 70


def test_what_is_no_number_is_an_empty_cell(tmp_path):
    nan = SlideTile(
        3, Status.REFUSED, ("not_a_number",), (math.nan, 0.5, math.inf), None, None, math.nan, 1.0
    )
    write(tmp_path / "m.csv", tiles=[nan])
    (row,) = rows_of(tmp_path / "m.csv")
    assert [row[f"prob_{c}"] for c in IDS] == ["", "0.5", ""]
    assert row["trust_score"] == ""


def test_own_tables_are_known_again(tmp_path, shared_data):
    write(tmp_path / "m.csv")
    assert is_tile_csv(tmp_path / "m.csv")
    (tmp_path / "odd").write_bytes(b"\xff\xfe,1\n")
    assert not is_tile_csv(tmp_path / "odd")
    assert not is_tile_csv(tmp_path / "none")
    assert not is_tile_csv(shared_data / "interop/wsinfer/cmu_small_region.csv")


@pytest.mark.parametrize("text", ["=cmd()", "@x", "a\tb"])
def test_no_cell_is_a_formula(tmp_path, text):
    write(tmp_path / "m.csv", tiles=[SlideTile(0, Status.REFUSED, (text,), (), None, None, None, 1.0)])
    (row,) = rows_of(tmp_path / "m.csv")
    assert row["reason"][:1] not in "=+-@"


class TestTileCsv(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write(target)
