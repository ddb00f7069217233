"""Mapping with what it is made for: files, reader processes, the shipped model; processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.services import slide_map
from lungviewer.services.opening import EngineChoice, open_engine
from lungviewer.services.samples import SlideRegion, write_phantom_slide
from lungviewer.services.slide_result import MapOptions
from lungviewer.store.slide_rows import MapWork
from lungviewer.store.slide_store import glimpse
from tests.fixtures.painted_slide import paint_slide
from tests.fixtures.scans import fake_engine
from tests.fixtures.slides import tiled_tiff

ROOT = Path(__file__).parents[2]
CLASSES = ("tumour_a", "tumour_b", "benign")


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(slide_map, "user_data_dir", lambda: tmp_path / "data")
    return tmp_path / "data" / "slides"


@pytest.fixture
def slide(tmp_path):
    path = tmp_path / "painted.tiff"
    tiled_tiff(path, paint_slide(), um_per_px=1.0)
    return path


def assert_same(one, other):
    assert one.tiles == other.tiles
    assert one.summary == other.summary
    for maps in ("probability", "activation"):
        for class_id, heatmap in getattr(one, maps).items():
            np.testing.assert_array_equal(heatmap.grid, getattr(other, maps)[class_id].grid)


def test_the_shipped_model_gives_the_same_tiles_byte_for_byte(tmp_path):
    path = tmp_path / "phantom.tiff"
    piece = SlideRegion.rectangle("squamous_cell_carcinoma", 200, 200, 900, 600)
    other = SlideRegion.rectangle("benign", 1000, 100, 450, 1000)
    write_phantom_slide(path, 1605, 1211, 0.5, regions=[other, piece], tile=512)
    engine = open_engine(EngineChoice(device="cpu"))
    try:
        first = slide_map.map_slide(path, engine, MapOptions(), NullContext())
        assert {tile.predicted for tile in first.tiles.values()} >= {"squamous_cell_carcinoma", "benign"}
        for batch, readers in ((1, 1), (8, 4)):
            again = slide_map.map_slide(
                path, engine, MapOptions(), NullContext(), batch=batch, readers=readers, fresh=True
            )
            assert_same(first, again)
        with pytest.raises(Cancelled):
            slide_map.map_slide(path, engine, MapOptions(), StopAfter(7), batch=5, fresh=True)
        assert_same(first, slide_map.map_slide(path, engine, MapOptions(), NullContext(), batch=3))
        assert_same(first, slide_map.look_at_slide(path, engine, MapOptions()))
    finally:
        engine.close()


class StopAfter(RecordingContext):
    def __init__(self, tiles):
        super().__init__()
        self._tiles = tiles

    def progress(self, done, total, text=""):
        if done >= self._tiles:
            self.cancel()


def test_the_persons_scale_wins_and_makes_another_map(slide, kept):
    engine = fake_engine()
    as_stated = slide_map.map_slide(slide, engine, MapOptions(), NullContext(), readers=1)
    given = slide_map.map_slide(slide, engine, MapOptions(um_per_px=0.8), NullContext(), readers=1)
    assert (as_stated.grid.side, given.grid.side) == (64, 80)
    assert given.record.um_per_px == 0.8
    assert len(list(kept.glob("*.sqlite"))) == 2


def test_nothing_in_what_is_kept_names_the_slide(tmp_path, kept):
    path = tmp_path / "Canary-Patient-4711.tiff"
    tiled_tiff(path, paint_slide(), um_per_px=1.0)
    answer = slide_map.map_slide(path, fake_engine(), MapOptions(), NullContext(), readers=1)
    assert "Canary" in answer.record.path
    content = b"".join(os.fsencode(p.name) + p.read_bytes() for p in kept.iterdir())
    assert content
    assert b"anary" not in content
    assert os.fsencode(tmp_path.name) not in content


# --- killed --------------------------------------------------------------------------------------------

KILLED = """
import sys; from pathlib import Path
from lungviewer.core.job import NullContext
from lungviewer.services import slide_map
from lungviewer.services.slide_result import MapOptions
from tests.fixtures.scans import fake_engine
if __name__ == "__main__":
    slide_map.user_data_dir = lambda: Path(sys.argv[2])
    slide_map.map_slide(Path(sys.argv[1]), fake_engine(), MapOptions(overlap=0.6), NullContext(), batch=4)
"""


def test_killed_again_and_again_nothing_is_lost(slide, tmp_path, kept):
    """Real processes, `kill -9` as soon as some new tiles are in the store, then a resume."""
    options, engine = MapOptions(overlap=0.6), fake_engine()
    script = tmp_path / "map.py"
    script.write_text(KILLED)
    command = [sys.executable, script, slide, tmp_path / "data"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    wanted = slide_map.look_at_slide(slide, engine, options).wanted
    seen: dict[int, object] = {}
    for _ in range(2):
        process = subprocess.Popen(command, env=environment)
        children = wait_for_tiles(process, kept, len(seen) + wanted // 8)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, "a process of the map outlived it"
        partly = slide_map.look_at_slide(slide, engine, options)
        assert partly.notes == ()
        assert seen.items() <= partly.tiles.items()
        seen = dict(partly.tiles)
    assert 0 < len(seen) < wanted
    whole = slide_map.map_slide(slide, engine, options, NullContext())
    assert seen.items() <= whole.tiles.items()
    assert_same(whole, slide_map.map_slide(slide, engine, options, NullContext(), fresh=True))


def wait_for_tiles(process, kept, count):
    """Wait until so many tiles are kept; the children that the program has by then."""
    deadline = time.monotonic() + 120
    while process.poll() is None and tiles_in(kept) < count:
        assert time.monotonic() < deadline
        os.sched_yield()
    return psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []


def tiles_in(kept):
    found = 0
    for path in kept.glob("*.sqlite"):
        with glimpse(kept, path.stem, CLASSES) as there:
            found += len(list(there.tiles(np.zeros(10_000)))) if there.work != MapWork() else 0
    return found
