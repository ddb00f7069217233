"""GeoJSON for QuPath: read back by independent libraries, and against the rules of QuPath's own reader."""

from __future__ import annotations

import gzip
import json
import math
import tracemalloc
import uuid
from dataclasses import replace
from pathlib import Path

import geojson
import numpy as np
import pytest
import shapely
import shapely.geometry

from lungviewer.core.errors import Cancelled
from lungviewer.core.geometry import Rect
from lungviewer.core.model import ClassSpec, Role
from lungviewer.core.slide_grid import TileGrid
from lungviewer.core.slide_tile import SlideTile
from lungviewer.core.types import Status
from lungviewer.exporters.geojson import REFUSED, MapRegion, is_geojson, write_geojson
from lungviewer.exporters.map_origin import MapOrigin
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.packs import CLASSES
from tests.fixtures.slide_maps import PROVENANCE, slide_map

ORIGIN = MapOrigin("slide.svs", "1d" * 32, 0.5, "slide", (0, 0), PROVENANCE)
REGION = MapRegion(Rect(128.0, 256.0, 128.0, 128.0), "Region 1: Tumour A", "tumour_a", 0.5)


def write(target: Path, slide=None, *, origin=ORIGIN, classes=CLASSES, tiles=None, tissue=None):
    slide = slide or slide_map()
    return write_geojson(
        target,
        slide.grid,
        slide.tiles.values() if tiles is None else tiles,
        classes,
        origin,
        tissue=slide.tissue.outlines() if tissue is None else tissue,
        regions=(REGION,),
    )


@pytest.fixture
def features(tmp_path):
    write(tmp_path / "m.geojson")
    return json.loads((tmp_path / "m.geojson").read_text("utf-8"))["features"]


def tiles_of(features):
    return [f for f in features if f["properties"]["objectType"] == "tile"]


def test_an_independent_library_reads_it_and_every_shape_is_valid(tmp_path):
    count = write(tmp_path / "m.geojson")
    with (tmp_path / "m.geojson").open(encoding="utf-8") as stream:
        read = geojson.load(stream)
    assert isinstance(read, geojson.FeatureCollection)
    assert read.is_valid, read.errors()
    assert len(read.features) == count == len(slide_map().tiles) + 2
    shapes = [shapely.geometry.shape(f.geometry) for f in read.features]
    assert all(shape.is_valid and shape.area > 0 for shape in shapes)


def test_a_tile_covers_exactly_what_the_model_saw(features):
    slide = slide_map()
    for feature, number in zip(tiles_of(features), sorted(slide.tiles), strict=True):
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) == 5
        assert all(type(n) is int for point in ring for n in point)
        x, y = slide.grid.place(number)
        xs, ys = zip(*ring, strict=True)
        assert (min(xs), min(ys), max(xs), max(ys)) == (x, y, x + slide.grid.side, y + slide.grid.side)


def test_ids_are_uuids_and_the_same_in_every_export_of_one_map(tmp_path, features):
    ids = [uuid.UUID(f["id"]) for f in features]
    assert len(set(ids)) == len(ids)
    write(tmp_path / "again.geojson")
    again = json.loads((tmp_path / "again.geojson").read_text("utf-8"))["features"]
    assert [uuid.UUID(f["id"]) for f in again] == ids


@pytest.mark.parametrize(
    "other",
    [
        {"origin": replace(ORIGIN, identity="2e" * 32)},
        {"origin": replace(ORIGIN, provenance=replace(PROVENANCE, model_sha256="6b" * 32))},
        {"slide": slide_map(um_per_px=0.25)},
        {"slide": slide_map(overlap=0.5)},
    ],
    ids=["slide", "pack", "scale", "overlap"],
)
def test_objects_of_another_slide_pack_or_grid_have_other_ids(tmp_path, features, other):
    write(tmp_path / "other.geojson", **other)
    others = json.loads((tmp_path / "other.geojson").read_text("utf-8"))["features"]
    assert not {f["id"] for f in features} & {f["id"] for f in others}


def test_tiles_are_tiles_and_tissue_and_regions_are_locked_annotations(features):
    tissue, region, *tiles = (f["properties"] for f in features)
    assert {p["objectType"] for p in tiles} == {"tile"}
    for annotation in (tissue, region):
        assert annotation["objectType"] == "annotation"
        assert annotation["isLocked"] is True
    assert tissue["name"] == "Tissue"
    assert region["name"] == "Region 1: Tumour A"
    assert region["classification"] == {"name": "Tumour A", "color": [0xD6, 0x27, 0x28]}
    assert region["measurements"] == {"evidence share": 0.5}


def test_tissue_is_a_polygon_with_its_hole_where_the_mask_is(features):
    slide = slide_map()
    shape = shapely.geometry.shape(features[0]["geometry"])
    assert shape.geom_type == "MultiPolygon"
    assert len(shape.geoms) == 2
    assert sorted(len(piece.interiors) for piece in shape.geoms) == [0, 1]
    rows, columns = slide.tissue.mask.shape
    area = slide.tissue.mask.mean() * slide.info.width * slide.info.height
    assert shape.area == pytest.approx(area, rel=0.02)
    for y, x in np.random.default_rng(0).integers(0, (rows, columns), (200, 2)):
        middle = shapely.Point((x + 0.5) * slide.info.width / columns, (y + 0.5) * slide.info.height / rows)
        assert shape.contains(middle) == slide.tissue.mask[y, x]


