"""Words on pictures: which font can draw them, and how to make them fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "segoeui.ttf",
    "arial.ttf",
    "Arial.ttf",
    "Arial Unicode.ttf",
)
_PROBE_PT = 16
_ELLIPSIS = "…"
_UNASSIGNED = "\uffff"  # no font has it: it shows what the box for a missing letter looks like
_SPELT = {
    "µ": "u",
    "μ": "u",
    "ß": "ss",
    "–": "-",
    "—": "-",
    "−": "-",
    "×": "x",
    "ø": "o",
    "ł": "l",
    "œ": "oe",
}


class Lettering:
    """One font for a whole sheet, chosen so that no letter comes out as an empty box.

    Pillow's own font is the same on every machine but knows hardly more than ASCII. Where a sheet needs
    other letters, the font of the system that has most of them is taken; what is still missing loses its
    accents, and what then has no likeness becomes "?". Control characters and marks that turn the
    direction of writing round are left out.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        needed = sorted(set("".join(map(_printable, texts))))
        self._name = max(("", *_SYSTEM_FONTS), key=lambda name: sum(_draws(name, c) for c in needed))

    def font(self, points: int) -> Font:
        return _font(self._name, points) or ImageFont.load_default(points)

    def spell(self, text: str) -> str:
        """The text in letters that the font has."""
        return spelt(_printable(text), lambda character: _draws(self._name, character))


def spelt(text: str, draws: Callable[[str], bool]) -> str:
    """The text in letters that a font has: others lose their accents, or become "?"."""
    return "".join(c if draws(c) else _likeness(c, draws) for c in text)


def system_font_files() -> list[str]:
    """Where the known fonts of this system lie."""
    fonts = (_font(name, _PROBE_PT) for name in _SYSTEM_FONTS)
    return [
        font.path for font in fonts if isinstance(font, ImageFont.FreeTypeFont) and isinstance(font.path, str)
    ]


def shortened(text: str, font: Font, width: float) -> str:
    """The text, or its beginning and end when it is too wide: the end of a name tells files apart."""
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        keep = (low + high + 1) // 2
        if font.getlength(_ends(text, keep)) <= width:
            low = keep
        else:
            high = keep - 1
    return _ends(text, low)


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """Lines that fit, broken at blanks; a word too long for a line is shortened."""
    lines: list[str] = []
    for whole in text.split():
        word = shortened(whole, font, width)
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _likeness(character: str, draws: Callable[[str], bool]) -> str:
    base = _SPELT.get(character) or "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return base if base and all(map(draws, base)) else "?"


def _printable(text: str) -> str:
    kept = (
        " " if character.isspace() else "" if unicodedata.category(character)[0] == "C" else character
        for character in unicodedata.normalize("NFC", text)
    )
    return "".join(kept).strip()


@cache
def _font(name: str, points: int) -> Font | None:
    """A font of the system by file name, or Pillow's own for ""; None where there is none."""
    if not name:
        return ImageFont.load_default(points)
    try:
        return ImageFont.truetype(name, points)
    except OSError:
        return None


@cache
def _draws(name: str, character: str) -> bool:
    font = _font(name, _PROBE_PT)
    if font is None:
        return False
    glyph, missing = font.getmask(character), font.getmask(_UNASSIGNED)
    return bool(glyph.size != missing.size or bytes(glyph) != bytes(missing))


def _ends(text: str, keep: int) -> str:
    end = keep // 2
    return text[: keep - end] + _ELLIPSIS + (text[-end:] if end else "")
