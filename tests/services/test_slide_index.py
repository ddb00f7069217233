"""What is known of slides after a restart: rows of finished maps, no slide opened, never a wrong row."""

import os
import sqlite3
from pathlib import Path

import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import NullContext, RecordingContext
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services import slide_map
from lungviewer.services.classify import display_name
from lungviewer.services.slide_index import kept_row
from lungviewer.services.slide_result import MapOptions
from lungviewer.store.slide_store import prune
from lungviewer.ui import answering
from lungviewer.ui.answering import Question, answer_for
from lungviewer.ui.mapping.wishes import SlideWish, slide_key
from tests.fixtures.painted_slide import PaintedSlide, look_at_painted, map_painted, paint_slide
from tests.fixtures.scans import fake_engine

PIXELS = paint_slide()


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Where maps are kept."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    return slide_map._folder()


@pytest.fixture
def paint(tmp_path):
    return lambda name="Smith John.slide", **more: PaintedSlide(tmp_path / name, PIXELS, **more)


@pytest.fixture
def opened(monkeypatch):
    """How often a slide was opened."""
    calls = []
    monkeypatch.setattr("lungviewer.readers.opening.open_slide", lambda *a, **k: calls.append(a))
    monkeypatch.setattr(answering, "is_slide", lambda path: path.suffix == ".slide")
    return calls


def ask(path: Path, **more):
    with IsolatedDecoder() as decoder:
        return answer_for(Question(path, **{"unasked": True, **more}), fake_engine(), decoder, NullContext())


def row(path: Path, options: MapOptions | None = None, engine=None):
    return kept_row(path, engine or fake_engine(), options or MapOptions())


def test_after_a_restart_finished_slides_have_their_rows_and_none_is_opened(paint, opened, tmp_path):
    slides = [paint(name, identity=name) for name in ("a.slide", "b.slide", "c.slide")]
    maps = [map_painted(slide) for slide in slides[:2]]
    for slide, known in zip(slides, maps, strict=False):
        path, outcome = ask(slide.info.path)
        assert path == slide.info.path
        expected = known.record
        assert outcome.record.path == display_name(path)
        assert (outcome.record.status, outcome.record.predicted_class) == (
            expected.status,
            expected.predicted_class,
        )
        assert outcome.record.probabilities == expected.probabilities
        assert (outcome.record.tissue_mm2, outcome.record.tiles) == (expected.tissue_mm2, expected.tiles)
        assert outcome.result is None
        assert outcome.state == slide_map.state_of(path)
        assert outcome.slide_key == slide_key(path, outcome.state)
    assert ask(slides[2].info.path) == (slides[2].info.path, None)
    assert opened == []


def test_what_was_stopped_has_no_row_and_one_when_it_is_finished(paint):
    class Stop(RecordingContext):
        def progress(self, done, total, text=""):
            super().progress(done, total, text)
            if done:
                self.cancel()

    slide = paint()
    with pytest.raises(Cancelled):
        map_painted(slide, Stop(), batch=2)
    look_at_painted(paint())
    assert row(slide.info.path) is None
    finished = map_painted(paint()).record
    assert (row(slide.info.path).status, row(slide.info.path).tiles) == (finished.status, finished.tiles)


def test_a_slide_that_was_moved_is_known_when_it_was_looked_at_there(paint, tmp_path):
    slide = paint()
    map_painted(slide)
    moved = slide.info.path.rename(tmp_path / "moved.slide")
    assert row(slide.info.path) is None
    assert row(moved) is None
    look_at_painted(paint("moved.slide"))
    assert row(moved).path == display_name(moved)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"another slide"),
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: path.unlink(),
    ],
)
def test_another_file_in_its_place_has_no_row(paint, change):
    slide = paint()
    map_painted(slide)
    assert row(slide.info.path) is not None
    change(slide.info.path)
    assert row(slide.info.path) is None


