"""The letters of a PDF report, embedded, so that it looks the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from lungviewer.exporters.lettering import spelt, system_font_files

_OWN = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
_OWN_BOLD = _OWN.with_name("VeraBd.ttf")
_ELLIPSIS = "…"


class ReportFont:
    """One font for a whole report: the one that comes with the PDF writer, or that of the system which has
    more of the letters. What is missing loses its accents, or becomes "?". Widths are in points."""

    def __init__(self, texts: Iterable[str]) -> None:
        needed = {ord(character) for text in texts for character in text if character >= " "}
        files = [str(_OWN), *system_font_files()]
        fonts = [font for font in map(_registered, files) if font is not None]
        self._font = max(fonts, key=lambda font: len(needed & font.face.charToGlyph.keys()))
        self.regular: str = self._font.fontName
        bold = _registered(str(_OWN_BOLD))
        self.bold: str = self.regular if bold is None else bold.fontName

    def spell(self, text: str) -> str:
        """The text in letters that the font has."""
        return spelt(text, lambda character: ord(character) in self._font.face.charToGlyph)

    def width(self, text: str, size: float) -> float:
        return float(pdfmetrics.stringWidth(text, self.regular, size))

    def lines(self, text: str, size: float, width: float, most: int = 1000) -> list[str]:
        """Lines that fit a width, broken at blanks, and inside words that are too long; the last of `most`
        lines ends in an ellipsis when there is more."""
        lines: list[str] = []
        rest = self.spell(text)
        while rest and len(lines) < most:
            cut = self._fitting(rest, size, width)
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        if rest:
            room = width - self.width(_ELLIPSIS, size)
            lines[-1] = lines[-1][: self._letters(lines[-1], size, room)] + _ELLIPSIS
        return lines

    def _fitting(self, text: str, size: float, width: float) -> int:
        """How much of the text stands on one line."""
        cut = self._letters(text, size, width)
        blank = text.rfind(" ", 1, cut + 1)
        return blank if cut < len(text) and blank > 0 else max(1, cut)

    def _letters(self, text: str, size: float, width: float) -> int:
        low, high = 0, min(len(text), int(width / size * 4) + 1)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle], size) <= width:
                low = middle
            else:
                high = middle - 1
        return low


@cache
def _registered(file: str) -> TTFont | None:
    """A font file, known to the PDF writer under its own name; None when it cannot be embedded."""
    try:
        font = TTFont(f"lungviewer-{Path(file).stem}", file)
    except (TTFError, OSError):
        return None
    pdfmetrics.registerFont(font)
    return font
