"""Markdown to read: model cards and the help page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QFont,
    QImage,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrame,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

_FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_LINE_PERCENT = 125
_MAY_BREAK = "\u200b"
_MARGIN = 14  # pixels


class MarkdownView(QTextBrowser):
    """Shows text that may come from strangers: no HTML, nothing is fetched, no link is followed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self._source = ""
        self._shown: QTextDocument | None = None
        self._nothing = QImage(1, 1, QImage.Format.Format_ARGB32)
        self._nothing.fill(Qt.GlobalColor.transparent)

    def show_markdown(self, text: str) -> None:
        """Show a text from its beginning."""
        self._source = text
        self._render()
        self.verticalScrollBar().setValue(0)

    def loadResource(self, _kind: int, _name: QUrl) -> object:
        """Nothing that the text names, on this disk or elsewhere, is opened. Given nothing, Qt would open it
        itself, and wait for a pipe or a dead drive; given a picture, it does not look."""
        return self._nothing

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Colours and sizes were taken from the palette and font that there were.
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._source:
            place = self.verticalScrollBar().value()
            self._render()
            self.verticalScrollBar().setValue(place)

    def _render(self) -> None:
        # Made ready before it is shown: every change to a text on the screen lays it out again.
        text = QTextDocument(self)
        text.setDocumentMargin(_MARGIN)
        text.setDefaultFont(self.font())
        option = text.defaultTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)  # a narrow column breaks no words
        text.setDefaultTextOption(option)
        text.setMarkdown(_breakable(self._source), _FEATURES)
        _drop_links(text)
        _set_blocks(text, self.fontMetrics().height() * 0.4)
        line = QBrush(self.palette().color(QPalette.ColorRole.Mid))
        head = QBrush(self.palette().color(QPalette.ColorRole.AlternateBase))
        for table in _tables(text.rootFrame()):
            _set_table(table, line, head)
        text.setTextWidth(self.viewport().width())  # else the bars are made for a text without a width
        self.setDocument(text)
        if self._shown is not None:
            self._shown.deleteLater()  # else every text that was ever shown is kept
        self._shown = text


def _breakable(markdown: str) -> str:
    """Let long names in tables, such as those of data sets, break after an underscore."""
    lines = markdown.splitlines()
    return "\n".join(line.replace("_", f"_{_MAY_BREAK}") if line.startswith("|") else line for line in lines)


def _drop_links(text: QTextDocument) -> None:
    """Only addresses of the web look like links: files and programs are nothing that a text may point to."""
    found = []
    block = text.begin()
    while block.isValid():
        pieces = [piece.fragment() for piece in block.begin()]
        found += [(p.position(), p.length()) for p in pieces if _points_elsewhere(p.charFormat())]
        block = block.next()
    for start, length in found:
        cursor = QTextCursor(text)
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(QTextCharFormat())


def _points_elsewhere(form: QTextCharFormat) -> bool:
    return form.isAnchor() and QUrl(form.anchorHref()).scheme() not in ("http", "https")


def _set_blocks(text: QTextDocument, space: float) -> None:
    """Room between lines and paragraphs, for reading; `space` in pixels."""
    block = text.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        if cursor.currentTable() is None:
            form = QTextBlockFormat()
            form.setLineHeight(_LINE_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            form.setTopMargin(space * (3 if block.blockFormat().headingLevel() > 1 else 1))
            form.setBottomMargin(space)
            cursor.mergeBlockFormat(form)
        block = block.next()


def _tables(frame: QTextFrame) -> list[QTextTable]:
    found = []
    for child in frame.childFrames():
        found += [child] if isinstance(child, QTextTable) else []
        found += _tables(child)
    return found


def _set_table(table: QTextTable, line: QBrush, head: QBrush) -> None:
    """Thin lines, room in the cells, and a width that never asks for sideways scrolling."""
    form = table.format()
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderCollapse(True)
    form.setBorder(1)
    form.setBorderBrush(line)
    form.setCellPadding(3)
    form.setCellSpacing(0)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 99))  # the border comes on top
    form.setTopMargin(6)
    form.setBottomMargin(10)
    table.setFormat(form)
    bold = QTextCharFormat()
    bold.setFontWeight(QFont.Weight.DemiBold)
    bold.setBackground(head)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        kept = cell.format()
        kept.merge(bold)
        cell.setFormat(kept)
