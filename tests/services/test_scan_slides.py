"""Slides in a folder scan: rows like any other, after the images, one by one. Mapping itself is made up here;
tests/services/test_scan_real_slides.py scans real ones."""

import os

import pytest

from lungviewer.core.errors import OutputBusy, OutputUnwritable, SpacingUnknown
from lungviewer.core.image import Overview
from lungviewer.core.job import RecordingContext
from lungviewer.exporters.csv_table import read_records
from lungviewer.readers import opening, slide_kinds
from lungviewer.services import slide_map as mapping
from lungviewer.services.scan import ScanProgress
from lungviewer.services.slide_scan import SlideAdvance
from tests.fixtures.packs import paint
from tests.fixtures.scans import comparable, draw_images, rows, run_scan
from tests.fixtures.slide_maps import slide_map

TILES = 6


class Mapping:
    """Stands in for `map_slide`: what it was asked, and what it does with which slide."""

    def __init__(self):
        self.calls, self.kept, self.errors, self.after_tile = [], {}, {}, lambda name, done: None

    def __call__(self, path, engine, options, ctx, *, readers, batch, fresh, name):
        self.calls.append((name, options.um_per_px, fresh))
        if name in self.errors:
            raise self.errors[name]
        if fresh:
            self.kept.pop(name, None)
        for done in range(self.kept.get(name, 0), TILES):
            ctx.check()
            self.kept[name] = done + 1
            ctx.progress(done + 1, TILES)
            ctx.partial("a snapshot")
            self.after_tile(name, done + 1)
        return slide_map(columns=24, rows=18, name=name, um_per_px=options.um_per_px or 0.5)


class Picture:
    def overview(self, max_side):
        return Overview(paint((200, 120, 180), 120, 90), None)

    def close(self):
        pass


@pytest.fixture
def mapped(monkeypatch):
    made = Mapping()
    made.asked = []

    def is_slide(path):
        made.asked.append(path.name)
        return path.read_bytes().startswith(b"slide")

    monkeypatch.setattr(slide_kinds, "is_slide", is_slide)
    monkeypatch.setattr(opening, "open_slide", lambda *a, **k: Picture())
    monkeypatch.setattr(mapping, "map_slide", made)
    return made


def draw_slides(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"slide " + name.encode())


def test_slides_are_rows_like_any_other(folder, report, mapped):
    draw_images(folder, 4)
    draw_slides(folder, "a.svs", "image_00002.tif")
    summary = run_scan(folder, report)
    assert (summary.found, summary.done) == (6, 6)
    table = rows(report)
    assert [r["path"] for r in table] == sorted(r["path"] for r in table)
    slides = [r for r in table if r["kind"] == "slide"]
    assert [r["path"] for r in slides] == ["a.svs", "image_00002.tif"]
    assert all(
        r["confidence"] == "" and float(r["tumour_share"]) > 0 and r["status"] == "review" for r in slides
    )
    assert summary.by_status["review"] >= 2
    records, _ = read_records(report)
    assert records[0].predicted_class == "tumour_a"


def test_images_come_first_and_nobody_asks_of_a_jpeg_whether_it_is_a_slide(folder, report, mapped):
    draw_images(folder, 4)
    draw_slides(folder, "0.svs")
    ctx = RecordingContext()
    run_scan(folder, report, ctx=ctx)
    told = [r.path for p in ctx.partials if isinstance(p, ScanProgress) for r in p.rows]
    assert told[-1] == "0.svs"
    assert mapped.asked == ["0.svs"]


def test_a_slide_under_the_name_of_an_image_is_still_mapped(folder, report, mapped, monkeypatch):
    import lungviewer.services.prepare as prepare
    from lungviewer.core.errors import UnsupportedFormat

    draw_images(folder, 2)
    draw_slides(folder, "slide.jpg")
    whole = prepare.open_image

    def open_image(path, *arguments, **named):
        if path.name == "slide.jpg":
            raise UnsupportedFormat("This is a whole slide.")
        return whole(path, *arguments, **named)

    monkeypatch.setattr(prepare, "open_image", open_image)
    assert run_scan(folder, report).done == 3
    assert rows(report)[-1]["kind"] == "slide"


def test_progress_moves_within_a_slide(folder, report, mapped):
    draw_slides(folder, "a.svs", "b.svs")
    ctx = RecordingContext()
    run_scan(folder, report, ctx=ctx)
    told = [p for p in ctx.partials if isinstance(p, SlideAdvance)]
    assert told[0] == SlideAdvance("a.svs", 1, 2, 0, 0)
    assert told[TILES] == SlideAdvance("a.svs", 1, 2, TILES, TILES)
    assert told[-1] == SlideAdvance("b.svs", 2, 2, TILES, TILES)
    assert "a snapshot" not in ctx.partials


