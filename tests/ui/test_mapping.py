"""Slides in the session: which one is mapped, when, and what is known of it meanwhile."""

import os
import threading

import pytest
from PIL import Image

from lungviewer.core.errors import FileChanged, ImageCorrupt, OutputBusy, SpacingUnknown
from lungviewer.core.types import Status
from lungviewer.services.slide_result import MapOptions
from lungviewer.ui.mapping.mapper import How, Mapper
from lungviewer.ui.mapping.wishes import SlideWish, slide_key
from lungviewer.ui.mapping.work import Courteous
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.mapping import FakeSlides, make_slides
from tests.fixtures.packs import paint
from tests.fixtures.slide_maps import slide_map
from tests.fixtures.windows import FakeKeeper, load_model, open_folder


@pytest.fixture
def slides(monkeypatch):
    slides = FakeSlides()
    slides.install(monkeypatch)
    return slides


@pytest.fixture
def session(settings):
    """A session whose engines, that for maps among them, are fakes."""
    session = ViewerSession(settings, keeper=FakeKeeper(), mapping_keeper=FakeKeeper())
    yield session
    assert session.close()


@pytest.fixture
def folder(tmp_path):
    """Two slides and a picture."""
    make_slides(tmp_path / "cases", "a", "b")
    Image.fromarray(paint((200, 60, 60), 64, 64)).save(tmp_path / "cases" / "c.png")
    return tmp_path / "cases"


def opened(qtbot, session, folder):
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: session.mapping.map is not None)
    return session.current


def tiles(session, path=None):
    result = session.result(path)
    return 0 if result is None else len(result.slide.tiles)


def complete(session):
    """The last snapshot may be heard of before it is heard that there are no more."""
    mapping = session.mapping
    return mapping.map is not None and mapping.map.complete and not mapping.running


def stopped_at(qtbot, session, slides, number):
    """Let the map come so far and no further."""
    qtbot.waitUntil(lambda: tiles(session) == number, timeout=20_000)


# --- what is mapped, and when ------------------------------------------------------------------------


def test_the_slide_that_is_looked_at_is_mapped(qtbot, session, slides, folder):
    path = opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.record(path).kind == "slide"
    assert session.result().slide.complete
    assert session.result().heatmaps is session.result().slide.activation
    assert [p for p, _ in slides.maps] == [path]
    assert not session.mapping.running
    assert not session.mapping.can_start


def test_no_other_slide_of_the_folder_is_looked_at_or_mapped(qtbot, session, slides, folder):
    path = opened(qtbot, session, folder)
    picture = folder / "c.png"
    qtbot.waitUntil(lambda: complete(session) and session.record(picture) is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not any(map(session.is_pending, session.files)))
    assert {p for p, _ in slides.looks} == {path}
    assert session.record(folder / "b.svs") is None


def test_the_setting_leaves_slides_to_the_person(qtbot, session, slides, folder):
    session.settings.update(map_opened_slides=False)
    opened(qtbot, session, folder)
    assert session.mapping.can_start
    assert not slides.maps
    session.mapping.start()
    assert session.mapping.running
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)


def test_another_image_stops_the_map_and_coming_back_goes_on(qtbot, session, slides, folder):
    slides.stop_at = 5
    first = opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 5)
    with qtbot.waitSignal(session.mapping.mapper.ended) as ended:
        session.select(folder / "c.png")
    assert ended.args[0] == first
    assert ended.args[1].how is How.STOPPED
    assert tiles(session, first) == 5
    slides.stop_at = None
    session.select(first)
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert len(slides.maps) == 2


def test_one_slide_is_mapped_at_a_time(qtbot, session, slides, folder):
    slides.stop_at = 3
    first = opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 3)
    session.select(folder / "b.svs")
    qtbot.waitUntil(lambda: tiles(session, folder / "b.svs") == 3, timeout=20_000)
    session.select(first)
    slides.stop_at = None
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert slides.most_running == 1


def test_a_map_that_a_person_stopped_stays_so_until_it_is_started(qtbot, session, slides, folder):
    slides.stop_at = 4
    first = opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 4)
    with qtbot.waitSignal(session.mapping.mapper.ended):
        session.mapping.toggle()
    slides.stop_at = None
    session.select(folder / "c.png")
    session.select(first)
    assert not session.mapping.running
    assert session.mapping.can_start
    session.mapping.toggle()
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)


def test_what_was_kept_of_an_earlier_time_is_shown_at_once(qtbot, session, slides, folder):
    session.settings.update(map_opened_slides=False)
    slides.kept["a.svs", MapOptions()] = 7
    opened(qtbot, session, folder)
    assert tiles(session) == 7
    assert not slides.maps


