"""What comes from outside is shown as it is written: names, labels and comments are never formatting."""

import re
import sys
from collections import Counter
from dataclasses import replace

import pytest
from PIL import Image
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QAction, QKeySequence, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLabel, QStackedWidget, QWidget

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui.batch.columns import result_columns
from lungviewer.ui.batch.counts import Counts
from lungviewer.ui.batch.table import RecordView
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.names import tooltip
from lungviewer.ui.notice import Notice
from lungviewer.ui.path_line import PathLine
from lungviewer.ui.session import ViewerSession
from tests.fixtures.model_windows import own_packs, show
from tests.fixtures.packs import tiny_pack, tiny_spec
from tests.fixtures.scans import COLOURS, paint
from tests.fixtures.windows import FakeKeeper, open_folder

NASTY = "<b>x</b> & <img src=/etc/hostname>"
FILES = ("a <b> c.png", "<img src=a>.png", "a && b & c.png")
if sys.platform == "win32":
    FILES = ("a && b & c.png",)  # the others are no names there
WINDOWS = ("scan-folder", "models", "retrain", "report", "settings", "help", "about")
LONE_AMPERSAND = re.compile(r"(?<!&)&(?:&&)*(?=\s)")


class HostileKeeper(FakeKeeper):
    """Its model has labels and a title that look like formatting."""

    def get(self, choice):
        engine = super().get(choice)
        engine.spec = hostile(engine.spec)
        return engine


def hostile(spec):
    classes = tuple(replace(known, label=f"{NASTY} {n}") for n, known in enumerate(spec.classes))
    return replace(spec, title=NASTY, classes=classes)


@pytest.fixture
def window(qtbot, settings, tmp_path):
    """The whole window on a folder, a model, a reviewer and a comment that are all hostile."""
    settings.update(reviewer=NASTY, blinded=False, notice_seen=True)
    tiny_pack(own_packs() / "tiny-pack-1.0.0", spec=hostile(tiny_spec()))
    session = ViewerSession(settings, keeper=HostileKeeper())
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1400, 900)
    window.show()
    folder = tmp_path / "a & b"
    folder.mkdir()
    for n, name in enumerate(FILES):
        Image.fromarray(paint(COLOURS[n], 96, 96, seed=n)).save(folder / name)
    session.load_model()
    open_folder(qtbot, session, folder)
    qtbot.waitUntil(lambda: window.viewer.info is not None and session.result() is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.desk.history(session.current) == ())
    window.review.comment.setText(NASTY)
    with qtbot.waitSignal(window.desk.recorded):
        window.review.accept()
    for section in window.side.sections.values():
        section.open(True)
    session.noticed.emit(Notice("error", NASTY))
    window.actions_._fill_recent()
    window.browser.tools.filter_menu.aboutToShow.emit()
    yield window
    window.close()
    assert session.close()


def is_harmless(text):
    """Whether Qt shows a text letter by letter: it is plain, or only broken into lines."""
    return not Qt.mightBeRichText(text) or "<" not in re.sub(r"^<qt>|<br>|</qt>$", "", text)


def is_plain(label):
    how = label.textFormat()
    ours = how == Qt.TextFormat.AutoText and not Qt.mightBeRichText(label.text())
    return ours or how == Qt.TextFormat.PlainText


def formatted(root):
    """Everything below `root` that Qt would take for formatting or for the mark of a key."""
    for widget in (root, *root.findChildren(QWidget)):
        where = f"{type(widget).__name__} {widget.objectName()}"
        for text in (widget.toolTip(), widget.statusTip(), widget.whatsThis()):
            if not is_harmless(text):
                yield where, text
        if isinstance(widget, QLabel) and not is_plain(widget):
            yield where, widget.text()
        if isinstance(widget, QAbstractButton) and LONE_AMPERSAND.search(widget.text()):
            yield where, widget.text()
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from ((where, tip) for tip in tips(widget.model()) if not is_harmless(tip))
    for action in root.findChildren(QAction):
        if not is_harmless(action.toolTip()) or LONE_AMPERSAND.search(action.text()):
            yield "QAction", f"{action.text()} {action.toolTip()}"