def test_another_model_precision_or_version_has_no_row(paint, monkeypatch):
    path = paint().info.path
    map_painted(paint())
    assert row(path, engine=fake_engine("e" * 64)) is None
    engine = fake_engine()
    engine.precision = "int8"
    assert row(path, engine=engine) is None
    assert row(path) is not None
    monkeypatch.setattr("lungviewer.__version__", "0.0.0")
    assert row(path) is None


@pytest.mark.parametrize(
    "options", [MapOptions(overlap=0.5), MapOptions(tissue_threshold=0.3), MapOptions(um_per_px=1.0)]
)
def test_only_the_options_in_force_count(paint, opened, options):
    slide = paint()
    path = slide.info.path
    wish = SlideWish(options.overlap, options.tissue_threshold)
    scales = {slide_key(path, slide_map.state_of(path)): options.um_per_px} if options.um_per_px else {}
    map_painted(paint())
    assert ask(path)[1] is not None
    assert ask(path, wish=wish, slide_scales=scales)[1] is None
    map_painted(paint(), options=options)
    found = ask(path, wish=wish, slide_scales=scales)[1]
    assert (found.record.tiles, found.given) == (row(path, options).tiles, options.um_per_px)
    assert opened == []


def test_a_row_by_another_rule_is_none_and_the_map_gives_one_by_this_rule(paint, monkeypatch):
    slide = paint()
    map_painted(slide)
    assert row(slide.info.path) is not None
    monkeypatch.setattr("lungviewer.core.slide_summary.TUMOUR_SHARE", 0.3)
    assert row(slide.info.path) is None
    look_at_painted(slide)
    assert row(slide.info.path) is not None


def test_a_map_that_was_removed_takes_its_row_along(paint, kept):
    first, second = paint("a.slide", identity="a"), paint("b.slide", identity="b")
    map_painted(first)
    prune(kept, limit=0)
    assert row(first.info.path) is None
    map_painted(second)
    assert count(kept) == 1
    assert row(second.info.path) is not None


def test_a_map_that_is_made_anew_has_no_row_until_it_is_finished(paint):
    class Stop(RecordingContext):
        def progress(self, done, total, text=""):
            self.cancel()

    slide = paint()
    map_painted(slide)
    with pytest.raises(Cancelled):
        map_painted(paint(), Stop(), fresh=True)
    assert row(slide.info.path) is None


def test_no_name_is_kept(paint, kept):
    map_painted(paint(), name="Smith John.slide")
    content = (kept / "index.db").read_bytes()
    for word in (b"Smith", b"John", b".slide", b"painted", b"Smith John".hex().encode()):
        assert word not in content


@pytest.mark.parametrize("content", [b"", b"damaged" * 5000, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_index_is_as_if_there_were_none_and_is_replaced(paint, kept, content):
    path = paint().info.path
    map_painted(paint())
    (kept / "index.db").write_bytes(content)
    assert row(path) is None
    for _ in range(2):
        look_at_painted(paint())
    assert row(path) is not None


def test_a_row_that_was_altered_is_not_shown(paint, kept):
    path = paint().info.path
    map_painted(paint())
    with sqlite3.connect(kept / "index.db") as database:
        database.execute("UPDATE rows SET record = replace(record, 'tumour_a', 'tumour_b')")
    database.close()
    assert row(path) is None


def test_an_index_that_another_process_holds_costs_no_map(paint, kept, monkeypatch):
    monkeypatch.setattr("lungviewer.store.slide_index._WAIT_S", 0.01)
    first, second = paint("a.slide", identity="a"), paint("b.slide", identity="b")
    map_painted(first)
    holder = sqlite3.connect(kept / "index.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert map_painted(second).complete
    assert row(first.info.path) is None
    holder.execute("ROLLBACK")
    holder.close()
    assert row(first.info.path) is not None
    assert row(second.info.path) is None


def test_a_folder_in_its_place_costs_no_map(paint, kept):
    (kept / "index.db").mkdir(parents=True)
    assert map_painted(paint()).complete
    assert row(paint().info.path) is None


def count(kept: Path) -> int:
    database = sqlite3.connect(kept / "index.db")
    (rows,) = database.execute("SELECT COUNT(*) FROM rows").fetchone()
    database.close()
    return rows
