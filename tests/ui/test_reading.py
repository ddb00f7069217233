"""Texts of strangers: a card of a pack may name what it likes."""

import os
import sys
import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QUrl
from PySide6.QtGui import QImage, QTextDocument, QTextFormat

from lungviewer.ui.reading import MarkdownView

_KINDS = QTextDocument.ResourceType


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
def test_a_pipe_that_a_text_names_does_not_hold_the_window(view, tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    os.write(writer, b"not read")
    at_the_latest = threading.Timer(5, os.close, [writer])  # a window that waits is let go, and found out
    at_the_latest.start()
    view.show_markdown(f"![x]({pipe}) ![y](file://{pipe})")
    view.grab()
    at_the_latest.cancel()
    at_the_latest.join()
    assert os.read(reader, 100) == b"not read"
    os.close(reader)
    os.close(writer)


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
