"""The report window: what is missing is said in place, work can be stopped, nothing is left behind."""

import threading

import pytest
from PySide6.QtGui import QDesktopServices

from lungviewer.core.paths import user_review_log
from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import OTHER, Action
from lungviewer.store.reviews import ReviewLog
from lungviewer.ui.report import window as window_module
from lungviewer.ui.report.window import ReportWindow
from lungviewer.ui.report.work import Form, Pictures
from tests.fixtures.scans import draw_images, fake_engine, rows, run_scan
from tests.fixtures.windows import FakeKeeper, open_folder


@pytest.fixture
def table(pictures, tmp_path):
    run_scan(pictures, tmp_path / "scan.csv", overlays=tmp_path / "scan pictures", engine=fake_engine())
    return tmp_path / "scan.csv"


@pytest.fixture
def window(qtbot, session):
    window = ReportWindow(session, keeper=FakeKeeper())
    qtbot.addWidget(window)
    window.show()
    yield window
    assert window.shutdown()


def pick(combo, value):
    combo.setCurrentIndex(combo.findData(value))
    assert combo.currentData() == value


def made(qtbot, window):
    window.make_button.click()
    assert not window.make_button.isEnabled()
    assert not window.form.isEnabled()
    qtbot.waitUntil(lambda: window.make_button.isEnabled(), timeout=20_000)
    return window.message.text()


def test_a_table_proposes_the_rest(qtbot, session, window, table, pictures):
    window.choose(table, pictures)
    form = window.form
    assert form.images.text() == str(pictures)
    assert form.target.text().endswith("scan report.html")
    assert form.overlays.text().endswith("scan pictures")
    pick(form.form, Form.PDF)
    assert form.target.text().endswith("scan report.pdf")
    form.target.take(table.parent / "mine.pdf")
    pick(form.form, Form.HTML)
    assert form.target.text().endswith("mine.html")


def test_no_folder_is_proposed_that_may_not_be_the_scanned_one(qtbot, session, window, table, pictures):
    open_folder(qtbot, session, pictures, answers=False)
    window.choose(table)
    assert window.form.images.text() == ""


def test_another_table_brings_its_own_proposals_but_keeps_what_was_typed(window, table, pictures, tmp_path):
    form, other = window.form, tmp_path / "other.csv"
    window.choose(table, pictures)
    window.choose(other)
    assert form.images.text() == ""
    assert form.overlays.text().endswith("other pictures")
    assert form.target.text().endswith("other report.html")
    form.images.take(tmp_path / "typed")
    form.overlays.take(tmp_path / "drawn")
    form.table.take(table)
    assert form.images.text().endswith("typed")
    assert form.overlays.text().endswith("drawn")
    window.choose(other, pictures)  # a scan knows what it scanned
    assert form.images.text() == str(pictures)


def test_what_is_missing_is_said_and_has_the_keyboard(qtbot, window, table):
    window.make_button.click()
    assert "table" in window.message.text()
    assert window.form.table.line is window.focusWidget()
    window.choose(table)
    assert window.message.text() == ""
    pick(window.form.form, Form.CSV)
    window.make_button.click()
    assert "needs the images" in window.message.text()
    assert not window.form.pictures.isVisible()


@pytest.mark.parametrize("form", [Form.HTML, Form.PDF])
def test_a_report_is_made_and_can_be_opened(qtbot, window, table, monkeypatch, form):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    window.choose(table)
    pick(window.form.form, form)
    pick(window.form.pictures, Pictures.DRAWN)
    window.form.title.setText("Batch 7")
    assert not window.open_button.isVisible()
    assert "9 images, 0 reviewed" in made(qtbot, window)
    target = table.parent / f"scan report{form.value}"
    assert target.stat().st_size > 2000
    window.open_button.click()
    window.folder_button.click()
    assert opened == [str(target), str(table.parent)]


def test_pictures_can_be_drawn_by_the_model_in_use(qtbot, session, window, table, pictures, tmp_path):
    window.choose(table, pictures)
    pick(window.form.pictures, Pictures.DRAW)
    assert "Saved" in made(qtbot, window)
    assert (table.parent / "scan report.html").exists()
    assert window._keeper._fake is None  # the engine's memory is given back


def test_the_image_that_is_looked_at_does_not_wait_for_the_pictures(qtbot, session, table, pictures):
    """The report's own engine stands still; the session's answers."""
    keeper = FakeKeeper()
    keeper.hold.clear()
    window = ReportWindow(session, keeper=keeper)
    qtbot.addWidget(window)
    window.choose(table, pictures)
    pick(window.form.pictures, Pictures.DRAW)
    window.make_report()
    open_folder(qtbot, session, pictures)
    assert not window.form.isEnabled()
    keeper.hold.set()
    qtbot.waitUntil(lambda: window.form.isEnabled(), timeout=20_000)
    assert window.shutdown()


def test_pictures_of_other_images_with_the_same_names_are_left_out_and_counted(
    qtbot, window, table, tmp_path
):
    text = table.read_text("utf-8").replace(",ok,", ",review,")
    table.write_text(text, "utf-8", newline="")
    draw_images(tmp_path / "other", 9, size=64)
    window.choose(table, tmp_path / "other")
    pick(window.form.pictures, Pictures.DRAW)
    assert "8 pictures are left out" in made(qtbot, window)
    assert "0 pictures" in window.message.text()


def test_the_table_with_reviews_tells_the_agreement(qtbot, window, table, pictures):
    image = pictures / "image_00001.png"
    log = ReviewLog(user_review_log())
    log.append(draft_review(identify(image), None, "Ann", Action.OVERRIDE, OTHER))
    window.choose(table)
    window.form.images.show_text(str(pictures))
    pick(window.form.form, Form.CSV)
    assert "1 of 9 images were reviewed" in made(qtbot, window)
    reviewed = {row["path"]: row["review_class"] for row in rows(table.parent / "scan reviewed.csv")}
    assert reviewed["image_00001.png"] == OTHER


def test_a_failure_is_a_sentence_in_place(qtbot, window, table):
    window.choose(table)
    target = table.parent / "scan report.html"
    target.write_text("my own page")
    assert "no report" in made(qtbot, window)
    assert target.read_text() == "my own page"
    assert not window.open_button.isVisible()


def test_making_can_be_stopped(qtbot, window, table, monkeypatch):
    started = threading.Event()

    def endless(_request, ctx):
        started.set()
        ctx.progress(1, 10)
        while not threading.Event().wait(0.005):
            ctx.check()

    monkeypatch.setattr(window_module, "make", endless)
    window.choose(table)
    window.make_button.click()
    assert started.wait(20)
    qtbot.waitUntil(lambda: window.bar.value() == 1)
    window.stop_button.click()
    qtbot.waitUntil(lambda: "Stopped" in window.message.text())
    assert not window.bar.isVisible()


def test_the_window_may_be_closed_while_it_works(qtbot, window, table, monkeypatch):
    started = threading.Event()

    def endless(_request, ctx):
        started.set()
        while not threading.Event().wait(0.005):
            ctx.check()

    monkeypatch.setattr(window_module, "make", endless)
    window.choose(table)
    window.make_button.click()
    assert started.wait(20)
    window.close()
    window.shutdown()


def test_a_blinded_reviewer_is_warned_that_a_report_tells_the_answers(window, session):
    assert window.warning.isHidden()
    session.settings.update(blinded=True)
    assert window.warning.isVisible()
    assert "tells every answer" in window.warning.text()
    session.settings.update(blinded=False)
    assert window.warning.isHidden()
