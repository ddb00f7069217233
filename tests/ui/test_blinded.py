"""A blinded first read: nothing in the window gives away what the program calls an image."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from lungviewer.core.types import SLIDE, ImageRecord, Status
from lungviewer.ui.browser.arranging import Answers, Filter, Order, Untold
from lungviewer.ui.browser.filter_menu import FilterMenu
from lungviewer.ui.browser.model import Role
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.telling import told
from tests.fixtures.browsing import answer
from tests.fixtures.windows import open_folder

CALLS = {
    0: answer("", Status.OK, 0.99, "tumour_a"),
    1: answer("", Status.REVIEW, 0.41, "tumour_b", reason="low_confidence"),
    2: answer("", Status.OK, 0.8, "benign"),
    3: replace(answer("", Status.REFUSED, reason="glass"), probabilities={"tumour_a": 0.9, "benign": 0.1}),
}


@pytest.fixture
def window(qtbot, settings, session, pictures):
    """The folder with answers of every kind, looked at by somebody who has decided about none of them."""
    settings.update(reviewer="A. B.", blinded=True, notice_seen=True)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.load_model()
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
    for number, row in CALLS.items():
        answered(session, session.files[number], row)
    refused = session.files[3]
    qtbot.waitUntil(lambda: model_of(window).needs_review(refused))
    yield window
    window.close()


def answered(session, path, row):
    """Have the model say something else; the fake one knows no doubt."""
    session._answers.rows[path] = replace(row, path=session.record(path).path)
    session.outcome_changed.emit(path)


def model_of(window):
    return window.browser.model


def names_of(window):
    return [path.name for path in model_of(window).rows]


def decide(qtbot, window, number):
    """Give an image a class, as its first reader."""
    window.session.select(window.session.files[number])
    window.review.classes.setCurrentIndex(1)
    with qtbot.waitSignal(window.desk.recorded):
        window.review.first_button.click()


def order_by(window, wanted):
    next(a for a in window.browser.tools.order_menu.actions() if a.data() == wanted).trigger()


def filter_menu(window):
    menu = window.browser.tools.filter_menu
    assert isinstance(menu, FilterMenu)
    menu.aboutToShow.emit()
    return menu


def said(widget):
    """Everything that can be read in a part of the window, also by a screen reader and in tooltips."""
    found = []
    for one in [widget, *widget.findChildren(QWidget)]:
        found += [one.accessibleName(), one.accessibleDescription(), one.toolTip()]
        if isinstance(one, QLabel | QAbstractButton):
            found.append(one.text())
    return "\n".join(found)


# --- what is told of one record --------------------------------------------------------------------


def test_of_a_hidden_call_nothing_is_told():
    assert told(CALLS[0], hidden=True) is None
    assert told(CALLS[1], hidden=True) is None
    assert told(CALLS[1], hidden=False) == CALLS[1]


def test_a_refusal_is_told_but_not_what_the_model_would_have_said():
    record = told(CALLS[3], hidden=True)
    assert (record.status, record.reason, dict(record.probabilities)) == (Status.REFUSED, "glass", {})
    broken = answer("", Status.ERROR, reason="truncated")
    assert told(broken, hidden=True) == broken


def test_of_a_slide_nothing_is_told_once_tissue_was_analysed():
    slide = ImageRecord("a.svs", SLIDE, Status.REFUSED, reason="tumour_unclear", tumour_share=0.2, tiles=90)
    assert told(slide, hidden=True) is None
    assert told(replace(slide, reason="little_tissue", tumour_share=0.0), hidden=True) is None
    empty = replace(slide, reason="mostly_refused; refused_as_glass", tumour_share=None)
    assert told(empty, hidden=True) == empty


# --- the map ---------------------------------------------------------------------------------------


def test_the_key_for_the_next_class_does_not_begin_at_a_hidden_call(qtbot, window, session):
    for number in (4, 6, 7):
        session.select(session.files[number])
        qtbot.waitUntil(lambda: session.result() is not None)
        window.actions_.by_id["next-class"].trigger()
        assert session.explaining.class_id is None
    box = window.side.explanation.class_box
    assert box.currentText() == "The call"
    decide(qtbot, window, 7)
    qtbot.waitUntil(lambda: not window.desk.blinding.hidden(session.current))
    window.actions_.by_id["next-class"].trigger()
    assert session.explaining.class_id is not None


def test_no_part_of_the_side_names_a_class_of_a_refused_image(qtbot, window, session):
    session.select(session.files[3])
    qtbot.waitUntil(lambda: window.side.trust.status.text() == "Refused")
    assert window.side.prediction.bars.bars == ()
    decide(qtbot, window, 3)
    qtbot.waitUntil(lambda: window.side.prediction.bars.bars != ())


# --- the browser -----------------------------------------------------------------------------------


def test_the_filter_counts_and_finds_only_what_is_told(qtbot, window):
    menu = filter_menu(window)
    texts = [box.text() for box in menu.boxes]
    assert "OK (0)" in texts
    assert "Needs review (0)" in texts
    assert "Answer hidden (7)" in texts
    assert "Refused (1)" in texts
    assert "Cannot be read (1)" in texts
    assert not [text for text in texts if text.startswith(("Tumour", "Benign")) and "(0)" not in text]
    for wanted in ({"classes": {"tumour_a"}}, {"statuses": {Status.REVIEW}}, {"statuses": {Status.OK}}):
        model_of(window).set_filter(Filter(**{name: frozenset(keys) for name, keys in wanted.items()}))
        assert names_of(window) == []
    model_of(window).set_filter(Filter(statuses=frozenset({Untold.ANSWER})))
    assert len(names_of(window)) == 7


def test_a_filter_that_was_chosen_before_tells_nothing_when_the_mode_is_switched_on(window, settings):
    settings.update(blinded=False)
    model_of(window).set_filter(Filter(statuses=frozenset({Status.REVIEW})))
    order_by(window, Order.CONFIDENCE)
    assert names_of(window) == ["image_00001.png"]
    settings.update(blinded=True)
    assert names_of(window) == []
    model_of(window).set_filter(Filter())
    calls = [name for name in names_of(window) if name not in ("image_00003.png", "image_00005.png")]
    assert calls == sorted(calls)


@pytest.mark.parametrize("wanted", [Order.CONFIDENCE, Order.REVIEW])
def test_no_order_gives_hidden_answers_away(window, session, wanted):
    order_by(window, wanted)
    hidden = [path for path in model_of(window).rows if window.desk.blinding.hidden(path)]
    calls = [path for path in hidden if session.record(path).status in (Status.OK, Status.REVIEW)]
    assert calls == sorted(calls)
    assert len(calls) == 7


def test_the_footer_and_the_next_to_review_know_nothing_of_hidden_answers(qtbot, window, session):
    qtbot.waitUntil(lambda: "refused" in window.browser.footer.text)
    assert "review" not in window.browser.footer.text
    session.select(session.files[0])
    seen = []
    for _ in range(2):
        window.browser.next_review()
        seen.append(session.current.name)
    assert seen == ["image_00003.png", "image_00005.png"]
    decide(qtbot, window, 1)
    qtbot.waitUntil(lambda: "1 needs review" in window.browser.footer.text.replace("\u00a0", " "))
    assert "1 reviewed" in window.browser.footer.text.replace("\u00a0", " ")
    session.select(session.files[0])
    window.browser.next_review()
    assert session.current.name == "image_00003.png"  # the second has its review


def test_the_words_when_nothing_needs_review_do_not_depend_on_a_hidden_answer(qtbot, window, session):
    heard = []
    session.noticed.connect(lambda notice: heard.append(notice.text))
    model_of(window).set_filter(Filter(text="_0000"))
    for number in (0, 1):  # the second needs review, which must not be told
        session.select(session.files[number])
        model_of(window).set_filter(Filter(text=f"_0000{number}"))
        window.browser.next_review()
    assert heard[-2:] == ["No image needs review."] * 2


def test_no_cell_shows_the_sign_of_a_hidden_answer(window):
    model = model_of(window)
    roles = [role for role in Role if role not in (Role.PATH, Role.THUMBNAIL)]
    shown = [[model.index(row).data(role) for role in roles] for row in (0, 1, 2)]
    assert shown[0] == shown[1] == shown[2]
    assert model.index(0).data(Role.STATUS) is None
    assert model.index(0).data(Role.RECORD) is None
    assert model.index(3).data(Role.STATUS) == Status.REFUSED
    for row in (0, 1, 2):
        for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = model.index(row).data(role)
            assert "answer hidden" in text
            assert text.replace(names_of(window)[row], "") == model.index(0).data(role).replace(
                names_of(window)[0], ""
            )


def test_a_decision_opens_one_image_and_no_other(qtbot, window, session):
    decide(qtbot, window, 1)
    model = model_of(window)
    assert model.answers.by_status[Status.REVIEW] == 1
    assert model.answers.by_class["tumour_b"] == 1
    assert model.answers.by_status[Untold.ANSWER] == 6
    assert model.index(1).data(Role.STATUS) == Status.REVIEW


def test_hidden_answers_are_counted_apart():
    answers = Answers()
    for number, row in CALLS.items():
        answers.note(number, row, hidden=True)
    assert +answers.by_status == {Untold.ANSWER: 3, Status.REFUSED: 1}
    assert set(+answers.by_class) == {""}
    answers.note(0, CALLS[0])
    assert answers.by_class["tumour_a"] == 1
    answers.note(0, None)
    assert answers.by_status.total() == 3


# --- everything else that is said ------------------------------------------------------------------


def test_nothing_that_is_written_anywhere_depends_on_a_hidden_call(qtbot, window, session):
    """The same words for a sure, an unsure and another call, in every part of the window."""
    heard = []
    for number in (4, 6, 7):
        session.select(session.files[number])
        qtbot.waitUntil(lambda: session.result() is not None)
        qtbot.waitUntil(lambda: window.side.prediction.headline.text() == "Answer hidden")
        qtbot.waitUntil(lambda: not session.file_jobs.busy)
        name = session.current.name
        parts = (window.side, window.viewer, window.notices, window.browser.footer, window.browser.tools)
        heard.append([said(part).replace(name, "") for part in parts])
        assert window.viewer.furniture.legend.isHidden()
        assert window.side.provenance.facts() == {"File": name}
        assert not window.side.check.button.isEnabled()
        assert window.side.regions.isHidden() or not window.side.regions.isVisible()
    calls = {session.record(session.files[number]).predicted_class for number in (4, 6, 7)}
    assert len(calls) > 1
    assert heard[0] == heard[1] == heard[2]
    for label in (c.label for c in session.spec.classes):
        assert label not in heard[0][0]
