"""Elements of an ordinary DICOM header, found by walking over their stated lengths (PS3.5, 7.1).

pydicom makes an object of every element, which takes longer than all else that listing a series does, and
takes a fifth of a second to be imported. What is walked over here is what pydicom reads (tests compare them,
on damaged headers too), and whatever is unusual is left to it: big endian and deflated files, unknown kinds
of values, lengths that do not fit into each other, elements without a length that are no sequences.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Container
from typing import NamedTuple

from lungviewer.readers.dicom_syntaxes import IMPLICIT, WALKED

UNDEFINED_LENGTH = 0xFFFFFFFF

_PREFIX_AT, _META_AT = 128, 132
_META_LENGTH, _TRANSFER_SYNTAX, _CHARACTERS = 0x00020000, 0x00020010, 0x00080005
_META, _COMMANDS, _DELIMITERS = 0x0002, 0x0000, 0xFFFE
_ITEM, _END_OF_SEQUENCE = 0xFFFEE000, 0xFFFEE0DD

_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Kinds of values (VR) whose length is stated in two bytes, and in four."""

_KNOWN_CHARACTERS = re.compile(rb"(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK|\\| )*\0?")
_END_OF_ITEM = b"\xfe\xff\x0d\xe0\0\0\0\0"
_DEEPEST = 16

_EXPLICIT, _IMPLICIT, _LENGTH = struct.Struct("<HH2sH"), struct.Struct("<HHL"), struct.Struct("<L")


class Element(NamedTuple):
    """The value of an element as it is stored."""

    value: bytes
    is_little_endian: bool = True


class Walked(NamedTuple):
    """The elements that were wanted, by tag; and the element that the walk ended at: its tag, its kind ("" in
    implicit files), its stated length, and where its value begins."""

    syntax: str
    found: dict[int, Element]
    tag: int
    kind: str
    length: int
    offset: int


class _Unusual(Exception):
    """Something for pydicom."""


def walk(content: bytes, wanted: Container[int], until: int) -> Walked | None:
    """The wanted elements before the first one whose tag is not below `until`. None: the header is unusual,
    or that element does not begin within the content. A wanted sequence is unusual, too."""
    if content[_PREFIX_AT:_META_AT] != b"DICM":
        return None
    try:
        syntax, at = _meta(content)
        return _walk(content, at, syntax, wanted, until)
    except (_Unusual, struct.error):  # the latter: the content ends
        return None


def _meta(content: bytes) -> tuple[str, int]:
    """The transfer syntax, and where the data set begins."""
    tag, kind, length, start = _explicit(content, _META_AT)
    if (tag, kind, length) != (_META_LENGTH, b"UL", 4):
        raise _Unusual
    syntax, at = b"", start + length
    while content[at : at + 2] == b"\2\0":
        tag, kind, length, start = _explicit(content, at)
        at = _end(content, start, length)
        if tag == _TRANSFER_SYNTAX:
            if kind != b"UI":
                raise _Unusual
            syntax = content[start:at].rstrip(b" \0")
    known = syntax.decode("ascii", "replace")
    if known not in WALKED:
        raise _Unusual
    return known, at


def _walk(content: bytes, at: int, syntax: str, wanted: Container[int], until: int) -> Walked:
    implicit = syntax == IMPLICIT
    if implicit and content[at + 4 : at + 6].isalpha() and content[at + 4 : at + 6].isupper():
        raise _Unusual  # it is none
    found: dict[int, Element] = {}
    while True:
        tag, kind, length, start = (_implicit if implicit else _explicit)(content, at)
        if tag >> 16 in (_COMMANDS, _DELIMITERS):
            raise _Unusual
        if tag >= until:
            return Walked(syntax, found, tag, kind.decode("ascii"), length, start)
        if length == UNDEFINED_LENGTH:
            if kind != b"SQ" or tag in wanted:
                raise _Unusual
            at = _end_of_sequence(content, start, 1)
            continue
        at = _end(content, start, length)
        if tag in wanted:
            if kind == b"SQ":
                raise _Unusual
            found[tag] = Element(content[start:at])
        if tag == _CHARACTERS:
            _require_known_characters(kind, content[start:at])


def _explicit(content: bytes, at: int) -> tuple[int, bytes, int, int]:
    """Tag, kind and length of an element, and where its value begins."""
    group, element, kind, length = _EXPLICIT.unpack_from(content, at)
    if kind in _SHORT:
        return group << 16 | element, kind, length, at + 8
    if kind not in _LONG:
        raise _Unusual
    return group << 16 | element, kind, _LENGTH.unpack_from(content, at + 8)[0], at + 12


def _implicit(content: bytes, at: int) -> tuple[int, bytes, int, int]:
    group, element, length = _IMPLICIT.unpack_from(content, at)
    return group << 16 | element, b"", length, at + 8


def _end(content: bytes, start: int, length: int) -> int:
    if start + length > len(content):
        raise _Unusual
    return start + length


def _end_of_sequence(content: bytes, at: int, depth: int) -> int:
    """Where a sequence without a length ends whose first item begins there; in explicit files."""
    if depth > _DEEPEST:
        raise _Unusual
    while True:
        tag, _, length, at = _implicit(content, at)
        if tag == _END_OF_SEQUENCE and not length:
            return at
        if tag != _ITEM:
            raise _Unusual
        at = _end_of_item(content, at, length, depth)


def _end_of_item(content: bytes, at: int, length: int, depth: int) -> int:
    """Where an item ends whose first element begins there."""
    end = None if length == UNDEFINED_LENGTH else _end(content, at, length)
    while at != end:
        if end is None and content[at : at + 8] == _END_OF_ITEM:
            return at + 8
        tag, kind, size, start = _explicit(content, at)
        if size == UNDEFINED_LENGTH:
            if kind != b"SQ":
                raise _Unusual
            at = _end_of_sequence(content, start, depth + 1)
        else:
            at = _end(content, start, size)
            if tag == _CHARACTERS:
                _require_known_characters(kind, content[start:at])
        if tag >> 16 == _DELIMITERS or (end is not None and at > end):
            raise _Unusual
    return at


def _require_known_characters(kind: bytes, value: bytes) -> None:
    """pydicom looks at no other value before it is asked for."""
    if kind not in (b"CS", b"") or not _KNOWN_CHARACTERS.fullmatch(value):
        raise _Unusual
