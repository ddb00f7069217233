"""The window "Retrain…", page by page, with a program that stands in for the training."""

import json
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QPushButton

from lungviewer.services import training_process
from lungviewer.services.opening import EngineKeeper
from lungviewer.services.retrain_plan import FULL, HEAD
from lungviewer.ui.retrain import controller as controller_module
from lungviewer.ui.retrain import kind_page
from lungviewer.ui.retrain import process as process_module
from lungviewer.ui.retrain.state import Phase
from lungviewer.ui.retrain.window import RetrainWindow
from lungviewer.ui.session import ViewerSession
from tests.fixtures import fake_training
from tests.fixtures.packs import paint, tiny_pack

FAKE = Path(fake_training.__file__)


@pytest.fixture
def parent(tmp_path, monkeypatch):
    """The pack that answers before: the only one there is."""
    packs = tmp_path / "packs"
    packs.mkdir()
    tiny_pack(packs / "old", pack_id="old", version="1.0.0")
    monkeypatch.setattr(controller_module, "pack_dirs", lambda: [packs])
    return packs / "old"


@pytest.fixture
def fake(monkeypatch, tmp_path, parent):
    """Call with a mode of the fake training; it hands over a new tiny pack."""
    monkeypatch.setenv("FAKE_PACK", str(tiny_pack(tmp_path / "new", pack_id="new-model", version="2.0.0")))

    def use(mode):
        monkeypatch.setattr(
            process_module,
            "training_command",
            lambda arguments: [sys.executable, str(FAKE), mode, *arguments],
        )

    use("good")
    return use


@pytest.fixture
def window(qtbot, session, fake):
    window = RetrainWindow(session)
    qtbot.addWidget(window)
    window.controller.process._patience.setInterval(300)
    window.show()
    yield window
    window.shutdown()
    window.close()


@pytest.fixture
def data(tmp_path):
    """Two class folders, one of which the model knows."""
    root = tmp_path / "my images"
    for label, count in (("tumour_a", 3), ("cyst", 2)):
        (root / label).mkdir(parents=True)
        for i in range(count):
            (root / label / f"{i}.png").touch()
    return root


def idle(qtbot, window, condition=lambda: True):
    """Wait until nothing is at work and the condition holds."""
    qtbot.waitUntil(lambda: not window.controller.busy and condition(), timeout=20_000)


def choose(qtbot, window, data):
    window.data.folder.take(data)
    idle(qtbot, window, lambda: window.controller.look is not None or window.controller.error is not None)


def roles(window):
    return [roles for _, roles in window.data.classes._rows]


def to_check(qtbot, window, data):
    choose(qtbot, window, data)
    roles(window)[0].setCurrentIndex(2)
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.audit is not None)


def to_kind(qtbot, window, data):
    to_check(qtbot, window, data)
    window.forward.click()
    assert window.page is window.kind


def to_result(qtbot, window, data):
    to_kind(qtbot, window, data)
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.result is not None)


def words(widget):
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


# --- images ------------------------------------------------------------------------------------------


def test_a_folder_is_listed_and_its_known_classes_are_recognised(qtbot, window, data):
    choose(qtbot, window, data)
    found = {c.folder: c for c in window.controller.classes}
    assert (found["tumour_a"].id, found["tumour_a"].known) == ("tumour_a", True)
    assert not found["cyst"].known
    assert "cyst" in window.data.missing.text()
    assert not window.forward.isEnabled()


def test_the_check_begins_when_every_class_has_a_kind_of_tissue(qtbot, window, data):
    choose(qtbot, window, data)
    cyst, tumour = roles(window)
    assert not tumour.isEnabled()
    cyst.setCurrentIndex(2)
    assert window.forward.isEnabled()
    assert not window.data.missing.isVisible()
    assert [str(c.role) for c in window.controller.classes] == ["benign", "tumour"]


def test_a_folder_may_be_declared_one_of_the_models_classes_and_no_two_the_same(qtbot, window, data):
    choose(qtbot, window, data)
    label, role = window.data.classes._rows[0]
    label.setEditText("Benign")
    assert window.controller.classes[0].id == "benign"
    assert not role.isEnabled()
    label.setEditText("tumour a")
    assert "cannot both be" in window.data.missing.text()
    assert not window.forward.isEnabled()
    label.setEditText("Something new")
    assert window.controller.classes[0].id == "something_new"
    assert role.isEnabled()


