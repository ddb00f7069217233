"""The check of the explanation and the regions, through the panel."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from lungviewer.core.geometry import Rect
from lungviewer.services.occlusion import CONTROLS, OcclusionCheck, Verdict, check_explanation
from lungviewer.services.regions import Region
from lungviewer.ui.panels.check_words import scope_sentence, verdict_sentence
from lungviewer.ui.panels.hidden_picture import HiddenPicture, outline
from lungviewer.ui.panels.regions import RegionButton
from lungviewer.ui.panels.side import SidePanel
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_engine
from tests.fixtures.windows import open_folder

RED, GREEN = (200, 60, 60), (60, 190, 70)


def hot_field():
    """Dull tissue with three hot cells of sixteen, at the tiny pack's size."""
    pixels = np.empty((32, 32, 3), np.uint8)
    pixels[:] = (80, 60, 40)
    pixels[:8, :16] = pixels[8:16, :8] = (240, 60, 40)
    return pixels


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(hot_field()).save(folder / "a.png")
    Image.fromarray(hot_field()[::-1]).save(folder / "b.png")
    return folder


@pytest.fixture
def panel(qtbot, session, folder):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.show()
    session.load_model()
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: session.spec is not None and panel.settled)
    yield panel
    panel.shutdown()


def run_check(qtbot, panel):
    panel.check.button.click()
    qtbot.waitUntil(lambda: not panel.check.running)


def test_the_check_shows_what_the_service_finds(qtbot, session, panel, folder):
    run_check(qtbot, panel)
    result = session.result()
    expected = check_explanation(folder / "a.png", result, "tumour_a", fake_engine())
    before, after, control = panel.check.bars.bars
    assert before.value == pytest.approx(session.record(session.current).confidence)
    assert after.value == pytest.approx(expected.after)
    assert control.value == pytest.approx(expected.control_mean)
    assert (control.low, control.high) == (min(expected.controls), max(expected.controls))
    assert panel.check.verdict.text() == verdict_sentence(expected, "Tumour A")
    assert after.value < control.low
    assert "shows what the model uses" in panel.check.verdict.text()
    assert panel.check.picture.isVisible()


@pytest.mark.parametrize("change", ["image", "class", "model", "scale"])
def test_a_finding_is_forgotten_when_what_it_is_about_changes(qtbot, session, panel, folder, change):
    run_check(qtbot, panel)
    assert panel.check.bars.bars
    if change == "image":
        session.select(folder / "b.png")
    elif change == "class":
        session.explaining.set_class("tumour_b")
    elif change == "model":
        session.settings.update(threads=2)
    else:
        session.set_scale(session.current, 2.0)
    qtbot.waitUntil(lambda: panel.check.bars.bars == ())
    assert panel.check.verdict.text() == ""
    assert not panel.check.picture.isVisible()


def test_what_is_only_shown_otherwise_keeps_the_finding(qtbot, session, panel):
    run_check(qtbot, panel)
    session.explaining.set_opacity(0.9)
    session.explaining.set_colour_map("magma")
    assert len(panel.check.bars.bars) == 3


def test_an_answer_that_comes_too_late_is_dropped(qtbot, session, panel, folder):
    session.keeper.hold.clear()
    panel.check.button.click()
    assert panel.check.running
    session.select(folder / "b.png")
    session.keeper.hold.set()
    qtbot.waitUntil(lambda: not session.model_jobs.busy)
    qtbot.waitUntil(lambda: panel.settled)
    assert not panel.check.running
    assert panel.check.bars.bars == ()
    assert panel.check.verdict.text() == ""


def test_even_an_answer_that_is_delivered_late_is_not_believed(qtbot, session, panel, folder):
    result = session.result()
    stale = check_explanation(folder / "a.png", result, "tumour_a", fake_engine())
    panel.check._about = (result, "tumour_a")
    session.select(folder / "b.png")
    panel.check._finished(stale)  # before the panel has heard of the new image
    assert panel.check.bars.bars == ()


def test_a_running_check_can_be_stopped(qtbot, session, panel):
    session.keeper.hold.clear()
    panel.check.button.click()
    assert panel.check.button.text() == "Stop the check"
    panel.check.button.click()
    session.keeper.hold.set()
    assert panel.check.button.text() == "Check the explanation"
    qtbot.waitUntil(lambda: not session.model_jobs.busy)
    assert panel.check.bars.bars == ()


def test_a_file_that_has_gone_is_told_in_place(qtbot, session, panel, folder):
    (folder / "a.png").unlink()
    run_check(qtbot, panel)
    assert panel.check.bars.bars == ()
    assert "Check that the drive is connected" in panel.check.verdict.text()


def test_a_smaller_share_hides_less(qtbot, session, panel):
    panel.check.share.setCurrentIndex(0)
    run_check(qtbot, panel)
    assert "hottest 13\N{NO-BREAK SPACE}%" in panel.check.verdict.text()  # 2 of 16 cells


# --- words -------------------------------------------------------------------------------------------


def finding(before, after, controls, **values):
    parts = {"fields": 1, "fields_of": 1, "refused": 0.0, **values}
    hidden = np.array([[True, False], [False, False]])
    return OcclusionCheck(
        "tumour_a", 0.2, before, after, tuple(controls), **parts, rect=Rect(0, 0, 2, 2), hidden=hidden,
        picture=np.zeros((2, 2, 3), np.uint8),
    )  # fmt: skip