# --- snapshots ---------------------------------------------------------------------------------------


def test_snapshots_are_new_objects_and_come_at_most_ten_times_a_second(qtbot, session, slides, folder):
    slides.gate.clear()
    path = opened(qtbot, session, folder)
    seen = [session.result()]
    heard = []
    session.mapping.mapper._timer.timeout.connect(lambda: heard.append("tick"))
    session.outcome_changed.connect(lambda p: heard.append("outcome") if p == path else None)
    session.outcome_changed.connect(lambda _: seen.append(session.result()))
    slides.gate.set()
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert len(seen[0].slide.tiles) == 0
    counts = [len(result.slide.tiles) for result in seen]
    assert counts == sorted(counts)
    # One snapshot a tick at most, and the finished map at the end.
    assert heard.count("outcome") <= heard.count("tick") + 1


def test_of_snapshots_between_two_ticks_the_last_is_handed_on(qtbot, slides, tmp_path):
    (path,) = make_slides(tmp_path, "a")
    mapper = Mapper(FakeKeeper())
    told = []
    mapper.advanced.connect(lambda _path, so_far: told.append(so_far))
    mapper.path = path
    first, second = slide_map(looked_at=3), slide_map(looked_at=5)
    mapper._heard(first)
    mapper._heard(second)
    mapper._tick()
    mapper._tick()
    assert told == [second]
    assert mapper.close()


def test_the_full_answers_of_few_slides_are_kept(qtbot, session, slides, tmp_path):
    paths = make_slides(tmp_path / "many", *"abcdefg")
    session.settings.update(map_opened_slides=False)
    opened(qtbot, session, tmp_path / "many")
    for path in paths:
        session.select(path)
        qtbot.waitUntil(lambda: session.mapping.map is not None)
    kept = [path for path in paths if session.result(path) is not None]
    assert len(kept) == 4
    assert session.current in kept
    assert all(session.record(path) is not None for path in paths)
    session.select(paths[0])
    qtbot.waitUntil(lambda: session.mapping.map is not None)


# --- what makes an answer count no more --------------------------------------------------------------


def test_a_slide_that_was_replaced_never_shows_the_map_of_the_old_file(qtbot, session, slides, folder):
    slides.stop_at = 5
    path = opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 5)
    old = session.result()
    path.write_bytes(b"another slide" * 100)
    shown = []
    session.outcome_changed.connect(lambda p: shown.append(session.result(p)) if p == path else None)
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    slides.kept.clear()
    slides.stop_at = None
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert all(result is not old for result in shown)
    assert shown[0] is None
    assert [p for p, _ in slides.maps] == [path, path]


def test_no_map_is_begun_of_a_file_that_changed_since_it_was_looked_at(qtbot, session, slides, folder):
    session.settings.update(map_opened_slides=False)
    path = opened(qtbot, session, folder)
    path.write_bytes(b"another slide" * 100)
    with qtbot.waitSignals([session.mapping.mapper.ended, session.file_changed]):
        session.mapping.start()
    assert not slides.maps
    qtbot.waitUntil(lambda: session.mapping.map is not None)


def test_a_change_that_is_noticed_by_mapping_reads_the_slide_again(qtbot, session, slides, folder):
    slides.stop_at = 2
    path = opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 2)
    path.write_bytes(b"another slide" * 100)
    slides.mapping_problem = FileChanged("The slide has changed.")
    with qtbot.waitSignal(session.file_changed):
        slides.stop_at = None
    slides.mapping_problem = None
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)


def test_another_model_maps_anew(qtbot, session, slides, folder):
    slides.stop_at = 5
    opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 5)
    old = session.result()
    session.settings.update(threads=2)
    assert session.result() is None
    assert not session.mapping.running
    qtbot.waitUntil(lambda: session.mapping.running, timeout=20_000)
    assert session.result() is not old


def test_a_damaged_slide_is_an_error_and_is_not_mapped(qtbot, session, slides, folder):
    slides.problem = ImageCorrupt("The slide is damaged.")
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: session.record(folder / "a.svs") is not None)
    assert session.record(folder / "a.svs").status is Status.ERROR
    assert session.mapping.map is None
    assert not slides.maps


def test_a_failure_is_told_and_does_not_begin_again_by_itself(qtbot, session, slides, folder):
    slides.mapping_problem = OutputBusy("Another window maps this slide.")
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.mapping.error is not None)
    assert not session.mapping.running
    assert len(slides.maps) == 1
    slides.mapping_problem = None
    session.mapping.start()
    assert session.mapping.error is None
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)


