"""Answers in the list: live, in words, in colours; large folders."""

from dataclasses import replace

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap

from lungviewer.core.types import Status
from lungviewer.services.thumbnails import Thumbnails
from lungviewer.ui.browser.model import Role
from tests.fixtures import slides
from tests.fixtures.browsing import answer, empty_files, names, shown_panel
from tests.fixtures.file_lists import current, order, report, tick
from tests.fixtures.scans import draw_images
from tests.fixtures.windows import open_folder


def test_a_folder_that_is_scanned_fills_in_live_and_moves_into_place(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 300)
    open_folder(qtbot, quiet, folder, answers=False)
    tick(panel, Status.REVIEW)
    assert names(panel) == []
    told = []
    panel.model.dataChanged.connect(lambda *_: told.append(1))
    records = [
        answer(f"image_{i:05}.png", Status.REVIEW if i % 10 == 0 else Status.OK, 0.6) for i in range(300)
    ]
    for start in range(0, 300, 10):
        quiet.take_records(quiet.folder, records[start : start + 10])
    assert told == []  # gathered, not told one by one
    qtbot.waitUntil(lambda: len(names(panel)) == 30)
    assert panel.view.isVisible()
    assert "30 need review" in panel.footer.text.replace("\u00a0", " ")


def test_many_answers_are_told_as_one_change(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 500)
    open_folder(qtbot, quiet, folder, answers=False)
    told = []
    panel.model.dataChanged.connect(lambda top, bottom, roles: told.append(bottom.row() - top.row() + 1))
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(500)])
    assert 500 in told
    assert len([n for n in told if n == 1]) < 100  # only pictures that came meanwhile


def test_a_live_order_does_not_move_what_the_person_looks_at(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 200)
    open_folder(qtbot, quiet, folder, answers=False)
    order(panel, "confidence")
    bar = panel.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    assert place > 0
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png", confidence=0.9 - i / 1000) for i in range(150)])
    qtbot.waitUntil(lambda: names(panel)[0] == "image_00149.png")
    assert bar.value() == place
    assert current(panel) == quiet.current.name == "image_00000.png"


def test_rows_that_join_a_filtered_list_leave_it_where_it_was_scrolled(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "scan", 200)
    open_folder(qtbot, quiet, folder, answers=False)
    tick(panel, Status.OK)
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(100)])
    qtbot.waitUntil(lambda: len(names(panel)) == 100)
    bar = panel.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    report(qtbot, panel, quiet, [answer(f"image_{i:05}.png") for i in range(100, 200)])
    qtbot.waitUntil(lambda: len(names(panel)) == 200)
    qtbot.wait(50)
    assert bar.value() == place
    assert current(panel) == "image_00000.png"


