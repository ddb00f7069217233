"""Folders with CT in the browser: one entry a series, whatever lies beside it."""

import pydicom
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from lungviewer.core.errors import ImageTooLarge
from lungviewer.core.job import NullContext
from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.browser.file_menu import FileMenu
from lungviewer.ui.browser.roles import Role
from lungviewer.ui.ct import words
from lungviewer.ui.ct.current_slice import CurrentSlice
from lungviewer.ui.ct.entries import fold
from lungviewer.ui.session import ViewerSession
from tests.fixtures.browsing import CountedThumbnails, shown_panel
from tests.fixtures.ct_packs import ct_spec
from tests.fixtures.dicoms import phantom, to_bytes, write_frames, write_series, write_slice
from tests.fixtures.packs import PINK, paint
from tests.fixtures.series_windows import MALIGNANT, BothKeeper, FakeAnswers, chest, finished, opened
from tests.fixtures.windows import load_model, open_folder


@pytest.fixture
def answers(monkeypatch):
    answers = FakeAnswers()
    answers.install(monkeypatch)
    return answers


@pytest.fixture
def session(settings, answers):
    session = ViewerSession(settings, keeper=BothKeeper())
    yield session
    assert session.close()


@pytest.fixture
def mixed(tmp_path):
    """Two series, a picture and a file that is no image after all, in one folder."""
    folder = tmp_path / "case"
    chest(folder, 8)
    chest(folder, 5, "scout", 12)
    Image.fromarray(paint(PINK, 64, 64)).save(folder / "a_picture.png")
    (folder / "b_broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 40)
    return folder


def deflate(path):
    found = pydicom.dcmread(path)
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path.write_bytes(to_bytes(found))
    return path


def labels(session):
    return [session.opened.name_of(path) for path in session.files]


# --- the current slice ---------------------------------------------------------------------------


def test_a_slice_is_chosen_within_its_series(qtbot):
    current, heard = CurrentSlice(), []
    current.changed.connect(heard.append)
    current.reset(9)
    assert (current.index, current.count) == (4, 9)
    current.select(20)
    current.step(1)
    current.step(-3)
    current.reset(9, 5)
    current.reset(0)
    current.step(1)
    assert heard == [4, 8, 5, 5, 0]
    assert (current.index, current.count) == (0, 0)


# --- listing -------------------------------------------------------------------------------------


def test_slices_are_listed_as_series_beside_everything_else(qtbot, session, mixed):
    open_folder(qtbot, session, mixed, answers=False)
    assert labels(session) == ["a_picture.png", "b_broken.dcm", "Series 3 · 8 slices", "Series 12 · 5 slices"]
    chest_path = session.files[2]
    assert [part.position_mm for part in session.series(chest_path).slices] == [-2.0 * i for i in range(8)]
    assert session.series(session.files[0]) is None
    assert set(session.opened.by_name) == {"a_picture.png", "b_broken.dcm"}
    assert len(session.opened.files_of(chest_path)) == 8
    assert session.current == chest_path
    assert (session.slice.index, session.slice.count) == (4, 8)


def strays_said(heard):
    return [notice.text for notice in heard if notice.topic == "folder" and notice.text]


def test_files_that_are_no_slices_do_not_stand_before_the_longest_series(qtbot, session, tmp_path):
    chest(tmp_path, 3, "scout", 1)
    chest(tmp_path, 6)
    (tmp_path / "000.dcm").write_bytes(b"")
    write_slice(tmp_path / "report", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    heard = []
    session.noticed.connect(heard.append)
    opened(qtbot, session, tmp_path)
    assert labels(session) == ["000.dcm", "report", "Series 1 · 3 slices", "Series 3 · 6 slices"]
    assert session.opened.name_of(session.current) == "Series 3 · 6 slices"
    assert session.choice.modality == "ct"
    finished(qtbot, session)
    assert session.record(session.current).reason == "series_not_validated"
    assert strays_said(heard) == [
        "2 DICOM files are no CT slices or cannot be read: they are listed by themselves."
    ]


def test_one_stray_file_is_told_once_and_pictures_are_none(qtbot, session, mixed):
    heard = []
    session.noticed.connect(heard.append)
    opened(qtbot, session, mixed)
    assert session.choice.modality == "histology"
    assert strays_said(heard) == ["1 DICOM file is no CT slice or cannot be read: it is listed by itself."]
    heard.clear()
    (mixed / "b_broken.dcm").unlink()
    open_folder(qtbot, session, mixed, answers=False)
    assert not strays_said(heard)
    assert [notice.text for notice in heard if notice.topic == "folder"] == [""]


def test_a_slice_that_is_opened_is_looked_at_in_its_series(qtbot, session, mixed):
    wanted = chest(mixed, 8)[6]
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.open_paths([wanted])
    assert session.opened.name_of(session.current) == "Series 3 · 8 slices"
    assert session.slice.index == 6
    session.slice.select(1)
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.refresh()
    assert session.slice.index == 1
    assert session.show(mixed / "a_picture.png")
    assert not session.show(mixed / "elsewhere.png")
    assert session.show(wanted)
    assert session.slice.index == 6


def test_only_what_can_be_read_says_what_is_open(qtbot, session, tmp_path):
    chest(tmp_path, 4)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    Image.fromarray(paint(PINK, 64, 64)).save(tmp_path / "b.png")
    opened(qtbot, session, tmp_path)
    assert session.choice.modality == "histology"
    (tmp_path / "b.png").write_bytes(b"")
    open_folder(qtbot, session, tmp_path, answers=False)
    assert session.choice.modality == "ct"


def test_a_deflated_slice_stands_in_its_series_and_is_opened_in_it(qtbot, session, tmp_path):
    whole = chest(tmp_path, 5)
    deflated = deflate(whole[3])
    for asked in (tmp_path, deflated):
        with qtbot.waitSignal(session.files_changed, timeout=30_000):
            session.open_paths([asked])
        assert labels(session) == ["Series 3 · 5 slices"]
        assert session.choice.modality == "ct"
    assert session.slice.index == 3
    assert session.series().slices[3].path == deflated


def test_a_deflated_file_that_is_no_slice_stands_alone(qtbot, session, mixed):
    (mixed / "b_broken.dcm").unlink()
    report = write_slice(mixed / "b_report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    deflate(report)
    open_folder(qtbot, session, mixed, answers=False)
    assert labels(session)[:2] == ["a_picture.png", "b_report.dcm"]
    with qtbot.waitSignal(session.files_changed, timeout=30_000):
        session.open_paths([report])
    assert session.current == report


def test_series_of_one_number_are_told_apart_and_those_without_get_one(tmp_path):
    files = write_series(tmp_path, 3, series="a", SeriesNumber=2)
    files += write_series(tmp_path, 3, series="b", SeriesNumber=2)
    files += write_series(tmp_path, 2, series="c", SeriesNumber=None)
    assert sorted(fold(files, NullContext()).names.values()) == [
        "Series 1 · 2 slices",
        "Series 2 (1) · 3 slices",
        "Series 2 (2) · 3 slices",
    ]


def test_one_file_of_many_slices_is_a_series_that_opens_in_its_middle(qtbot, session, tmp_path):
    path = write_frames(tmp_path / "frames.dcm", [phantom(64, i) for i in range(6)])
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.open_paths([path])
    assert labels(session) == ["Series 3 · 6 slices"]
    assert session.opened.files_of(session.current) == (session.current,)
    assert session.slice.index == 3


def test_a_folder_that_states_too_many_slices_is_listed_file_by_file(qtbot, session, mixed, monkeypatch):
    def too_many(paths, check, decoder):
        raise ImageTooLarge("There are more than 100,000 CT slices.", hint="Open a folder of fewer.")

    monkeypatch.setattr("lungviewer.ui.ct.entries.series_in", too_many)
    session.settings.update(classify_up_to=0)
    heard = []
    session.noticed.connect(heard.append)
    open_folder(qtbot, session, mixed, answers=False)
    assert len(session.files) == 15
    assert [n.text for n in heard if n.kind == "warning"] == [
        "There are more than 100,000 CT slices. Open a folder of fewer."
    ]


def test_many_slices_are_listed_in_the_background(qtbot, session, answers, tmp_path):
    answers.stop_at, heard = 1, []
    session.opened.advanced.connect(heard.append)
    one = write_slice(tmp_path / "one.dcm", phantom(16)).read_bytes()
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number}.dcm").write_bytes(one)
    session.open_paths([folder])
    assert session.opened.listing
    qtbot.waitUntil(lambda: not session.opened.listing, timeout=30_000)
    assert labels(session) == ["Series 3 · 600 slices"]
    assert heard
    assert all(progress.done < progress.total == 600 for progress in heard)


# --- the browser ---------------------------------------------------------------------------------


@pytest.fixture
def thumbnails():
    return CountedThumbnails()


@pytest.fixture
def panel(qtbot, session, thumbnails):
    return shown_panel(qtbot, session, thumbnails)


def test_a_series_has_its_middle_slice_as_picture_and_its_own_words(qtbot, session, panel, thumbnails, mixed):
    load_model(qtbot, session)
    open_folder(qtbot, session, mixed, answers=False)
    scout = session.files[3]
    index = panel.model.index(3)
    assert index.data() == "Series 12 · 5 slices"
    assert index.data(Role.KIND) == "CT"
    assert "CT series" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    qtbot.waitUntil(lambda: panel.model.badge(scout) == "not looked at yet", timeout=20_000)
    middle = session.series(scout).slices[2].path
    qtbot.waitUntil(lambda: middle in thumbnails.asked, timeout=20_000)
    assert scout not in thumbnails.asked
    qtbot.waitUntil(lambda: panel.footer.text.startswith("2 images and 2 series".replace(" ", "\u00a0")))
    FileMenu(session, scout, panel)._copy()
    assert QGuiApplication.clipboard().text() == str(mixed.resolve())


def test_keys_filter_and_search_go_through_series_as_through_pictures(qtbot, session, panel, mixed):
    session.model.use("ct")
    load_model(qtbot, session)
    open_folder(qtbot, session, mixed, answers=False)
    session.select(session.files[0])
    qtbot.keyClicks(panel.view, "jj")
    assert session.opened.name_of(session.current) == "Series 3 · 8 slices"
    qtbot.waitUntil(
        lambda: panel.model.badge(session.current) == "Malignant: 4 of 8, 2 refused", timeout=20_000
    )
    session.select(session.files[0])
    qtbot.waitUntil(lambda: panel.model.needs_review(session.files[2]), timeout=20_000)
    panel.tools.search.setText("series 12")
    qtbot.waitUntil(lambda: [session.opened.name_of(p) for p in panel.model.rows] == ["Series 12 · 5 slices"])


def test_a_series_that_is_not_done_says_so_and_counts_as_one(qtbot, session, panel, answers, tmp_path):
    answers.stop_at = 3
    answers.classes = [MALIGNANT, None]
    chest(tmp_path / "chest", 9)
    load_model(qtbot, session)
    open_folder(qtbot, session, tmp_path / "chest", answers=False)
    qtbot.waitUntil(lambda: panel.model.badge(session.current) == "Malignant: 1 of 3 so far", timeout=20_000)
    qtbot.waitUntil(lambda: "classifying 0 of 1" in panel.footer.text)
    answers.stop_at = None
    answers.go.set()
    qtbot.waitUntil(
        lambda: panel.model.badge(session.current) == "Malignant: 5 of 9, 4 refused", timeout=20_000
    )
    qtbot.waitUntil(lambda: "classifying" not in panel.footer.text)


@pytest.mark.parametrize(
    ("reason", "tiles", "refused", "said"),
    [
        ("", 0, 0, "not looked at yet"),
        ("series_not_finished", 3, 3, "3 slices refused so far"),
        ("", 3, 3, "every slice was refused"),
        ("", 32, 2, "Malignant: 15 of 32, 2 refused"),
        ("", 32, 0, "Malignant: 16 of 32 slices"),
        ("series_not_finished", 32, 2, "Malignant: 15 of 32 so far"),
        ("series_unreadable", 31, 1, "Malignant: 15 of 31, some unreadable"),
    ],
)
def test_what_stands_under_a_series_leaves_nothing_out(reason, tiles, refused, said):
    record = ImageRecord(
        *("a", "ct", Status.REVIEW),
        reason="; ".join(filter(None, (reason, "series_not_validated"))),
        tumour_share=0.5,
        tiles=tiles,
        tiles_refused=refused,
    )
    assert words.badge(record, ct_spec()) == said