def test_a_folder_that_is_dropped_is_taken_and_a_file_is_not(qtbot, window, data):
    def event(kind, path):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        place = QPoint(5, 5) if kind is QDragEnterEvent else QPointF(5, 5)
        made = kind(
            place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        made.setAccepted(False)
        return made, mime

    refused, _mime = event(QDragEnterEvent, data / "cyst" / "0.png")
    window.data.dragEnterEvent(refused)
    assert not refused.isAccepted()
    entering, _mime = event(QDragEnterEvent, data)
    window.data.dragEnterEvent(entering)
    assert entering.isAccepted()
    dropped, _mime = event(QDropEvent, data)
    window.data.dropEvent(dropped)
    idle(qtbot, window, lambda: window.controller.look is not None)
    assert window.controller.look.root == data


def test_a_folder_that_is_typed_is_taken_by_the_button_too(qtbot, window, data):
    assert not window.forward.isEnabled()
    qtbot.keyClicks(window.data.folder.line, str(data))
    assert window.forward.isEnabled()
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.look is not None)
    assert window.controller.look.root == data
    assert window.page is window.data
    assert not window.forward.isEnabled()  # a class that the model does not know needs a kind


def test_a_wrong_folder_is_told_in_place_and_the_window_stays_usable(qtbot, window, data):
    choose(qtbot, window, data / "cyst")
    assert "one sub-folder per class" in window.error.text()
    assert window.error.isVisible()
    choose(qtbot, window, data)
    assert not window.error.isVisible()


def test_a_missing_training_part_is_told_with_how_to_get_it(qtbot, window, data, monkeypatch):
    monkeypatch.setattr(process_module, "training_command", training_process.training_command)
    monkeypatch.setattr(controller_module, "what_retraining_lacks", lambda: "")  # gone since it was asked
    monkeypatch.setattr(training_process, "find_spec", lambda name: None)
    choose(qtbot, window, data)
    roles(window)[0].setCurrentIndex(2)
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.error is not None)
    assert "[training]" in window.error.text()
    assert window.page is window.data


def test_what_retraining_lacks_is_said_on_the_first_page_until_it_is_there(qtbot, window, data, monkeypatch):
    choose(qtbot, window, data)
    roles(window)[0].setCurrentIndex(2)
    assert window.forward.isEnabled()
    monkeypatch.setattr(controller_module, "what_retraining_lacks", lambda: "Retraining needs SciPy.")
    window.hide()
    window.show()
    qtbot.waitUntil(window.data.lacking.isVisible)
    assert "SciPy" in window.data.lacking.text()
    assert not window.forward.isEnabled()
    monkeypatch.setattr(controller_module, "what_retraining_lacks", lambda: "")
    window.hide()
    window.show()
    qtbot.waitUntil(lambda: not window.data.lacking.isVisible())
    assert window.forward.isEnabled()


# --- check -------------------------------------------------------------------------------------------


def test_the_check_shows_counts_and_findings_with_a_word_for_how_grave_they_are(qtbot, window, data):
    to_check(qtbot, window, data)
    assert window.page is window.audit
    shown = words(window.audit)
    assert "9 of 10 images can be read · 6 groups · 1 unreadable · 2 identical copies" in shown
    assert "Tumour A" in shown
    assert "Warning: 1 of 10 files cannot be used." in shown
    assert "Note: 2 files repeat" in shown
    assert window.forward.isEnabled()


def test_the_whole_report_is_read_in_a_window_of_its_own(qtbot, window, data):
    to_check(qtbot, window, data)
    window.audit.report.click()
    assert window.audit.whole.isVisible()
    assert "Nine images" in window.audit.whole.toPlainText()
    window.audit.whole.close()


def test_a_check_of_other_classes_no_longer_counts(qtbot, window, data):
    to_check(qtbot, window, data)
    window.back.click()
    assert "Next" in window.forward.text()
    roles(window)[0].setCurrentIndex(3)
    assert window.controller.audit is None
    assert "Check" in window.forward.text()


# --- kind --------------------------------------------------------------------------------------------


def test_name_title_seed_and_version_are_proposed(qtbot, window, data):
    to_kind(qtbot, window, data)
    plan = window.kind.plan()
    assert (plan.pack_id, plan.version, plan.kind, plan.parent_name) == (
        "old-adapted",
        "0.1.0",
        HEAD,
        "old@1.0.0",
    )
    assert plan.classes == window.controller.classes
    window.kind.name.setText("Not A Name")
    assert not window.forward.isEnabled()
    assert "small letters" in words(window.kind)


