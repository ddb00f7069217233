"""Paper for a PDF report: words, tables and pictures from top to bottom, and a new page when one is full."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from lungviewer.exporters.report_font import ReportFont

CREATOR = "lungviewer report"

_MM = 72 / 25.4
_PAGE_WIDTH, _PAGE_HEIGHT = A4
_LEFT, _TOP, _BOTTOM = 15 * _MM, _PAGE_HEIGHT - 15 * _MM, 18 * _MM
WIDTH = _PAGE_WIDTH - 2 * _LEFT
"""Points between the margins."""

_BODY, _SMALL = 9.0, 7.5
_LEADING = 1.32
_PAD = 2.5
_INK, _GREY, _RULE, _BAR = (HexColor(c) for c in ("#1a1a1a", "#555555", "#c8c8c8", "#4a6a8a"))


@dataclass(frozen=True, slots=True)
class Column:
    """`share` of the width; cells are cut after `most` lines."""

    heading: str
    share: float
    most: int = 4
    right: bool = False


class Sheet:
    """Writes down one page after the other; `footer` stands on each. Lengths are in points."""

    def __init__(self, font: ReportFont, title: str, footer: str) -> None:
        self._bytes = io.BytesIO()
        # `invariant`: no time and no random id in the file, so that equal reports are equal files.
        self._canvas = Canvas(self._bytes, pagesize=A4, invariant=1, pageCompression=1, lang="en")
        self._canvas.setTitle(title)
        self._canvas.setAuthor("lungviewer")
        self._canvas.setCreator(CREATOR)
        self._canvas.setSubject(footer)
        self._font, self._footer = font, footer
        self._page = 1
        self._y = _TOP

    def finish(self) -> bytes:
        """End the last page and give the file's bytes."""
        self._close_page()
        self._canvas.save()
        return self._bytes.getvalue()

    # --- words -----------------------------------------------------------------------------------

    def title(self, text: str) -> None:
        for line in self._font.lines(text, 17, WIDTH, 3):
            self._line(line, 17)
        self.gap(2)

    def heading(self, text: str, size: float = 12, keep: float = 40) -> None:
        """A heading, on the next page when less than `keep` points would be left below it."""
        self.gap(9 if size > 11 else 5)
        self._need(size * _LEADING + keep)
        for line in self._font.lines(text, size, WIDTH, 3):
            self._line(line, size, bold=line.isascii())
        self.gap(2)

    def paragraph(self, text: str, *, small: bool = False, indent: float = 0) -> None:
        size = _SMALL if small else _BODY
        for line in self._font.lines(text, size, WIDTH - indent):
            self._line(line, size, indent=indent)
        self.gap(2.5)

    def bullet(self, text: str) -> None:
        self._need(_BODY * _LEADING)
        self._draw("•", _LEFT, self._y - _BODY, _BODY)
        self.paragraph(text, indent=9)

    def boxed(self, text: str) -> None:
        width = self._font.width(text, _BODY) + 10
        self._need(18)
        self._canvas.setStrokeColor(_INK)
        self._canvas.rect(_LEFT, self._y - 15, width, 15)
        self._draw(text, _LEFT + 5, self._y - 11, _BODY)
        self._y -= 21

    def gap(self, height: float) -> None:
        self._y -= height

    # --- tables ----------------------------------------------------------------------------------

    def pairs(self, pairs: Sequence[tuple[str, str]], first: float = 105) -> None:
        """What and value, side by side."""
        for what, value in pairs:
            lines = self._font.lines(value, _BODY, WIDTH - first) or [""]
            self._need(_BODY * _LEADING * min(len(lines), 3))
            self._draw(self._font.spell(what), _LEFT, self._y - _BODY, _BODY, _GREY)
            for line in lines:
                self._line(line, _BODY, indent=first)
        self.gap(3)

    def counts(self, rows: Sequence[tuple[str, str, int]]) -> None:
        """Words with a number, and a patch of colour (#rrggbb, or "") before them."""
        for word, colour, number in rows:
            self._need(13)
            if colour:
                self._canvas.setFillColor(HexColor(colour))
                self._canvas.rect(_LEFT, self._y - 9, 7, 7, stroke=0, fill=1)
            self._draw(self._font.lines(word, _BODY, 300, 1)[0], _LEFT + 12, self._y - _BODY, _BODY)
            self._right(str(number), _LEFT + 380, _BODY)
            self._y -= 13

    def bars(self, rows: Sequence[tuple[str, int]]) -> None:
        """A horizontal bar per row, the longest half as wide as the page."""
        most = max((number for _, number in rows), default=0) or 1
        for word, number in rows:
            self._need(12)
            self._right(word, _LEFT + 60, _SMALL)
            self._canvas.setFillColor(_BAR)
            length = WIDTH / 2 * number / most
            if number:
                self._canvas.rect(_LEFT + 68, self._y - 9, length, 8, stroke=0, fill=1)
            self._draw(str(number), _LEFT + 73 + length, self._y - 8, _SMALL)
            self._y -= 11

    def head(self, columns: Sequence[Column]) -> None:
        """The headings of a table."""
        self._need(40)
        left = _LEFT
        for column in columns:
            if column.right:
                self._right(column.heading, left + column.share * WIDTH - 3 * _PAD, _SMALL)
            else:
                self._draw(column.heading, left, self._y - _SMALL, _SMALL, bold=True)
            left += column.share * WIDTH
        self._y -= _SMALL * _LEADING + 2
        self._rule(_INK)

    def row(self, columns: Sequence[Column], cells: Sequence[str]) -> None:
        """A row; the headings are repeated at the top of a new page. A cell may have line breaks."""
        wrapped = [
            [
                line
                for part in cell.split("\n")
                for line in self._font.lines(part, _SMALL, column.share * WIDTH - 2 * _PAD, column.most)
            ]
            for column, cell in zip(columns, cells, strict=True)
        ]
        height = max(1, *map(len, wrapped)) * _SMALL * _LEADING + 3
        if self._y - height < _BOTTOM:
            self.new_page()
            self.head(columns)
        left = _LEFT
        for column, lines in zip(columns, wrapped, strict=True):
            for number, line in enumerate(lines):
                y = self._y - _SMALL - 1 - number * _SMALL * _LEADING
                if column.right:
                    self._canvas.setFont(self._font.regular, _SMALL)
                    self._canvas.setFillColor(_INK)
                    self._canvas.drawRightString(left + column.share * WIDTH - 3 * _PAD, y, line)
                else:
                    self._draw(line, left, y, _SMALL)
            left += column.share * WIDTH
        self._y -= height
        self._rule(_RULE)

    # --- pictures --------------------------------------------------------------------------------

    def picture_row(self, pictures: Sequence[tuple[bytes, int, int, str, str]]) -> None:
        """Up to two JPEGs (bytes, width, height, name, caption) side by side, none taller than 95 mm."""
        room = (WIDTH - 14) / 2
        scales = [min(room / width, 95 * _MM / height) for _, width, height, _, _ in pictures]
        tallest = max(height * scale for (_, _, height, _, _), scale in zip(pictures, scales, strict=True))
        self._need(tallest + 45)
        for number, ((jpeg, width, height, name, caption), scale) in enumerate(
            zip(pictures, scales, strict=True)
        ):
            left, top = _LEFT + number * (room + 14), self._y
            image = ImageReader(io.BytesIO(jpeg))
            self._canvas.drawImage(image, left, top - height * scale, width * scale, height * scale)
            words = [
                *self._font.lines(name, _SMALL, room, 2),
                *self._font.lines(caption, _SMALL, room, 2),
            ]
            for index, line in enumerate(words):
                self._draw(line, left, top - tallest - 10 - index * _SMALL * _LEADING, _SMALL)
        self._y -= tallest + 50

    # --- pages -----------------------------------------------------------------------------------

    def new_page(self) -> None:
        self._close_page()
        self._canvas.showPage()
        self._page += 1
        self._y = _TOP

    def _close_page(self) -> None:
        self._canvas.setStrokeColor(_RULE)
        self._canvas.line(_LEFT, _BOTTOM - 8, _LEFT + WIDTH, _BOTTOM - 8)
        self._draw(self._footer, _LEFT, _BOTTOM - 19, _SMALL, bold=True)
        self._canvas.setFont(self._font.regular, _SMALL)
        self._canvas.drawRightString(_LEFT + WIDTH, _BOTTOM - 19, f"Page {self._page}")

    def _need(self, height: float) -> None:
        if self._y - height < _BOTTOM:
            self.new_page()

    def _line(self, text: str, size: float, *, indent: float = 0, bold: bool = False) -> None:
        self._need(size * _LEADING)
        self._draw(text, _LEFT + indent, self._y - size, size, bold=bold)
        self._y -= size * _LEADING

    def _draw(
        self, text: str, x: float, y: float, size: float, colour: HexColor = _INK, bold: bool = False
    ) -> None:
        self._canvas.setFont(self._font.bold if bold else self._font.regular, size)
        self._canvas.setFillColor(colour)
        self._canvas.drawString(x, y, text)

    def _right(self, text: str, x: float, size: float) -> None:
        self._canvas.setFont(self._font.regular, size)
        self._canvas.setFillColor(_INK)
        self._canvas.drawRightString(x, self._y - size, text)

    def _rule(self, colour: HexColor) -> None:
        self._canvas.setStrokeColor(colour)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_LEFT, self._y, _LEFT + WIDTH, self._y)
        self._y -= 1.5