def test_a_scan_that_is_stopped_inside_a_slide_goes_on_inside_it(folder, report, mapped, tmp_path):
    draw_images(folder, 3)
    draw_slides(folder, "a.svs", "b.svs")
    ctx = RecordingContext()
    mapped.after_tile = lambda name, done: ctx.cancel() if (name, done) == ("a.svs", 4) else None
    stopped = run_scan(folder, report, ctx=ctx)
    assert stopped.stopped
    assert stopped.done == 3
    assert mapped.kept == {"a.svs": 4}
    rest = run_scan(folder, report)
    assert (rest.kept, rest.done) == (3, 2)
    assert run_scan(folder, report).done == 0
    run_scan(folder, tmp_path / "whole.csv")
    assert comparable(report) == comparable(tmp_path / "whole.csv")


def test_starting_over_maps_anew_and_going_on_does_not(folder, report, mapped):
    draw_slides(folder, "a.svs")
    run_scan(folder, report)
    run_scan(folder, report, fresh=True)
    assert mapped.calls == [("a.svs", None, False), ("a.svs", None, True)]


def test_one_slide_that_fails_is_one_row(folder, report, mapped):
    draw_slides(folder, *(f"{n}.svs" for n in range(4)))
    mapped.errors = {
        "0.svs": SpacingUnknown("The slide does not state its µm per pixel."),
        "1.svs": ZeroDivisionError(),
        "2.svs": OutputBusy("Another process maps this slide."),
    }
    summary = run_scan(folder, report)
    assert summary.by_status == {"error": 3, "review": 1}
    table = rows(report)
    assert [r["reason"] for r in table[:3]] == ["spacing_unknown", "unexpected", "io_error"]
    assert all(r["kind"] == "slide" for r in table)
    assert "State its µm per pixel" in table[0]["error"]
    mapped.calls.clear()
    mapped.errors = {}
    run_scan(folder, report)
    assert [name for name, *_ in mapped.calls] == [
        "1.svs",
        "2.svs",
    ]  # the first is final: nothing has changed


def test_a_scale_that_is_given_counts_for_slides_and_tries_them_again(folder, report, mapped):
    draw_slides(folder, "a.svs")
    mapped.errors = {"a.svs": SpacingUnknown("The slide does not state its µm per pixel.")}
    run_scan(folder, report)
    mapped.errors = {}
    assert run_scan(folder, report, um_per_px=0.25).done == 1
    assert mapped.calls[-1] == ("a.svs", 0.25, False)
    assert float(rows(report)[0]["um_per_px"]) == 0.25


def test_a_disk_without_room_ends_the_scan_and_keeps_what_was_done(folder, report, mapped):
    draw_images(folder, 2)
    draw_slides(folder, "a.svs")
    mapped.errors = {"a.svs": OutputUnwritable("There is no room.")}
    with pytest.raises(OutputUnwritable):
        run_scan(folder, report)
    mapped.errors = {}
    assert run_scan(folder, report).kept == 2


def test_the_slide_that_a_program_died_of_comes_last_at_the_next_run(folder, report, mapped):
    draw_slides(folder, "a.svs", "b.svs", "c.svs")

    class Death(BaseException):
        pass

    def die(name, done):
        raise Death

    mapped.after_tile = die
    with pytest.raises(Death):
        run_scan(folder, report)
    mapped.calls.clear()
    mapped.after_tile = lambda name, done: None
    run_scan(folder, report)
    assert [name for name, *_ in mapped.calls] == ["b.svs", "c.svs", "a.svs"]


def test_a_slide_that_changed_is_mapped_again(folder, report, mapped):
    draw_slides(folder, "a.svs", "b.svs")
    run_scan(folder, report)
    os.utime(folder / "b.svs", (1, 1))
    mapped.calls.clear()
    assert run_scan(folder, report).done == 1
    assert [name for name, *_ in mapped.calls] == ["b.svs"]


def test_overlays_are_drawn_for_slides(folder, report, mapped, tmp_path):
    draw_slides(folder, "a.svs")
    run_scan(folder, report, overlays=tmp_path / "maps")
    picture = tmp_path / "maps" / "a.svs.overlay.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run_scan(folder, report, overlays=tmp_path / "maps").done == 0
    picture.unlink()
    assert run_scan(folder, report, overlays=tmp_path / "maps").done == 1


def test_a_map_stands_when_its_picture_cannot_be_made(folder, report, mapped, tmp_path, monkeypatch):
    def gone(*_arguments, **_named):
        from lungviewer.core.errors import FileVanished

        raise FileVanished("The file is no longer there.")

    draw_slides(folder, "a.svs")
    monkeypatch.setattr(opening, "open_slide", gone)
    run_scan(folder, report, overlays=tmp_path / "maps")
    (row,) = rows(report)
    assert row["reason"].endswith("overlay_not_written")
    assert row["status"] == "review"


def test_a_stop_while_slides_are_told_apart_is_seen(folder, report, mapped, monkeypatch):
    draw_slides(folder, "a.svs", "b.svs")
    ctx = RecordingContext()
    whole = slide_kinds.is_slide
    monkeypatch.setattr(slide_kinds, "is_slide", lambda path: ctx.cancel() or whole(path))
    assert run_scan(folder, report, ctx=ctx).stopped
    assert mapped.asked == ["a.svs"]
    assert mapped.calls == []
