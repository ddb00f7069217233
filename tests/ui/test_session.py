"""The session: what is open, which model answers, what it has said."""

import os
import threading
from pathlib import Path

import pytest
from PIL import Image

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.listing import look_up
from lungviewer.ui.notice import Notice
from lungviewer.ui.notify import NoticeBar
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import FakeKeeper, load_model, open_folder


def test_a_folder_is_listed_and_every_image_gets_an_answer(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    assert [p.name for p in session.files] == sorted(p.name for p in pictures.iterdir())
    assert session.current == session.files[0]
    statuses = [session.record(p).status for p in session.files]
    assert statuses.count(Status.ERROR) == 1
    assert session.result() is not None
    assert session.result().heatmaps


def test_the_image_that_is_looked_at_is_answered_first(qtbot, session, pictures):
    session.keeper.hold.clear()
    order = []
    session.outcome_changed.connect(order.append)
    open_folder(qtbot, session, pictures, answers=False)
    session.select(session.files[8])
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: len(order) == 9, timeout=20_000)
    # The first of all was already being worked on when the other was chosen.
    assert session.files[8] in order[:2]


def test_a_file_opens_with_what_lies_beside_it(qtbot, session, pictures):
    chosen = pictures / "image_00003.png"
    listed_when_shown = []
    session.current_changed.connect(lambda: listed_when_shown.append((session.current, len(session.files))))
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([chosen])
    assert (chosen.resolve(), 0) in listed_when_shown  # before its folder is listed
    assert len(session.files) == 9
    assert session.current in session.files


def test_a_file_without_an_image_s_name_is_listed_when_it_was_asked_for(qtbot, session, pictures):
    odd = pictures / "notes.txt"
    odd.write_text("not a picture")
    open_folder(qtbot, session, odd)
    assert session.record(odd).status is Status.ERROR
    assert session.record(odd).reason == "not_an_image"


def test_several_files_are_shown_alone(qtbot, session, pictures):
    chosen = sorted(pictures.iterdir())[:2]
    with qtbot.waitSignal(session.files_changed):
        session.open_paths(chosen)
    assert list(session.files) == [p.resolve() for p in chosen]


def test_a_folder_that_does_not_exist_is_a_sentence(qtbot, session, tmp_path):
    heard = []
    session.noticed.connect(heard.append)
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([tmp_path / "nowhere"])
    assert [n.kind for n in heard] == ["error"]
    assert session.files == ()


def test_late_answers_of_another_folder_are_dropped(qtbot, session, pictures, tmp_path):
    session.keeper.hold.clear()
    open_folder(qtbot, session, pictures, answers=False)
    other = tmp_path / "other"
    draw_images(other, 2)
    heard = []
    session.outcome_changed.connect(heard.append)
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([other])
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=20_000)
    assert {p.parent for p in heard} == {other.resolve()}


def test_a_model_that_cannot_be_loaded_is_told_once_and_nothing_hangs(qtbot, session, pictures):
    session.keeper.broken = True
    heard = []
    session.noticed.connect(heard.append)
    with qtbot.waitSignal(session.model_changed):
        session.load_model()
    open_folder(qtbot, session, pictures, answers=False)
    qtbot.waitUntil(lambda: not any(session.is_pending(p) for p in session.files), timeout=20_000)
    assert session.engine_error is not None
    assert len(heard) == 1
    assert session.record(session.files[0]) is None


def test_a_model_that_loads_takes_the_error_back_and_answers_what_was_left(qtbot, session, pictures):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    session.noticed.connect(bar.show_notice)
    bar.show_notice(Notice("info", "Something else."))
    session.keeper.broken = True
    with qtbot.waitSignal(session.model_changed):
        session.load_model()
    open_folder(qtbot, session, pictures, answers=False)
    qtbot.waitUntil(lambda: not any(session.is_pending(p) for p in session.files), timeout=20_000)
    assert len(bar.texts()) == 2
    session.keeper.broken = False
    session.settings.update(threads=2)
    assert bar.texts() == ["Something else."]
    qtbot.waitUntil(lambda: all(session.record(p) for p in session.files), timeout=20_000)


