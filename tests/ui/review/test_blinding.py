"""A reviewer who decides before seeing the answer."""

import os
from pathlib import Path

from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import OTHER, Action
from lungviewer.ui.panels.blinding import Blinding
from tests.fixtures.review_panels import choose, entry, look_at, replaced_unnoticed
from tests.fixtures.windows import open_folder


def test_a_blinded_reviewer_decides_first_and_then_sees_the_answer(
    qtbot, session, log, desk, blinded, panel, opened
):
    panel.reviewer.setText("Ann")
    assert panel.blinded.isChecked()
    assert desk.blinding.hidden(opened[0])
    assert panel.first.text() == "Your call first"
    assert not panel.accept_button.isVisible()
    assert panel.first_button.isVisible()
    panel.accept_or_read_first()
    assert "Choose a class" in panel.message.text()
    choose(panel, OTHER)
    changed = []
    desk.blinding.changed.connect(lambda: changed.append(True))
    with qtbot.waitSignal(desk.recorded):
        panel.first_button.click()
    assert changed
    assert not desk.blinding.hidden(opened[0])
    assert desk.blinding.hidden(opened[1])
    assert panel.accept_button.isVisible()
    assert log.history(identify(opened[0]).sha256)[0].action == Action.FIRST_READ
    with qtbot.waitSignal(desk.recorded):
        panel.accept()
    assert len(log.history(identify(opened[0]).sha256)) == 2


def first_read_of(qtbot, panel, desk, log, path):
    """What is written down when a class is recorded, the answer hidden."""
    choose(panel, OTHER)
    with qtbot.waitSignal(desk.recorded):
        panel.read_first()
    return log.history(identify(path).sha256)[-1].action


def test_who_has_seen_the_answer_reads_no_longer_blinded(qtbot, session, log, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    assert session.settings.current.blinded
    assert desk.blinding.hidden(opened[0])
    assert "seen this answer before" in panel.record_text.text()
    assert first_read_of(qtbot, panel, desk, log, opened[0]) == Action.REREAD
    assert "seen before" in panel.history.text()
    # The browser named it under the thumbnail.
    look_at(qtbot, session, desk, opened[3])
    assert first_read_of(qtbot, panel, desk, log, opened[3]) == Action.REREAD


def test_what_another_reviewer_was_told_does_not_count_what_nobody_by_name_was_told_does(
    qtbot, session, desk, blinded, panel, opened
):
    session.settings.update(reviewer="Bob", blinded=False)
    session.settings.update(reviewer="Ann", blinded=True)
    assert not desk.seen.by_reviewer(opened[0])
    assert "when you have decided" in panel.record_text.text()
    session.settings.update(reviewer="Bob")
    assert desk.seen.by_reviewer(opened[0])
    session.settings.update(reviewer="", blinded=False)
    session.settings.update(reviewer="Ann", blinded=True)
    assert desk.seen.by_reviewer(opened[0])


def test_the_answer_for_a_file_that_was_replaced_has_not_been_seen(qtbot, session, desk, panel, opened):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    replaced_unnoticed(qtbot, session, opened)
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    qtbot.waitUntil(lambda: session.record(opened[0]) is not None and desk.history(opened[0]) == ())
    assert not desk.seen.by_reviewer(opened[0])
    assert desk.seen.by_reviewer(opened[1])


def test_a_file_that_was_only_touched_or_renamed_is_still_the_image_that_was_seen(
    qtbot, session, desk, panel, opened
):
    session.settings.update(reviewer="Ann")
    panel.blinded.click()
    os.utime(opened[0], ns=(1, 1))
    with qtbot.waitSignal(session.file_changed):
        session.look_again()
    qtbot.waitUntil(lambda: session.record(opened[0]) is not None and desk.history(opened[0]) == ())
    assert desk.seen.by_reviewer(opened[0])
    renamed = opened[0].rename(opened[0].with_name("another.jpg"))
    open_folder(qtbot, session, renamed.parent)
    look_at(qtbot, session, desk, renamed)
    qtbot.waitUntil(lambda: desk.seen.by_reviewer(renamed))


def test_a_copy_of_what_was_only_named_under_its_thumbnail_counts_as_seen(
    qtbot, session, log, desk, panel, opened, tmp_path
):
    """Nobody looked at the first file, so that its content was never asked for."""
    session.settings.update(reviewer="Ann")
    qtbot.waitUntil(lambda: session.record(opened[3]) is not None)
    panel.blinded.click()
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "copy.jpg"
    copy.write_bytes(opened[3].read_bytes())
    open_folder(qtbot, session, copy.parent)
    look_at(qtbot, session, desk, copy)
    assert first_read_of(qtbot, panel, desk, log, copy) == Action.REREAD


def test_who_gave_a_class_before_has_seen_the_answer(qtbot, session, log, desk, blinded, panel, opened):
    """Also where that is not known when the class is given: another window may have written it."""
    session.settings.update(reviewer="Ann")
    log.append(of_file(opened[0], Action.OVERRIDE, OTHER, "Ann"))
    assert first_read_of(qtbot, panel, desk, log, opened[0]) == Action.REREAD


def of_file(path, action, chosen, reviewer):
    return draft_review(identify(path), None, reviewer, action, chosen)


def test_a_blinded_reviewer_sees_nothing_of_earlier_reviews(qtbot, session, log, desk, panel, opened):
    log.append(of_file(opened[1], Action.OVERRIDE, OTHER, "Bob"))
    session.settings.update(reviewer="Ann", blinded=True)
    look_at(qtbot, session, desk, opened[1])
    assert desk.blinding.hidden(opened[1])
    assert "Bob" not in panel.record_text.text() + panel.history.text()
    assert not panel.history_section.isVisible()
    session.settings.update(reviewer="Bob")
    assert not desk.blinding.hidden(opened[1])
    assert "Bob" in panel.record_text.text()


def test_another_reviewers_class_does_not_lift_the_blinding(settings, qtbot):
    entries = (entry(reviewer="Bob"), entry(reviewer="Ann", action=Action.COMMENT, chosen="", comment="x"))
    blinding = Blinding(settings, lambda path: entries)
    heard = []
    blinding.changed.connect(lambda: heard.append(True))
    assert not blinding.hidden(Path("a"))
    settings.update(reviewer="Ann", blinded=True)
    assert blinding.hidden(Path("a"))
    assert not blinding.hidden(None)
    settings.update(reviewer="Bob")
    assert not blinding.hidden(Path("a"))
    settings.update(opacity=0.3)
    assert len(heard) == 2
    blinding.set_on(False)
    assert not blinding.on


def test_images_that_were_read_before_are_found_when_the_mode_is_switched_on(
    qtbot, session, log, desk, panel, opened
):
    session.settings.update(reviewer="Ann")
    for path in (opened[2], opened[7]):
        log.append(of_file(path, Action.FIRST_READ, OTHER, "Ann"))
    open_folder(qtbot, session, opened[0].parent)
    session.settings.update(blinded=True)
    qtbot.waitUntil(lambda: not desk.blinding.hidden(opened[2]) and not desk.blinding.hidden(opened[7]))
    assert desk.blinding.hidden(opened[4])
    qtbot.waitUntil(lambda: not session.file_jobs.busy)
