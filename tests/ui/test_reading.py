"""Texts of strangers: a card of a pack may name what it likes."""

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QUrl
from PySide6.QtGui import QImage, QTextDocument, QTextFormat

from lungviewer.ui.reading import MarkdownView

_KINDS = QTextDocument.ResourceType
_SHOW = """
import sys
from PySide6.QtWidgets import QApplication
from lungviewer.ui.reading import MarkdownView
app = QApplication(["test"])
view = MarkdownView()
view.resize(300, 300)
view.show_markdown(sys.argv[1])
view.grab()
print("shown")
"""


@pytest.fixture
def view(qtbot):
    view = MarkdownView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "wide.png"
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(0xFF0000)
    assert image.save(str(path))
    return path


def links(view):
    """The addresses that the shown text has left, in its order."""
    found = []
    block = view.document().begin()
    while block.isValid():
        for piece in block.begin():
            address = piece.fragment().charFormat().property(QTextFormat.Property.AnchorHref)
            found += [address] if address else []
        block = block.next()
    return found


def test_a_picture_that_a_text_names_is_not_opened(view, picture):
    view.show_markdown("before after")
    plain = view.document().size().height()
    elsewhere = ("file://server/share/wide.png", "http://127.0.0.1:9/wide.png")
    for address in (str(picture), picture.as_uri(), *elsewhere):
        view.show_markdown(f"before ![x]({address}) after")
        assert view.document().size().height() < plain + 20, address


@pytest.mark.parametrize("kind", [_KINDS.ImageResource, _KINDS.StyleSheetResource, _KINDS.HtmlResource])
def test_no_kind_of_thing_is_opened(view, picture, kind):
    for document in (view.document(), view):
        ask = document.resource if document is not view else document.loadResource
        given = ask(kind.value, QUrl.fromLocalFile(str(picture)))
        assert isinstance(given, QImage)
        assert given.width() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders")
def test_a_pipe_that_a_text_names_does_not_hold_the_window(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    # In a process of its own: a window that waits for a pipe holds Python as well, and no thread could help.
    run = subprocess.run(
        [sys.executable, "-c", _SHOW, f"![x]({pipe}) ![y](file://{pipe})"],
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == "shown"


def test_links_that_are_no_web_addresses_are_plain_text(view, tmp_path):
    view.show_markdown(
        f"[one](file://{tmp_path}/a) [two](https://example.org/x) [three](javascript:x) [four](a.html) end"
    )
    assert links(view) == ["https://example.org/x"]
    assert view.toPlainText() == "one two three four end"


def test_only_the_text_that_is_shown_is_kept(view):
    for n in range(20):
        view.show_markdown(f"text {n}")
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert len(view.findChildren(QTextDocument)) == 1
    assert view.toPlainText() == "text 19"