def test_full_training_says_what_is_missing_and_quick_adaptation_does_not_need_it(
    qtbot, window, data, monkeypatch
):
    monkeypatch.setattr(kind_page, "has_tensorflow", lambda: False)
    to_kind(qtbot, window, data)
    assert window.forward.isEnabled()
    window.kind.full.setChecked(True)
    assert not window.forward.isEnabled()
    assert "-m pip install" in words(window.kind)
    assert "[training]" in words(window.kind)
    monkeypatch.setattr(kind_page, "has_tensorflow", lambda: True)
    window.kind.more.weights.line.setText("/weights.h5")
    assert window.forward.isEnabled()
    assert (window.kind.plan().kind, window.kind.plan().weights) == (FULL, "/weights.h5")


# --- training ----------------------------------------------------------------------------------------


def test_a_training_is_followed_to_its_result(qtbot, window, data, session):
    to_result(qtbot, window, data)
    assert window.page is window.result
    assert [e.epoch for e in window.running.curves.epochs] == [1, 2, 3]
    shown = words(window.result)
    assert "4.0 points more right answers" in shown
    assert "do not show that one is better" in shown
    assert "94.0\u00a0% (80.0 to 97.0)" in shown
    assert "48 held-out images of 12 groups, split by group" in shown
    assert "not measured" in shown
    assert "Research use only" in shown


def test_a_model_that_fails_the_gate_is_used_only_after_a_question(
    qtbot, window, data, settings, tmp_path, monkeypatch
):
    row = {"what": "calls at home", "wanted": "≥ 0.9", "reached": "0.5", "verdict": "FAIL"}
    gate = json.dumps({"gate": {"passes": False, "rows": [row, row | {"verdict": "pass"}]}}).encode()
    failing = tiny_pack(tmp_path / "bad", pack_id="bad", extra={"evaluation/metrics.json": gate})
    monkeypatch.setenv("FAKE_PACK", str(failing))
    to_result(qtbot, window, data)
    assert "calls at home: fails. Wanted ≥ 0.9, reached 0.5." in words(window.result)
    page = window.result
    above = next(label for label in page.findChildren(QLabel) if "reached 0.5" in label.text())
    assert above.mapTo(page, QPoint()).y() < page.use.mapTo(page, QPoint()).y()
    page.use.click()
    assert "It fails 1 of 2 rows" in page.question.sentence.text()
    page.question.no.click()
    assert settings.current.pack == ""
    page.use.click()
    with qtbot.waitSignal(window.controller.used, timeout=20_000):
        page.question.yes.click()
    assert settings.current.pack == "bad@1.0.0"


def test_what_limits_the_comparison_is_said(qtbot, window, data):
    to_result(qtbot, window, data)
    shown = words(window.result)
    assert shown.count("has seen some of these images") == 1
    assert "Left out: cyst" in shown
    assert "was not measured" in shown  # the gate, of which the fake pack says nothing


def test_a_stopped_training_goes_on(qtbot, window, data, fake):
    fake("patient")
    to_kind(qtbot, window, data)
    window.forward.click()
    qtbot.waitUntil(lambda: len(window.controller.epochs) == 3, timeout=20_000)
    assert window.page is window.running
    assert window.controller.active
    assert "GROUPS ARE NOT KNOWN" in words(window.running)
    window.running.stop.click()
    assert window.controller.phase is Phase.STOPPING
    idle(qtbot, window)
    assert "Stopped" in window.running.outcome.text()
    assert not window.error.isVisible()
    folder = window.controller.run.folder
    fake("good")
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.result is not None)
    assert window.controller.run.folder == folder
    assert len(window.running.curves.epochs) == 3


def test_a_training_that_does_not_answer_is_killed_and_can_be_gone_on_with(qtbot, window, data, fake):
    fake("deaf")
    to_kind(qtbot, window, data)
    window.forward.click()
    qtbot.waitUntil(lambda: len(window.controller.epochs) == 3, timeout=20_000)
    window.running.stop.click()
    idle(qtbot, window)
    assert window.controller.stopped
    assert "Go on" in window.forward.text()


