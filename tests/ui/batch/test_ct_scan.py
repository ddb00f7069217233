"""A scan of CT from the window: whether its model reads it is told before the start."""

import pytest

from lungviewer.core.errors import PackInvalid
from lungviewer.core.types import Status
from lungviewer.ui.batch.state import ScanState
from lungviewer.ui.session import ViewerSession
from tests.fixtures.batch import wait_over
from tests.fixtures.scans import draw_images
from tests.fixtures.series_windows import BothKeeper, FakeAnswers, chest
from tests.fixtures.windows import load_model, open_folder


@pytest.fixture
def session(settings, monkeypatch):
    answers = FakeAnswers()
    answers.install(monkeypatch)
    session = ViewerSession(settings, keeper=BothKeeper())
    yield session
    assert session.close()


@pytest.fixture
def keeper():
    return BothKeeper()


@pytest.fixture
def slices(tmp_path):
    chest(tmp_path / "chest", 5)
    return tmp_path / "chest"


def looked_at(qtbot, controller, folder):
    controller.preview([folder], recursive=False)
    qtbot.waitUntil(lambda: controller.outlook is not None, timeout=20_000)


NAME = "Tiny test pack 1.0.0 ({})"


def test_a_scan_of_ct_takes_the_ct_model_by_itself_says_so_and_leaves_the_windows(
    qtbot, session, controller, window, slices, report
):
    load_model(qtbot, session)
    (slices / "cut.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 9)  # a broken file says nothing
    (slices / "empty.png").write_bytes(b"")
    looked_at(qtbot, controller, slices)
    row = window.choosing.model_row
    qtbot.waitUntil(lambda: row.name.text() == NAME.format("reads CT"), timeout=20_000)
    assert (
        row.why.text() == "What can be read there is CT: the CT model scans it. The window keeps its model."
    )
    assert not row.why.isHidden()
    assert row.warning.isHidden()
    assert row.switch.isHidden()
    assert session.choice.modality == "histology"
    controller.start(report, controller.options)
    wait_over(qtbot, controller)
    assert {row.model for row in controller.rows if row.status is not Status.ERROR} == {"tiny-ct"}
    assert session.engine_info.spec.modality == "histology"


def test_a_scan_of_pictures_beside_an_open_series_takes_the_histology_model(
    qtbot, session, controller, window, slices, tmp_path
):
    load_model(qtbot, session)
    open_folder(qtbot, session, slices, answers=False)
    qtbot.waitUntil(lambda: session.engine_info is not None and session.engine_info.spec.modality == "ct")
    draw_images(tmp_path / "in", 2)
    looked_at(qtbot, controller, tmp_path / "in")
    row = window.choosing.model_row
    qtbot.waitUntil(lambda: row.name.text() == NAME.format("reads histology"), timeout=20_000)
    assert row.why.text() == "No CT is there: the histology model scans it. The window keeps its model."
    looked_at(qtbot, controller, slices)
    assert row.name.text() == NAME.format("reads CT")
    assert row.why.isHidden()


def test_rows_of_an_earlier_scan_are_kept_for_the_model_that_will_scan(
    qtbot, session, controller, window, slices, report
):
    load_model(qtbot, session)
    looked_at(qtbot, controller, slices)
    controller.start(report, controller.options)
    wait_over(qtbot, controller)
    controller.reset()
    looked_at(qtbot, controller, slices)
    controller.look_at(report, controller.options)
    qtbot.waitUntil(lambda: controller.outlook is not None and controller.outlook.kept == 5, timeout=20_000)


def test_a_model_that_cannot_be_loaded_is_said_where_it_was_chosen(
    qtbot, session, controller, window, slices, keeper, monkeypatch
):
    load_model(qtbot, session)

    def broken(choice):
        raise PackInvalid("The pack is damaged.")

    monkeypatch.setattr(keeper, "get", broken)
    looked_at(qtbot, controller, slices)
    name = window.choosing.model_row.name
    qtbot.waitUntil(lambda: name.text().startswith("The pack is damaged."), timeout=20_000)


def test_a_chosen_pack_is_not_replaced_and_the_other_one_is_one_click_away(
    qtbot, session, controller, window, slices
):
    session.settings.update(pack="histology")
    load_model(qtbot, session)
    looked_at(qtbot, controller, slices)
    row = window.choosing.model_row
    assert row.name.text() == NAME.format("reads histology")
    assert (
        row.warning.text() == "These files are CT. This model reads histology and would refuse all of them."
    )
    assert row.switch.text() == "Use the CT model"
    row.switch.click()
    qtbot.waitUntil(lambda: row.name.text() == NAME.format("reads CT"), timeout=20_000)
    assert row.warning.isHidden()
    assert row.switch.isHidden()


def test_the_name_of_the_model_has_the_room_that_there_is(qtbot, session, controller, window, slices):
    session.model.use("ct")
    load_model(qtbot, session)
    looked_at(qtbot, controller, slices)
    row, name = window.choosing.model_row, window.choosing.model_row.name
    assert row.warning.isHidden()
    name.setText("Chest CT slices, a network with a rather long name 0.1.0 (reads CT)")
    qtbot.waitUntil(lambda: name.width() > name.fontMetrics().horizontalAdvance(name.text()))
    assert name.height() >= name.heightForWidth(name.width())


def test_of_a_mixed_folder_it_says_how_many_files_are_ct(qtbot, session, controller, window, slices):
    draw_images(slices, 2)
    load_model(qtbot, session)
    looked_at(qtbot, controller, slices)
    row = window.choosing.model_row
    assert row.warning.text() == "5 of the files are CT. This model reads histology and would refuse them."
    for path in sorted(slices.glob("*.dcm"))[1:]:
        path.unlink()
    looked_at(qtbot, controller, slices)
    assert row.warning.text() == "1 of the files is CT. This model reads histology and would refuse it."


def test_pictures_need_no_warning(qtbot, session, controller, window, tmp_path):
    draw_images(tmp_path / "in", 2)
    load_model(qtbot, session)
    looked_at(qtbot, controller, tmp_path / "in")
    assert window.choosing.model_row.warning.isHidden()


def test_a_scan_has_a_row_a_slice_and_leads_from_it_to_the_series(qtbot, session, controller, slices, report):
    load_model(qtbot, session)
    open_folder(qtbot, session, slices, answers=False)
    qtbot.waitUntil(lambda: session.result() is not None and session.result().series.complete, timeout=20_000)
    before = session.record(session.current)
    looked_at(qtbot, controller, slices)
    controller.start(report, controller.options)
    wait_over(qtbot, controller)
    assert controller.state is ScanState.DONE
    assert {(row.kind, row.model) for row in controller.rows} == {("ct", "tiny-ct")}
    assert len(controller.rows) == 5
    assert session.record(session.current) is before
    place = controller.path_of(controller.rows[0])
    assert session.show(place)
    assert session.series().slices[session.slice.index].path == place