def test_a_window_that_closes_ends_the_map(qtbot, settings, slides, folder):
    session = ViewerSession(settings, keeper=FakeKeeper(), mapping_keeper=FakeKeeper())
    slides.stop_at = 5
    opened(qtbot, session, folder)
    stopped_at(qtbot, session, slides, 5)
    assert session.close()
    assert slides.running == 0
    assert slides.kept["a.svs", MapOptions()] == 5


# --- scale and wishes --------------------------------------------------------------------------------


def without_scale(qtbot, session, slides, folder):
    slides.problem = SpacingUnknown("The slide does not state its µm per pixel.")
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: session.record(folder / "a.svs") is not None)
    return folder / "a.svs"


def test_a_slide_without_a_scale_asks_for_one_and_is_mapped_by_it(qtbot, session, slides, folder):
    path = without_scale(qtbot, session, slides, folder)
    assert session.record(path).reason == "spacing_unknown"
    assert session.mapping.is_slide(path)
    assert session.mapping.lacks_scale
    session.set_scale(path, 0.25)
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.mapping.map.options.um_per_px == 0.25
    assert not session.mapping.lacks_scale


def test_a_scale_is_remembered_for_the_slide_by_no_name(qtbot, session, slides, folder, settings):
    path = without_scale(qtbot, session, slides, folder)
    session.set_scale(path, 0.25)
    qtbot.waitUntil(lambda: session.mapping.map is not None)
    text = settings._path.read_text()
    remembered = SettingsStore().current.slide_scales
    assert list(remembered.values()) == [0.25]
    assert not any(path.name in key or path.stem == key for key in remembered)
    other = ViewerSession(SettingsStore(), keeper=FakeKeeper(), mapping_keeper=FakeKeeper())
    load_model(qtbot, other)
    open_folder(qtbot, other, folder, answers=False)
    qtbot.waitUntil(lambda: other.mapping.map is not None)
    assert other.scale_of(path) == 0.25
    assert "slide_scales" in text
    assert other.close()


def test_a_scale_that_is_taken_back_is_forgotten(qtbot, session, slides, folder, settings):
    path = without_scale(qtbot, session, slides, folder)
    session.set_scale(path, 0.25)
    qtbot.waitUntil(lambda: session.mapping.map is not None)
    session.set_scale(path, None)
    qtbot.waitUntil(lambda: session.record(path) is not None)
    assert session.mapping.lacks_scale
    assert settings.current.slide_scales == {}


def test_the_scale_of_another_file_in_the_same_place_is_another_one(tmp_path):
    (path,) = make_slides(tmp_path, "a")
    from lungviewer.services.file_state import file_state

    before = slide_key(path, file_state(path))
    path.write_bytes(b"another slide")
    os.utime(path, ns=(1, 1))
    assert slide_key(path, file_state(path)) != before
    assert slide_key(path, None) == ""


def test_the_scale_of_the_folder_counts_where_the_slide_says_none(qtbot, session, slides, folder):
    path = without_scale(qtbot, session, slides, folder)
    session.set_folder_scale(0.5)
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.scale_of(path) == 0.5


def test_another_plan_is_mapped_anew_and_the_earlier_one_comes_back(qtbot, session, slides, folder):
    path = opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    session.mapping.give_wish(path, SlideWish(tissue_threshold=0.2))
    assert session.result() is None
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.mapping.map.options.tissue_threshold == 0.2
    session.mapping.give_wish(path, SlideWish())
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.mapping.map.options == MapOptions()
    assert len(slides.maps) == 2


def test_a_slide_that_was_started_by_hand_goes_on_with_another_plan(qtbot, session, slides, folder):
    session.settings.update(map_opened_slides=False)
    path = opened(qtbot, session, folder)
    session.mapping.start()
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    session.mapping.give_wish(path, SlideWish(tissue_threshold=0.3))
    qtbot.waitUntil(lambda: complete(session), timeout=20_000)
    assert session.mapping.map.tissue.threshold == 0.3


# --- the viewer reads first --------------------------------------------------------------------------


class _Context:
    def __init__(self):
        self.checks = 0

    def check(self):
        self.checks += 1


def test_a_map_waits_while_the_viewer_reads(qtbot):
    context, asked = _Context(), []

    def busy():
        asked.append(None)
        return len(asked) < 4

    Courteous(context, busy).check()
    assert len(asked) == 4
    assert context.checks == 4


def test_a_viewer_that_never_has_enough_does_not_stop_the_map(qtbot):
    thread = threading.Thread(target=Courteous(_Context(), lambda: True).check)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