def test_calls_have_a_class_with_a_colour_and_refused_tiles_never_one_of_the_pack(features):
    slide = slide_map()
    labels = {c.id: c.label for c in CLASSES}
    for feature, number in zip(tiles_of(features), sorted(slide.tiles), strict=True):
        classification, tile = feature["properties"]["classification"], slide.tiles[number]
        assert classification["name"] == (labels[tile.predicted] if tile.is_call else REFUSED)
        assert len(classification["color"]) == 3
        assert all(0 <= n <= 255 for n in classification["color"])
        metadata = feature["properties"]["metadata"]
        assert metadata["status"] == tile.status.value
        assert metadata["reason"] == "; ".join(tile.reasons)


def test_measurements_are_the_tiles_numbers(features):
    slide = slide_map()
    for feature, number in zip(tiles_of(features), sorted(slide.tiles), strict=True):
        measured, tile = feature["properties"]["measurements"], slide.tiles[number]
        expected = {"tissue share": tile.tissue}
        expected |= {f"p {c.label}": p for c, p in zip(CLASSES, tile.probabilities, strict=False)}
        expected |= {} if tile.confidence is None else {"confidence": tile.confidence}
        expected |= {} if tile.trust_score is None else {"trust score": tile.trust_score}
        assert measured == expected


def test_everything_says_what_made_it_and_what_it_may_be_used_for(features):
    for feature in features:
        metadata = feature["properties"]["metadata"]
        assert all(type(k) is str and type(v) is str for k, v in metadata.items())
        assert metadata["pack"] == "tiny-pack"
        assert metadata["pack version"] == "1.0.0"
        assert metadata["pack sha256"] == "5a" * 32
        assert (float(metadata["um per px"]), metadata["um per px from"]) == (0.5, "slide")
        assert "not for diagnosis" in metadata["use"]


@pytest.mark.parametrize(
    ("number", "said"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_numbers_that_are_none_go_out_as_text_beside_the_measurements(tmp_path, number, said):
    slide = slide_map()
    odd = SlideTile(0, Status.REFUSED, ("not_a_number",), (number, 0.5, 0.5), None, None, number, 0.5)
    write(tmp_path / "m.geojson", slide, tiles=[odd])
    (tile,) = tiles_of(json.loads((tmp_path / "m.geojson").read_text("utf-8"))["features"])
    properties = tile["properties"]
    assert set(properties["measurements"]) == {"p Tumour B", "p Benign", "tissue share"}
    assert properties["metadata"]["trust score"] == properties["metadata"]["p Tumour A"] == said


def test_class_names_derive_no_class_and_are_never_taken_for_refused(tmp_path):
    classes = (
        ClassSpec("tumour_a", "Tumour: A", "#d62728", Role.TUMOUR),
        ClassSpec("tumour_b", "Refused", "#ff7f0e", Role.TUMOUR),
        CLASSES[2],
    )
    write(tmp_path / "m.geojson", classes=classes)
    features = tiles_of(json.loads((tmp_path / "m.geojson").read_text("utf-8"))["features"])
    names = {
        f["properties"]["classification"]["name"]
        for f in features
        if "confidence" in f["properties"]["measurements"]
    }
    assert names == {"Tumour A", "Refused (class)", "Benign"}


def test_shapes_that_are_nothing_are_left_out(tmp_path):
    line = np.array([[0.0, 0.0], [100.0, 0.0]])
    dot = np.array([[5.0, 5.0], [5.001, 5.0], [5.0, 5.001], [5.0, 5.0]])
    square = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])
    count = write(tmp_path / "m.geojson", tissue=[(line, []), (dot, []), (square, [dot])])
    tissue = json.loads((tmp_path / "m.geojson").read_text("utf-8"))["features"][0]
    assert tissue["geometry"]["type"] == "Polygon"
    assert len(tissue["geometry"]["coordinates"]) == 1
    assert write(tmp_path / "m.geojson", tissue=[]) == count - 1


def test_a_name_in_gz_is_compressed_and_holds_the_same(tmp_path):
    write(tmp_path / "m.geojson")
    write(tmp_path / "m.geojson.gz")
    assert gzip.decompress((tmp_path / "m.geojson.gz").read_bytes()) == (tmp_path / "m.geojson").read_bytes()


def test_own_files_are_known_again(tmp_path, shared_data):
    for name in ("m.geojson", "m.geojson.gz"):
        write(tmp_path / name)
        assert is_geojson(tmp_path / name)
    (tmp_path / "cut.gz").write_bytes((tmp_path / "m.geojson.gz").read_bytes()[:12])
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 50)
    (tmp_path / "empty").touch()
    for other in ("cut.gz", "bad.gz", "empty", "none"):
        assert not is_geojson(tmp_path / other)
    assert not is_geojson(shared_data / "interop/wsinfer/cmu_small_region.geojson")


def test_memory_does_not_grow_with_the_tiles(tmp_path):
    grid = TileGrid(40 * 128, 25 * 128, 0.5, 128, 128, 40, 25)

    def tiles():
        for number in range(len(grid)):
            yield SlideTile(number, Status.OK, (), (0.7, 0.2, 0.1), "tumour_a", 0.7, 1.0, 1.0)

    tracemalloc.start()
    try:
        assert write_geojson(tmp_path / "m.geojson", grid, tiles(), CLASSES, ORIGIN) == 1_000
        assert tracemalloc.get_traced_memory()[1] < 150_000
    finally:
        tracemalloc.stop()
    assert (tmp_path / "m.geojson").stat().st_size > 500_000


def test_a_stop_on_the_way_leaves_nothing_behind(tmp_path):
    def tiles():
        yield from list(slide_map().tiles.values())[:3]
        raise Cancelled("The job was stopped.")

    with pytest.raises(Cancelled):
        write(tmp_path / "m.geojson", tiles=tiles())
    assert list(tmp_path.iterdir()) == []


class TestGeoJson(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write(target)