def test_badges_say_the_answer_in_words(qtbot, judged, panel):
    def badge(name):
        return panel.model.index(names(panel).index(name)).data(Role.BADGE)

    assert badge("image_0.png") == "luad 99.0\u00a0%"
    assert badge("image_3.png") == "Benign 51\u00a0%"
    assert badge("image_5.png") == "Refused: glass"
    assert badge("image_7.png") == "Cannot be read: file cut short"
    spoken = panel.model.index(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "image_3.png, Needs review, Benign 51\u00a0%"
    assert "sure enough" not in panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "only glass" in panel.model.index(5).data(Qt.ItemDataRole.ToolTipRole)


def test_slides_have_pictures_and_say_whether_they_are_mapped(qtbot, session, tmp_path):
    folder = tmp_path / "slides"
    folder.mkdir()
    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(folder / "a_first.png")
    slides.aperio(folder / "b_slide.svs", slides.tissue(400, 300))
    panel = shown_panel(qtbot, session, Thumbnails(0))
    open_folder(qtbot, session, folder, answers=False)
    path = folder / "b_slide.svs"
    qtbot.waitUntil(lambda: panel.model.badge(path) == "slide, not mapped", timeout=20_000)
    assert path not in panel.model.unanswered()
    assert panel.footer.classify_button.isHidden()
    index = panel.model.index(panel.model.row_of(path))
    qtbot.waitUntil(lambda: isinstance(index.data(Role.THUMBNAIL), QPixmap), timeout=20_000)
    for text in (index.data(Qt.ItemDataRole.AccessibleTextRole), index.data(Qt.ItemDataRole.ToolTipRole)):
        assert "slide, not mapped" in text
    order(panel, "confidence")
    assert names(panel) == ["a_first.png", "b_slide.svs"]


def test_a_slide_s_badge_has_the_share_of_tumour_in_place_of_a_confidence(qtbot, panel, quiet, tmp_path):
    folder = empty_files(tmp_path / "many", 3)
    open_folder(qtbot, quiet, folder, answers=False)
    called = quiet.spec.class_ids[0]
    rows = [
        answer("image_00000.png", confidence=0.8, predicted=called),
        replace(
            answer("image_00001.png", Status.REVIEW, confidence=None, predicted=called),
            kind="slide",
            tumour_share=0.34,
            confidence=None,
        ),
        answer("image_00002.png", confidence=0.7, predicted=called),
    ]
    report(qtbot, panel, quiet, rows)
    label = quiet.spec.class_by_id(called).label
    badge = panel.model.badge(folder / "image_00001.png")
    assert label in badge
    assert "34" in badge
    order(panel, "confidence")
    assert names(panel) == ["image_00002.png", "image_00000.png", "image_00001.png"]


def test_a_blinded_reviewer_sees_no_answer_but_sees_what_cannot_be_used(judged, panel):
    judged.settings.update(blinded=True)
    assert panel.model.index(0).data(Role.BADGE) == "answer hidden"
    assert panel.model.index(0).data(Role.COLOUR) == ""
    assert "luad" not in panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert panel.model.index(5).data(Role.BADGE) == "Refused: glass"
    undecided = {panel.model.rows[0]}
    panel.hide_answers(lambda path: path in undecided)
    assert panel.model.index(0).data(Role.BADGE) == "answer hidden"
    assert panel.model.index(1).data(Role.BADGE) == "luad 98\u00a0%"


def test_class_colours_come_from_the_model(qtbot, panel, session, pictures):
    open_folder(qtbot, session, pictures)
    session.load_model()
    qtbot.waitUntil(lambda: session.spec is not None)
    colours = {c.colour for c in session.spec.classes}
    assert panel.model.index(0).data(Role.COLOUR) in colours
    assert panel.model.index(5).data(Role.COLOUR) == ""  # the one that is cut


def test_what_is_being_classified_is_said_and_counted(qtbot, panel, session, pictures):
    session.keeper.hold.clear()
    open_folder(qtbot, session, pictures, answers=False)
    qtbot.waitUntil(lambda: "classifying 0 of 9" in panel.footer.text)
    assert panel.model.index(1).data(Role.BADGE) == "classifying…"
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: "classifying" not in panel.footer.text)
    qtbot.waitUntil(lambda: "1 cannot be read" in panel.footer.text.replace("\u00a0", " "))


def test_a_large_folder_is_classified_when_asked_and_can_be_stopped(qtbot, panel, session, tmp_path):
    session.settings.update(classify_up_to=10)
    folder = tmp_path / "large"
    draw_images(folder, 150, size=32)
    session.keeper.hold.clear()
    open_folder(qtbot, session, folder, answers=False)
    button = panel.footer.classify_button
    qtbot.waitUntil(lambda: not button.isHidden())
    assert button.text() == "Classify these 149 images"  # one is looked at and asked for anyway
    button.click()
    assert panel.feeder.waiting > 50
    assert button.isHidden()
    panel.footer.stop_button.click()
    assert panel.feeder.waiting == 0
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: not any(map(session.is_pending, session.files)), timeout=20_000)
    qtbot.waitUntil(lambda: not button.isHidden())
    button.click()
    qtbot.waitUntil(lambda: all(session.record(p) for p in session.files), timeout=20_000)
    qtbot.waitUntil(lambda: button.isHidden() and panel.footer.scan_button.isHidden())


def test_a_model_that_fails_is_not_asked_for_the_rest(qtbot, panel, session, tmp_path):
    session.settings.update(classify_up_to=0)
    session.keeper.broken = True
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_error is not None)
    empty_files(tmp_path / "large", 200)
    open_folder(qtbot, session, tmp_path / "large", answers=False)
    qtbot.waitUntil(lambda: not panel.footer.classify_button.isHidden())
    panel.footer.classify_button.click()
    qtbot.waitUntil(lambda: panel.feeder.waiting == 0)
    qtbot.waitUntil(lambda: not any(map(session.is_pending, session.files)))
    assert not any(session.record(p) for p in session.files)


def test_a_scan_into_a_report_can_be_asked_for(qtbot, panel, quiet, tmp_path):
    empty_files(tmp_path / "large", 3)
    open_folder(qtbot, quiet, tmp_path / "large", answers=False)
    qtbot.waitUntil(lambda: not panel.footer.scan_button.isHidden())
    with qtbot.waitSignal(panel.scan_asked):
        panel.footer.scan_button.click()
