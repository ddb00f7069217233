"""Settings, about, help, crash report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextBrowser,
)

import lungviewer
from lungviewer.core.colourmap import lookup_table
from lungviewer.core.paths import user_cache_dir, user_settings_dir
from lungviewer.ui import outside
from lungviewer.ui.dialogs.about import AboutDialog
from lungviewer.ui.dialogs.crash_report import CrashReport
from lungviewer.ui.dialogs.help import HelpWindow, help_text
from lungviewer.ui.dialogs.notices import NoticesDialog
from lungviewer.ui.dialogs.settings_dialog import SettingsDialog
from lungviewer.ui.dialogs.settings_work import EightBits, Machine, paragraph_after
from lungviewer.ui.settings import MOST_RECENT, Settings, SettingsStore
from lungviewer.ui.shortcuts import SHORTCUTS, shortcut
from tests.fixtures.windows import open_folder as open_pictures

Button = QDialogButtonBox.StandardButton


@pytest.fixture
def dialog(qtbot, settings, session):
    dialog = SettingsDialog(settings, session)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not session.file_jobs.busy, timeout=20_000)
    return dialog


def wordless(window):
    """Controls of which a screen reader could say nothing."""
    buddies = {label.buddy() for label in window.findChildren(QLabel)}
    found = []
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QPlainTextEdit, QTextBrowser):
        for control in window.findChildren(kind):
            inside = control.parent() in buddies or isinstance(control.parent(), QAbstractSpinBox | QTabBar)
            words = [control.accessibleName(), control.text() if hasattr(control, "text") else ""]
            if control not in buddies and not inside and not any(words):
                found.append(control)
    return found


# --- settings ------------------------------------------------------------------------------------


def change_some(dialog):
    dialog.look.theme.setCurrentIndex(dialog.look.theme.findData("dark"))
    dialog.look.text_size.setValue(130)
    dialog.machine.threads.setValue(3)
    dialog.images.scale.setValue(0.5)
    dialog.images.recursive.setChecked(True)
    dialog.storage.tiles.setValue(512)


def test_ok_makes_what_was_changed_count(dialog, settings):
    change_some(dialog)
    assert settings.current == Settings()
    dialog.buttons.button(Button.Ok).click()
    now = settings.current
    assert (now.theme, now.text_scale, now.threads, now.um_per_px) == ("dark", 1.3, 3, 0.5)
    assert (now.recursive, now.tile_cache_mb) == (True, 512)
    assert not dialog.isVisible()


def test_cancel_changes_nothing_and_the_next_look_shows_what_counts(dialog, settings):
    change_some(dialog)
    dialog.buttons.button(Button.Cancel).click()
    assert settings.current == Settings()
    dialog.show()
    assert dialog.look.text_size.value() == 100


def test_apply_counts_at_once_and_the_dialog_stays(dialog, settings):
    dialog.look.text_size.setValue(110)
    dialog.buttons.button(Button.Apply).click()
    assert settings.current.text_scale == 1.1
    assert dialog.isVisible()


def test_what_was_changed_elsewhere_meanwhile_is_kept(dialog, settings):
    dialog.machine.threads.setValue(2)
    settings.update(theme="light")
    dialog.buttons.button(Button.Ok).click()
    assert (settings.current.theme, settings.current.threads) == ("light", 2)


def test_an_untouched_dialog_follows_what_is_changed_elsewhere(dialog, settings):
    settings.update(theme="dark")
    assert dialog.look.theme.currentData() == "dark"


def test_defaults_are_shown_first_and_count_with_ok(dialog, settings):
    change_some(dialog)
    dialog.apply()
    dialog.buttons.button(Button.RestoreDefaults).click()
    assert settings.current.theme == "dark"
    dialog.buttons.button(Button.Ok).click()
    assert settings.current == Settings()


def test_a_scale_below_what_readers_take_becomes_the_smallest(dialog, settings):
    dialog.images.scale.setValue(0.001)
    dialog.apply()
    assert settings.current.um_per_px == 0.02


def test_colours_of_the_heat_map_change_in_the_view(dialog, session):
    assert session.explaining.colour_map == "viridis"
    dialog.look.colour_map.setCurrentIndex(dialog.look.colour_map.findData("inferno"))
    dialog.apply()
    assert session.explaining.colour_map == "inferno"


def test_the_preview_shows_the_colours(dialog):
    dialog.look.colour_map.setCurrentIndex(dialog.look.colour_map.findData("magma"))
    image = dialog.look.preview.grab().toImage()
    middle = image.height() // 2
    for x, row in ((0, 0), (image.width() - 1, 255)):
        assert image.pixelColor(x, middle).getRgb()[:3] == tuple(int(v) for v in lookup_table("magma")[row])


def test_another_scale_asks_the_model_again(qtbot, dialog, session, pictures):
    open_pictures(qtbot, session, pictures)
    asked = []
    session.outcome_changed.connect(asked.append)
    dialog.images.scale.setValue(0.5)
    dialog.apply()
    qtbot.waitUntil(lambda: all(session.record(p) is not None for p in session.files), timeout=20_000)
    assert set(asked) == set(session.files)


def test_devices_are_told_with_the_reason_why_not(dialog):
    words = dialog.machine.devices.text()
    assert "Processor: available" in words
    assert "DirectML (Windows): not available. " in words
    device = dialog.machine.device
    assert not device.model().item(device.findData("directml")).isEnabled()
    assert device.model().item(device.findData("cpu")).isEnabled()


def test_a_device_that_was_chosen_can_stay_chosen(dialog, settings):
    settings.update(device="directml")
    dialog.machine.show_machine(Machine((), "The runtime is broken."))
    assert dialog.machine.devices.text() == "The runtime is broken."
    assert dialog.machine.device.currentData() == "directml"


def test_precision_says_what_the_card_says(dialog):
    assert "accuracy before refusal is 0.9545 in eight bits" in dialog.machine.eight_bits.text()
    dialog.machine.show_eight_bits(EightBits(False, ""))
    precision = dialog.machine.precision
    assert not precision.model().item(precision.findData("int8")).isEnabled()
    assert "has no eight-bit form" in dialog.machine.eight_bits.text()


def test_the_paragraph_under_a_heading_ends_where_it_ends():
    card = "# Title\n\n## In eight bits\nOne line\nand another.\n\nNext.\n\n## More\n"
    assert paragraph_after(card) == "One line and another."
    assert paragraph_after("# Title\n") == ""


def test_the_thumbnail_cache_can_be_cleared(qtbot, dialog):
    folder = user_cache_dir() / "thumbnails"
    folder.mkdir(parents=True)
    for n in range(3):
        (folder / f"{n}.jpg").write_bytes(b"picture")
    dialog.storage.clear.click()
    qtbot.waitUntil(lambda: dialog.storage.clear.isEnabled(), timeout=10_000)
    assert list(folder.iterdir()) == []
    assert "Cleared" in dialog.storage.cleared.text()


def test_a_log_folder_that_is_not_there_is_named(dialog):
    dialog.storage.log.click()
    assert "lungviewer" in dialog.storage.logged.text()


def test_settings_are_read_by_the_next_process(dialog, own_folders):
    change_some(dialog)
    dialog.apply()
    program = "from lungviewer.ui.settings import MOST_RECENT, SettingsStore as S; print(S().current)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    for part in ("theme='dark'", "text_scale=1.3", "threads=3", "um_per_px=0.5", "recursive=True"):
        assert part in found.stdout


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"theme": 3, "text_scale": 99, "x": 1}', b"[" * 100_000]
)
def test_a_damaged_settings_file_gives_defaults(qapp, own_folders, damage):
    folder = user_settings_dir()
    folder.mkdir(parents=True)
    (folder / "settings.json").write_bytes(damage)
    assert SettingsStore().current == Settings()


def test_what_a_newer_program_wrote_into_the_settings_is_kept_for_it(qapp, own_folders):
    path = user_settings_dir() / "settings.json"
    path.parent.mkdir(parents=True)
    newer = {"theme": "contrast", "reviewer": "A. B.", "added_later": {"a": [1]}}
    path.write_text(json.dumps(newer))
    store = SettingsStore()
    assert (store.current.theme, store.current.reviewer) == ("system", "A. B.")
    store.update(blinded=True)
    assert json.loads(path.read_text()).items() >= (newer | {"blinded": True}).items()
    store.update(theme="dark")
    assert json.loads(path.read_text())["theme"] == "dark"


def test_two_windows_keep_each_other_s_changes(qapp):
    first, second = SettingsStore(), SettingsStore()
    first.update(blinded=True, reviewer="A. B.")
    second.update(theme="dark")
    after = SettingsStore().current
    assert (after.blinded, after.reviewer, after.theme) == (True, "A. B.", "dark")


def test_a_list_that_grew_too_long_is_cut(qapp):
    SettingsStore().update(recent=[f"/{i}" for i in range(500)])
    assert len(SettingsStore().current.recent) == MOST_RECENT


# --- the others ----------------------------------------------------------------------------------


def test_about_names_versions_and_model_and_copies_them(qtbot, session):
    about = AboutDialog(session)
    qtbot.addWidget(about)
    about.show()
    assert "none is loaded" in about.text.toPlainText()
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_info is not None, timeout=20_000)
    qtbot.waitUntil(lambda: "numpy" in about.text.toPlainText(), timeout=20_000)
    made = session.engine_info.provenance
    QTest.mouseClick(about.copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    for part in (
        lungviewer.__version__,
        "Python",
        "Qt",
        f"{made.model}@{made.model_version}",
        made.model_sha256,
    ):
        assert part in copied
    assert any("not for diagnosis" in w.text() for w in about.findChildren(QLabel))


def test_about_shows_the_licences_of_a_packaged_program(qtbot, session, tmp_path, monkeypatch):
    unpackaged = AboutDialog(session)
    qtbot.addWidget(unpackaged)
    assert unpackaged.licences.isHidden()
    notices = tmp_path / "licenses" / "THIRD_PARTY_NOTICES.txt"
    notices.parent.mkdir()
    notices.write_text("Third-party notices: Qt, LGPL-3.0-only", "utf-8")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "lungviewer"))
    about = AboutDialog(session)
    qtbot.addWidget(about)
    about.show()
    QTest.mouseClick(about.licences, Qt.MouseButton.LeftButton)
    shown = about.findChild(NoticesDialog)
    assert shown.isVisible()
    assert shown.text.toPlainText() == "Third-party notices: Qt, LGPL-3.0-only"
    assert wordless(shown) == []


def test_help_lists_every_key(qtbot):
    window = HelpWindow()
    qtbot.addWidget(window)
    text = window.view.toPlainText()
    for entry in SHORTCUTS:
        if entry.keys:
            assert entry.label.removesuffix("…") in text
            assert entry.key_text in text
    assert "not for diagnosis" in text
    assert "<!--" not in help_text()


def test_escape_closes_help(qtbot):
    window = HelpWindow()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window.view, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_no_key_means_two_things_and_every_key_is_one(qapp):
    keys = [sequence.toString() for entry in SHORTCUTS for sequence in entry.sequences]
    assert len(keys) == len(set(keys))
    assert all(keys)
    assert len({entry.id for entry in SHORTCUTS}) == len(SHORTCUTS)
    with pytest.raises(KeyError):
        shortcut("no-such-action")


def test_a_crash_report_is_shown_beside_the_window_and_can_be_copied(qtbot, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(outside.QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    report = CrashReport("KeyError\n  pane.py:12 in show", tmp_path)
    qtbot.addWidget(report)
    report.show()
    assert not report.isModal()
    report.copy.click()
    assert QApplication.clipboard().text() == "KeyError\n  pane.py:12 in show"
    report.open.click()
    assert [Path(url.toLocalFile()) for url in opened] == [tmp_path]
    report.buttons.button(Button.Close).click()
    assert not report.isVisible()


def test_a_log_folder_that_cannot_be_shown_is_named_in_the_report(qtbot, tmp_path):
    report = CrashReport("KeyError", tmp_path / "gone")
    qtbot.addWidget(report)
    report.show()
    report.open.click()
    assert str(tmp_path / "gone") in report.place.text()
    assert report.place.isVisible()


def test_every_control_has_words(qtbot, dialog, session, tmp_path):
    windows = [dialog, AboutDialog(session), HelpWindow(), CrashReport("text", tmp_path)]
    for window in windows[1:]:
        qtbot.addWidget(window)
    assert [control for window in windows for control in wordless(window)] == []


def test_dialogs_import_no_model_runtime(own_folders):
    program = (
        "import sys; import lungviewer.ui.dialogs.settings_dialog, lungviewer.ui.dialogs.about, "
        "lungviewer.ui.dialogs.help, lungviewer.ui.dialogs.crash_report, lungviewer.ui.models.window; "
        "print([m for m in ('tensorflow', 'keras', 'onnxruntime', 'onnx', 'matplotlib') if m in sys.modules])"
    )
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=environment
    )
    assert found.stdout.strip() == "[]", found.stderr
