"""JSON as a pack may use it: UTF-8, finite numbers, each key once, a few levels deep."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from lungviewer.core.errors import PackInvalid

MAX_DEPTH = 32

# The closing quote is optional and the repeat gives nothing back, so that unclosed strings cost one pass.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def showable(name: object) -> str:
    """A name from an untrusted file, quoted, or "…" when it holds anything but plain letters."""
    text = str(name)
    return f'"{text}"' if _SHOWABLE.fullmatch(text) else '"…"'


def parse_json(data: bytes, what: str, max_bytes: int, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON.

    Args:
        data: the file's bytes.
        what: the file's name within a pack, for the message.
        max_bytes: a larger text is refused before it is parsed.
        max_depth: deepest nesting of lists and objects.

    Raises:
        PackInvalid: not UTF-8 or not JSON, too large or deep, a key twice in one object, NaN or infinity.
    """
    if len(data) > max_bytes:
        raise PackInvalid(f"{what} has {len(data):,} bytes; at most {max_bytes:,} are read.")
    if data.startswith(b"\xef\xbb\xbf"):
        raise PackInvalid(f"{what} starts with a byte order mark; save it as plain UTF-8.")
    _check_depth(data, what, max_depth)
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite
        )
    except _Refused as refusal:
        raise PackInvalid(f"{what} {refusal}") from None
    except UnicodeDecodeError:
        raise PackInvalid(f"{what} is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise PackInvalid(f"{what} is not JSON: {error.msg} ({place}).") from None
    except (ValueError, RecursionError):
        # A number of thousands of digits; or brackets that the scan above took for part of a string.
        raise PackInvalid(f"{what} holds a number or a nesting that cannot be read.") from None


class _Refused(Exception):
    """Stops json.loads from inside a hook; the message continues "<file> …"."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"has the key {showable(twice)} twice in one object; which one counts is not defined.")
    return result


def _not_finite(text: str) -> NoReturn:
    raise _Refused(f"holds {text}, which is not a number in JSON; only finite numbers are allowed.")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Refused("holds a number too large to represent; only finite numbers are allowed.")
    return value


def _check_depth(data: bytes, what: str, max_depth: int) -> None:
    """json.loads recurses; brackets are counted before it sees them."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        mark = match.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth > max_depth:
                raise PackInvalid(f"{what} is nested more than {max_depth} levels deep.")
        elif mark in (b"]", b"}"):
            depth -= 1
