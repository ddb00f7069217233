"""What is recorded about the image that is looked at, and when nothing is."""

from dataclasses import replace

from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.types import Status
from lungviewer.services.reviewing import identify
from lungviewer.store.review_entry import OTHER, Action
from tests.fixtures.review_panels import choose, look_at


def test_an_accepted_answer_is_on_the_disk_with_what_was_shown(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("  Ann   Reader ")
    panel.comment.setText("typical")
    with qtbot.waitSignal(desk.recorded):
        panel.accept_button.click()
    (entry,) = log.history(identify(opened[0]).sha256)
    record = session.record(opened[0])
    assert (entry.action, entry.chosen, entry.reviewer) == ("accept", record.predicted_class, "Ann Reader")
    assert (entry.call, entry.confidence, entry.status) == (
        record.predicted_class,
        record.confidence,
        record.status.value,
    )
    assert (entry.pack_sha256, entry.comment) == (record.model_sha256, "typical")
    assert session.settings.current.reviewer == "Ann Reader"
    assert "Ann Reader" in panel.record_text.text()
    assert "entry 1" in panel.message.text()
    assert panel.comment.text() == ""


def test_without_a_name_nothing_is_written_and_the_name_is_asked_for_in_place(
    qtbot, session, log, panel, opened
):
    panel.accept()
    assert "name" in panel.message.text()
    assert panel.focusWidget() is panel.reviewer
    assert not session.file_jobs.busy
    assert log.head()[0] == 0


def test_an_override_needs_a_class_and_takes_none_of_them_too(qtbot, session, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    panel.override()
    assert "Choose a class" in panel.message.text()
    assert log.head()[0] == 0
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.override_button.click()
    assert log.latest(identify(opened[0]).sha256).chosen == OTHER
    assert "cannot tell" in panel.record_text.text()
    assert panel.classes.currentIndex() == 0


def test_a_comment_alone_needs_words_and_decides_nothing(qtbot, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    panel.add_comment()
    assert "comment first" in panel.message.text()
    panel.comment.setText("see the other slide")
    with qtbot.waitSignal(desk.recorded):
        panel.comment_button.click()
    assert log.latest(identify(opened[0]).sha256) is None
    assert log.history(identify(opened[0]).sha256)[0].action == Action.COMMENT


def test_the_keys_accept_and_override(qtbot, log, desk, panel, opened):
    panel.reviewer.setText("Ann")
    qtbot.waitExposed(panel)
    panel.activateWindow()
    panel.comment.setFocus()
    with qtbot.waitSignal(desk.recorded):
        panel.accept_or_read_first()
    choose(panel, "benign" if panel.classes.findData("benign") > 0 else panel.classes.itemData(1))
    with qtbot.waitSignal(desk.recorded):
        panel.override_or_read_first()
    assert [e.action for e in log.history(identify(opened[0]).sha256)] == ["accept", "override"]


def test_an_image_that_cannot_be_read_is_given_no_class(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    broken = next(path for path in opened if session.record(path).status is Status.ERROR)
    look_at(qtbot, session, desk, broken)
    for button in (panel.accept_button, panel.override_button):
        assert not button.isEnabled()
        assert "cannot be read" in button.toolTip()
    assert not panel.classes.isEnabled()
    assert "cannot be read" in panel.buttons.why.text()
    choose(panel, OTHER)
    for act in (panel.accept_or_read_first, panel.override_or_read_first):
        act()
        assert "cannot be read" in panel.message.text()
    session.settings.update(blinded=True)
    assert not panel.first_button.isEnabled()
    panel.read_first()
    assert log.head()[0] == 0
    panel.comment.setText("ask for it again")
    with qtbot.waitSignal(desk.recorded):
        panel.comment_button.click()


def test_a_refused_image_can_be_overridden_but_not_accepted(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    session._answers.rows[opened[0]] = replace(
        session.record(opened[0]), status=Status.REFUSED, predicted_class=""
    )
    session.outcome_changed.emit(opened[0])
    assert not panel.accept_button.isEnabled()
    panel.accept()
    assert "no call to accept" in panel.message.text()
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.override()
    assert log.latest(identify(opened[0]).sha256).call == ""


def test_a_call_is_not_accepted_while_another_class_is_chosen(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    call = session.record(opened[0]).predicted_class
    other = next(c for c in session.spec.class_ids if c != call)
    choose(panel, other)
    assert not panel.accept_button.isEnabled()
    assert panel.override_button.isEnabled()
    for said in (panel.accept_button.toolTip(), panel.buttons.why.text()):
        assert session.spec.class_by_id(other).label in said
        assert session.spec.class_by_id(call).label in said
        assert "Override" in said
    panel.accept_or_read_first()
    assert panel.message.text() == panel.buttons.why.text()
    assert panel.classes.currentData() == other
    assert log.head()[0] == 0
    choose(panel, call)
    assert panel.accept_button.isEnabled()
    assert panel.buttons.why.isHidden()
    assert "Ctrl" in panel.accept_button.toolTip()


def test_a_class_chosen_blinded_is_not_compared_with_the_call(qtbot, session, desk, blinded, panel, opened):
    session.settings.update(reviewer="Ann")
    for class_id in session.spec.class_ids:
        choose(panel, class_id)
        assert panel.buttons.why.isHidden()
        assert panel.accept_button.toolTip() == "Accept (Ctrl+Return)"


def test_a_file_that_is_gone_is_said_so_and_nothing_can_be_recorded(qtbot, session, log, desk, panel, opened):
    opened[3].unlink()
    look_at(qtbot, session, desk, opened[3])
    assert "no longer there" in panel.record_text.text()
    assert not panel.override_button.isEnabled()
    assert not panel.classes.isEnabled()


def test_a_full_disk_is_said_in_place_and_the_words_are_kept(
    qtbot, session, log, desk, panel, opened, monkeypatch
):
    def full(_draft):
        raise OutputUnwritable("The review log could not be used (disk full).", hint="Not recorded.")

    monkeypatch.setattr(log, "append", full)
    panel.reviewer.setText("Ann")
    panel.comment.setText("typical")
    with qtbot.waitSignal(desk.failed):
        panel.accept()
    assert "disk full" in panel.message.text()
    assert panel.comment.text() == "typical"
    assert panel.accept_button.isEnabled() or desk.writing