def tips(model):
    root = QModelIndex()
    for row in range(model.rowCount(root)):
        cells = [model.index(row, 0, root)]
        while (beside := cells[-1].siblingAtColumn(len(cells))).isValid():
            cells.append(beside)
        for cell in cells:
            yield cell.data(Qt.ItemDataRole.ToolTipRole) or ""


def test_what_is_looked_for_would_be_found(qtbot):
    label = QLabel(NASTY)
    label.setToolTip(NASTY)
    qtbot.addWidget(label)
    assert [text for _, text in formatted(label)] == [NASTY, NASTY]
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setToolTip(tooltip(NASTY))
    assert list(formatted(label)) == []


def test_nothing_from_outside_is_formatting_in_the_main_window(qtbot, window):
    # First: a label, a comment, a reviewer and a sentence are there, letter by letter.
    qtbot.waitUntil(lambda: NASTY in window.review.history.text())
    said = "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())
    assert said.count(NASTY) > 4
    for path in window.session.files:
        window.session.select(path)
        qtbot.waitUntil(lambda: window.viewer.info is not None)
        assert list(formatted(window)) == []


@pytest.mark.parametrize("name", WINDOWS)
def test_nothing_from_outside_is_formatting_in_the_other_windows(qtbot, window, name):
    window.actions_.by_id[name].trigger()
    other = next(iter(window.windows._made.values()))
    qtbot.waitUntil(lambda: not window.session.file_jobs.busy, timeout=20_000)
    if name == "models":
        qtbot.waitUntil(lambda: other.list.count() > 0, timeout=20_000)
        show(qtbot, other, "tiny-pack")
        assert any(NASTY in label.text() for label in other.findChildren(QLabel))
    assert list(formatted(other)) == []


def test_the_rows_of_a_scan_are_plain(qtbot, session):
    counts, paths = Counts(), PathLine("Folder", "Browse")
    spec = hostile(HostileKeeper().get(None).spec)
    view = RecordView(result_columns(lambda: spec))
    for widget in (counts, paths, view):
        qtbot.addWidget(widget)
        widget.show()
    counts.show_numbers({}, {}, spec)
    assert any(NASTY in text for text in counts.texts())
    paths.show_text(NASTY)
    view.add([ImageRecord(NASTY, "image", Status.ERROR, error=NASTY)])
    assert [found for widget in (counts, paths, view) for found in formatted(widget)] == []


# --- marks of keys -----------------------------------------------------------------------------------


def marks(root):
    """The letters that Alt reaches in a window, as often as they are marked."""
    texts = [b.text() for b in root.findChildren(QAbstractButton) if b.isVisible()]
    texts += [label.text() for label in root.findChildren(QLabel) if label.isVisible() and label.buddy()]
    if hasattr(root, "menuBar"):
        texts += [action.text() for action in root.menuBar().actions()]
    # A window's own children only: another window has letters of its own.
    return Counter(filter(None, (QKeySequence.mnemonic(text).toString() for text in texts)))


def doubled(root):
    return {key: times for key, times in marks(root).items() if times > 1}


def test_alt_and_a_letter_mean_one_thing_in_the_main_window(window):
    window.viewer.ask_scale()
    assert sys.platform == "darwin" or "Alt+R" in marks(window)
    assert doubled(window) == {}


@pytest.mark.parametrize("name", WINDOWS)
def test_alt_and_a_letter_mean_one_thing_in_every_other_window(window, name):
    window.actions_.by_id[name].trigger()
    other = next(iter(window.windows._made.values()))
    assert doubled(other) == {}
    for stack in other.findChildren(QStackedWidget):
        for page in range(stack.count()):
            stack.setCurrentIndex(page)
            assert doubled(other) == {}, f"page {page}"