@pytest.mark.parametrize(
    ("mode", "sentence"), [("dies", "Killed by the memory watch"), ("fails", "2 groups")]
)
def test_a_failure_stands_in_the_window_with_what_to_do(qtbot, window, data, fake, mode, sentence):
    fake(mode)
    to_kind(qtbot, window, data)
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.error is not None)
    assert sentence in window.error.text()
    assert window.page is window.running
    assert not window.running.stop.isVisible()
    window.back.click()
    assert window.page is window.kind


def test_a_training_goes_on_behind_a_closed_window_which_shows_it_again(qtbot, window, data, session, fake):
    heard = []
    session.noticed.connect(heard.append)
    to_kind(qtbot, window, data)
    window.forward.click()
    window.close()
    idle(qtbot, window, lambda: window.controller.result is not None)
    assert [notice.kind for notice in heard] == ["info"]
    window.show()
    assert window.page is window.result


def test_the_end_of_the_program_ends_the_training_and_the_next_start_offers_to_go_on(
    qtbot, window, data, session, fake
):
    fake("patient")
    to_kind(qtbot, window, data)
    window.forward.click()
    qtbot.waitUntil(lambda: len(window.controller.epochs) == 3, timeout=20_000)
    window.shutdown()
    assert not window.controller.process.running
    again = RetrainWindow(session)
    qtbot.addWidget(again)
    again.kind.entered()
    qtbot.waitUntil(lambda: bool(again.controller.runs), timeout=20_000)
    assert not again.controller.runs[0].finished
    buttons = {b.text(): b for b in again.kind.runs.findChildren(QPushButton)}
    fake("good")
    buttons["Go on"].click()
    idle(qtbot, again, lambda: again.controller.result is not None)
    assert again.page is again.result
    again.shutdown()


def test_an_earlier_result_is_shown_again_and_a_run_is_deleted(qtbot, window, data):
    to_result(qtbot, window, data)
    folder = window.controller.run.folder
    window.controller.find_runs()
    qtbot.waitUntil(lambda: bool(window.controller.runs), timeout=20_000)
    window.controller.show_run(window.controller.runs[0])
    idle(qtbot, window, lambda: window.page is window.result)
    assert "4.0 points more" in words(window.result)
    window.result.discard.click()
    idle(qtbot, window, lambda: not folder.exists())
    assert window.page is window.kind
    assert window.controller.result is None


def test_a_model_taken_into_use_answers_from_then_on(qtbot, settings, fake, data, tmp_path):
    from PIL import Image

    session = ViewerSession(settings, keeper=EngineKeeper())
    window = RetrainWindow(session)
    qtbot.addWidget(window)
    window.show()
    to_result(qtbot, window, data)
    with qtbot.waitSignal(window.controller.used, timeout=20_000):
        window.result.use.click()
    assert settings.current.pack == "new-model@2.0.0"
    qtbot.waitUntil(lambda: session.engine_info is not None, timeout=30_000)
    assert (session.spec.id, session.spec.version) == ("new-model", "2.0.0")
    assert "answers from now on" in window.result.said.text()
    picture = tmp_path / "picture.png"
    Image.fromarray(paint((130, 80, 160))).save(picture)
    with qtbot.waitSignal(session.files_changed, timeout=20_000):
        session.open_paths([picture])
    qtbot.waitUntil(lambda: session.record(picture) is not None, timeout=20_000)
    assert session.record(picture).model_version == "2.0.0"
    assert session.record(picture).predicted_class == "tumour_a"
    window.shutdown()
    window.close()
    assert session.close()


def test_a_pack_that_was_changed_after_the_training_is_not_shown_as_a_result(qtbot, window, data):
    to_kind(qtbot, window, data)
    tampered = []

    def tamper(_done):
        (window.controller.run.pack / "model.onnx").write_bytes(b"something else")
        tampered.append(True)

    window.controller.process.done.disconnect(window.controller._done)
    window.controller.process.done.connect(tamper)
    window.controller.process.done.connect(window.controller._done)
    window.forward.click()
    idle(qtbot, window, lambda: window.controller.error is not None)
    assert tampered
    assert window.controller.result is None
    assert not window.result.use.isEnabled()


def test_every_control_is_named_or_labelled_and_reached_by_keyboard(qtbot, window, data):
    to_kind(qtbot, window, data)
    for page in (window.data, window.audit, window.kind, window.running, window.result):
        for button in page.findChildren(QPushButton):
            assert button.text() or button.accessibleName()
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert window.running.curves.accessibleName()
    assert window.running.bar.accessibleName()