ALIKE = [0.9] * CONTROLS


@pytest.mark.parametrize(
    ("check", "verdict", "words"),
    [
        (finding(0.96, 0.41, ALIKE), Verdict.USED, "shows what the model uses"),
        (finding(0.96, 0.85, ALIKE), Verdict.USED, "shows what the model uses"),
        (finding(0.96, 0.89, ALIKE), Verdict.PARTLY, "a part of what"),
        (finding(0.96, 0.41, [*ALIKE[:-4], 0.3, 0.3, 0.3, 0.3]), Verdict.PARTLY, "a part of what"),
        (finding(0.96, 0.41, [0.3] * CONTROLS), Verdict.ANYWHERE, "as a whole"),
        (finding(0.96, 0.95, ALIKE), Verdict.HARDLY, "do not read much into the map"),
        (finding(0.96, 0.90, [0.5] * CONTROLS), Verdict.HARDLY, "do not read much into the map"),
        (finding(0.10, 0.01, ALIKE), Verdict.TOO_LOW, "nothing that hiding could take away"),
    ],
)
def test_each_verdict_has_its_numbers_and_words(check, verdict, words):
    assert check.verdict is verdict
    sentence = verdict_sentence(check, "Tumour A")
    assert words in sentence
    assert "{" not in sentence
    if verdict is Verdict.USED and check.after == 0.41:
        assert "moves Tumour A from 96\u00a0% to 41\u00a0%" in sentence
        assert "gives 90\u00a0% on average (90\u00a0% to 90\u00a0%)" in sentence


def test_numbers_that_read_alike_are_not_called_a_move():
    sentence = verdict_sentence(finding(0.961, 0.962, ALIKE), "Tumour A")
    assert "leaves Tumour A at 96\N{NO-BREAK SPACE}%" in sentence
    assert "moves Tumour A" not in sentence


def test_several_fields_and_strange_holes_are_told():
    assert scope_sentence(finding(0.9, 0.4, ALIKE)) == ""
    assert "6 strongest of 24" in scope_sentence(finding(0.9, 0.4, ALIKE, fields=6, fields_of=24))
    assert "one of 24" in scope_sentence(finding(0.9, 0.4, ALIKE, fields=1, fields_of=24))
    assert "unlike its training" in scope_sentence(finding(0.9, 0.4, ALIKE, refused=0.5))


def test_the_outline_goes_round_the_hidden_cells(qtbot):
    assert len(outline(np.array([[True, True], [False, False]]))) == 6
    picture = HiddenPicture()
    qtbot.addWidget(picture)
    picture.show_picture(np.full((8, 8, 3), 120, np.uint8), np.array([[True, False], [False, False]]))
    image = picture.grab().toImage()
    assert image.pixelColor(picture.width() // 2, 20).name() == "#ffffff"
    assert image.pixelColor(picture.width() - 20, picture.height() - 20).name() == "#787878"


# --- regions -----------------------------------------------------------------------------------------


@pytest.fixture
def long(tmp_path):
    """Twelve fields side by side, the third of them red."""
    folder = tmp_path / "long"
    folder.mkdir()
    fields = [paint(RED if i == 2 else (150, 80, 60), 64, 64) for i in range(12)]
    Image.fromarray(np.concatenate(fields, axis=1)).save(folder / "long.png")
    return folder


def test_a_single_field_has_no_regions(panel):
    assert not panel.sections["Regions"].isVisible()


def test_the_strongest_regions_come_first_and_lead_to_their_place(qtbot, session, panel, long):
    open_folder(qtbot, session, long)
    qtbot.waitUntil(lambda: len(panel.regions.buttons) == 9)
    assert panel.sections["Regions"].isVisible()
    with qtbot.waitSignal(panel.jump_asked) as jump:
        qtbot.mouseClick(panel.regions.buttons[0], Qt.MouseButton.LeftButton)
    assert jump.args == [160.0, 32.0]
    assert "Most evidence for Tumour A" in panel.regions.text.text()


def test_regions_are_those_of_the_chosen_class(qtbot, session, panel, long):
    open_folder(qtbot, session, long)
    qtbot.waitUntil(lambda: len(panel.regions.buttons) == 9)
    session.explaining.set_class("tumour_b")
    qtbot.waitUntil(lambda: "Tumour B" in panel.regions.text.text())
    assert len(panel.regions.buttons) == 9


def test_leaving_the_image_takes_its_regions_away(qtbot, session, panel, long, folder):
    open_folder(qtbot, session, long)
    qtbot.waitUntil(lambda: len(panel.regions.buttons) == 9)
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: panel.regions.buttons == [])


def test_enter_works_a_region_as_space_does(qtbot):
    button = RegionButton(Region(Rect(10, 20, 30, 30), 0.5), 2)
    qtbot.addWidget(button)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        with qtbot.waitSignal(button.jump_asked) as jump:
            qtbot.keyClick(button, key)
        assert jump.args == [25.0, 35.0]
    assert "50\u00a0%" in button.accessibleName()


def test_many_fields_are_checked_in_the_strongest(qtbot, session, panel, long):
    open_folder(qtbot, session, long)
    qtbot.waitUntil(lambda: panel.check.button.isEnabled() and panel.settled)
    run_check(qtbot, panel)
    assert "6 strongest of 12" in panel.check.scope.text()
