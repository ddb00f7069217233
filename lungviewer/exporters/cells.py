"""What may stand in a cell of a table that a spreadsheet will open.

A cell that begins with `= + - @` is a formula to a spreadsheet, and a formula in a file name or comment
can read other cells or start a program (CWE-1236). Quoting does not help: quotes are gone before the
spreadsheet looks. Three things make it wider than a first character:

- Spreadsheets skip blanks, zero-width characters, byte order marks and quotes in front of the sign, and
  East Asian versions read the full-width signs as the plain ones.
- Where the list separator is a semicolon (most of Europe) a comma-separated line is cut at semicolons,
  and at line breaks inside a quoted cell that no longer starts with its quote: what follows either
  becomes a cell of its own. So text after `;`, tab and line breaks is looked at as a beginning, too.
- An apostrophe before the sign makes it text everywhere. `restored` takes exactly those away again.
"""

from __future__ import annotations

import math
import re

_AFTER_BREAK = r"(?<=[;\t\r\n\x85\u2028\u2029])"
_SKIPPED = r"[\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\"'`´‘’“”]*"
_SIGNS = "[=+\\-@＝＋－＠﹦﹢﹣﹫−]"
_SIGN = f"(?={_SKIPPED}{_SIGNS})"
_BLANK = r"(?='*[\t\r\n])"  # only as a very first character: ordinary comments have empty lines
_LIVE = re.compile(f"^{_SIGN}|^{_BLANK}|{_AFTER_BREAK}{_SIGN}")
_NEUTRALISED = re.compile(f"^'{_SIGN}|^'{_BLANK}|{_AFTER_BREAK}'{_SIGN}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def text_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs, in characters that UTF-8 can hold.

    Half characters of file names that are not UTF-8 (surrogates), and control characters that break other
    programs' readers, are printed with a backslash escape.
    """
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    printable = _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", printable)
    return _LIVE.sub("'", printable)


def restored(cell: str) -> str:
    """The text that `text_cell` was given, except that escapes stay escapes."""
    return _NEUTRALISED.sub("", cell)


def number_cell(value: float | None, decimals: int) -> str:
    """A number with a decimal point whatever the locale, so many decimals; empty for None and NaN."""
    if value is None or not math.isfinite(value):
        return ""
    text = format(float(value), f".{decimals}f")
    return text.lstrip("-") if float(text) == 0 else text


def integer_cell(value: int | None) -> str:
    return "" if value is None else str(int(value))