def test_the_newest_notice_of_a_topic_takes_the_place_of_the_one_before(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    for text in ("First.", "Second."):
        bar.show_notice(Notice("error", "Another thing."))
        bar.show_notice(Notice("error", text, "model"))
        assert bar.texts() == ["Another thing.", text]
    bar.show_notice(Notice("info", "", "model"))
    assert bar.texts() == ["Another thing."]


def test_another_model_asks_again(qtbot, session, pictures):
    with qtbot.waitSignal(session.model_changed):
        session.load_model()
    open_folder(qtbot, session, pictures)
    session.settings.update(threads=2)
    assert session.record(session.files[1]) is None
    qtbot.waitUntil(lambda: all(session.record(p) for p in session.files), timeout=20_000)
    assert session.engine_info is not None


def test_a_scale_that_a_person_gives_counts_for_that_image_only(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    first, second = session.files[:2]
    session.set_scale(first, 1.0)
    qtbot.waitUntil(lambda: session.record(first) is not None)
    assert session.record(first).um_per_px == 1.0
    assert session.record(second).um_per_px is None
    session.set_scale(first, None)
    qtbot.waitUntil(lambda: session.record(first) is not None)
    assert session.record(first).um_per_px is None


def test_a_usual_scale_counts_only_for_files_that_say_none(qtbot, session, pictures):
    stated = pictures / "stated.png"
    Image.new("RGB", (96, 96), (200, 60, 120)).save(stated, dpi=(25_400, 25_400))  # 1 µm per pixel
    session.settings.update(um_per_px=0.5)
    open_folder(qtbot, session, pictures)
    silent = session.files[0]
    assert session.record(silent).um_per_px == 0.5
    assert session.scale_of(silent) == 0.5
    assert session.record(stated.resolve()).um_per_px == pytest.approx(1.0, rel=1e-3)
    assert session.scale_of(stated.resolve()) is None


def row_of(name, **values):
    """A row of a scan by the fake engine."""
    made_by = {"model_sha256": "f" * 64, "backend": "fake"}
    plain = {"status": Status.OK, "predicted_class": "red", "confidence": 0.75}
    return ImageRecord(path=name, kind="image", **{**plain, **made_by, **values})


def test_the_scale_of_a_folder_is_remembered_and_can_be_taken_back(qtbot, settings, session, pictures):
    open_folder(qtbot, session, pictures)
    session.set_folder_scale(0.5)
    qtbot.waitUntil(lambda: all(session.record(p) is not None for p in session.files))
    assert {session.record(p).um_per_px for p in session.files} == {0.5, None}  # one cannot be read
    open_folder(qtbot, session, pictures)
    assert session.record(session.files[0]).um_per_px == 0.5
    assert SettingsStore().current.folder_scales == {str(pictures.resolve()): 0.5}
    session.set_folder_scale(None)
    qtbot.waitUntil(lambda: session.record(session.files[0]) is not None)
    assert session.record(session.files[0]).um_per_px is None


def test_reading_again_finds_new_files_and_stays_at_the_image(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    here = session.files[4]
    session.select(here)
    draw_images(pictures / "x", 1)
    (pictures / "x" / "image_00000.jpg").rename(pictures / "new.jpg")
    with qtbot.waitSignal(session.files_changed):
        session.refresh()
    assert len(session.files) == 10
    assert session.current == here


def test_a_file_that_was_replaced_is_asked_about_again(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    first, second = session.files[0], session.files[2]
    before = session.record(first)
    session.select(second)
    first.write_bytes(second.read_bytes())
    os.utime(first, ns=(1, 1))
    told = []
    session.noticed.connect(told.append)
    with qtbot.waitSignal(session.file_changed) as changed:
        session.select(first)
    assert changed.args == [first]
    qtbot.waitUntil(lambda: session.record(first) is not None)
    assert session.record(first).predicted_class == session.record(second).predicted_class
    assert session.record(first).predicted_class != before.predicted_class
    assert ["changed" in notice.text for notice in told] == [True]


def test_a_file_that_is_gone_is_no_answer_any_more(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    first = session.files[0]
    first.unlink()
    session.look_again()
    qtbot.waitUntil(lambda: session.record(first) is not None and session.record(first).reason == "vanished")


def test_a_file_that_stayed_the_same_is_not_asked_about_again(qtbot, session, pictures):
    open_folder(qtbot, session, pictures)
    heard = []
    session.file_changed.connect(heard.append)
    record = session.record(session.current)
    session.look_again()
    session.select(session.files[1])
    session.select(session.files[0])
    qtbot.wait(50)
    assert heard == []
    assert session.record(session.files[0]) is record


def test_rows_of_a_scan_fill_the_open_folder_and_no_other(qtbot, session, pictures):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    open_folder(qtbot, session, pictures, answers=False)
    row = row_of("image_00004.jpg")
    session.take_records(pictures.resolve(), [row])
    session.take_records(Path("/elsewhere"), [row_of("image_00006.jpg")])
    assert session.record(pictures.resolve() / "image_00004.jpg") is row
    assert session.record(pictures.resolve() / "image_00006.jpg") is None


@pytest.mark.parametrize(
    ("values", "scanned"),
    [
        ({"model_sha256": "0" * 64}, None),
        ({"backend": "fake int8"}, None),
        ({"um_per_px": 0.5}, 0.5),
    ],
)
def test_rows_of_another_model_precision_or_scale_are_no_answers(qtbot, session, pictures, values, scanned):
    session.settings.update(classify_up_to=0)
    load_model(qtbot, session)
    open_folder(qtbot, session, pictures, answers=False)
    session.take_records(session.folder, [row_of("image_00004.jpg", **values)], scanned)
    assert session.record(session.folder / "image_00004.jpg") is None


def test_rows_say_nothing_while_it_is_not_known_which_model_answers(qtbot, session, pictures):
    session.settings.update(classify_up_to=0)
    open_folder(qtbot, session, pictures, answers=False)
    session.take_records(session.folder, [row_of("image_00004.jpg")])
    assert session.record(session.folder / "image_00004.jpg") is None


def test_a_row_does_not_replace_the_answer_for_a_scale_that_a_person_gave(qtbot, session, pictures):
    load_model(qtbot, session)
    open_folder(qtbot, session, pictures)
    path = session.files[0]
    session.set_scale(path, 0.5)
    qtbot.waitUntil(lambda: session.record(path) is not None)
    session.take_records(session.folder, [row_of(path.name, analysed_at="9999-01-01")])
    assert session.record(path).um_per_px == 0.5
    session.take_records(session.folder, [row_of(path.name, analysed_at="9999-01-01", um_per_px=0.5)], 0.5)
    assert session.record(path).predicted_class == "red"


def test_a_row_that_says_something_newer_takes_the_old_map_away(qtbot, session, pictures):
    load_model(qtbot, session)
    open_folder(qtbot, session, pictures)
    current, other = session.current, session.files[1]
    old = session.result(current)
    changed = []
    session.outcome_changed.connect(changed.append)
    session.take_records(session.folder, [session.record(current), session.record(other)])
    session.take_records(session.folder, [row_of(current.name, analysed_at="2000-01-01")])
    assert changed == []
    assert session.result(current) is old
    rows = [row_of(path.name, analysed_at="9999-01-01") for path in (current, other)]
    session.take_records(session.folder, rows)
    assert changed == [current, other]
    assert session.result(current) is session.result(other) is None
    assert session.is_pending(current)
    assert not session.is_pending(other)
    qtbot.waitUntil(lambda: session.result(current) is not None)
    assert session.record(current) is session.result(current).record


def test_large_folders_are_not_classified_unasked(qtbot, session, pictures):
    session.settings.update(classify_up_to=3)
    open_folder(qtbot, session, pictures, answers=False)
    assert sum(session.is_pending(p) for p in session.files) <= 1  # the one that is looked at
    session.classify(session.files)
    qtbot.waitUntil(lambda: all(session.record(p) for p in session.files), timeout=20_000)


def test_a_folder_opens_while_another_one_does_not_answer(qtbot, session, pictures, tmp_path, monkeypatch):
    gate, dead = threading.Event(), tmp_path / "dead"

    def look(paths, otherwise=()):
        if paths[0] == dead:
            gate.wait(20)
        return look_up(paths, otherwise)

    monkeypatch.setattr("lungviewer.ui.listing.look_up", look)
    dead.mkdir()
    session.open_paths([dead])
    open_folder(qtbot, session, pictures, answers=False)
    assert len(session.files) == 9
    gate.set()


def test_a_place_that_is_gone_gives_what_was_named_otherwise(qtbot, session, pictures, tmp_path):
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([tmp_path / "gone"], otherwise=[pictures])
    assert session.folder == pictures.resolve()


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_path_that_cannot_be_looked_at_is_a_sentence(qtbot, session, tmp_path, name):
    heard = []
    session.noticed.connect(heard.append)
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([tmp_path / name])
    assert [n.kind for n in heard] == ["error"]


def test_a_loop_of_links_is_a_sentence(qtbot, session, tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    heard = []
    session.noticed.connect(heard.append)
    with qtbot.waitSignal(session.files_changed):
        session.open_paths([tmp_path / "a" / "c"])
    assert len(heard) == 1


def test_the_model_that_was_chosen_last_answers_however_late_the_other_comes(qtbot, session):
    session.keeper.hold.clear()
    session.load_model()
    loaded = []
    session.model_changed.connect(lambda: loaded.append(session.engine_info))
    session.settings.update(threads=3)
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: session.engine_info is not None)
    qtbot.wait(50)  # whatever else may come
    assert [info for info in loaded if info is not None] == [session.engine_info]


def test_nothing_starts_again_after_the_end(qtbot, settings, pictures):
    """A listing that arrives while the window closes would have started a thread that nobody ends."""
    session = ViewerSession(settings, keeper=FakeKeeper())
    open_folder(qtbot, session, pictures)
    assert session.close()
    session.open_paths([pictures])
    session.select(pictures / "image_00003.png")
    session.load_model()
    qtbot.wait(50)
    assert session.close()


def test_closing_in_the_middle_of_everything_ends_the_threads(qtbot, settings, pictures):
    session = ViewerSession(settings, keeper=FakeKeeper())
    session.load_model()
    session.open_paths([pictures])
    assert session.close()


@pytest.mark.parametrize("name", ["opacity", "threshold"])
def test_shares_are_kept_between_nothing_and_all(session, name):
    setter = getattr(session.explaining, f"set_{name}")
    setter(7)
    assert getattr(session.explaining, name) == 1.0
    setter(-1)
    assert getattr(session.explaining, name) == 0.0
