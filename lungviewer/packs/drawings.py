"""Plots of a pack: PNG that is PNG, SVG that only draws."""

from __future__ import annotations

import re

from lungviewer.core.errors import PackInvalid, PackUnsafe

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A browser that opens an SVG runs its scripts and fetches what it names; matplotlib's SVGs do neither.
_LIVE = re.compile(
    rb"<\s*(?:[\w.-]+:)?(?:script|foreignobject|iframe|embed|object|handler|animate\w*|set)\b"
    rb"|\son[a-z]+\s*=\s*[\"']"
    rb"|<!entity|@import|javascript:"
    rb"|href\s*=\s*(?![\"'](?:#|data:image/png;base64,))"
    rb"|url\s*\(\s*(?![\"']?#)",
    re.IGNORECASE,
)


def check_drawing(name: str, data: bytes) -> None:
    """Check a file of evaluation/ that people look at; other files pass.

    Raises:
        PackInvalid: not a PNG, or an SVG that is not UTF-8.
        PackUnsafe: an SVG with scripts, or one that refers to anything outside itself.
    """
    if name.endswith(".png") and not data.startswith(_PNG_SIGNATURE):
        raise PackInvalid("A plot of the pack is not the PNG that its name says.")
    if not name.endswith(".svg"):
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise PackInvalid("A plot of the pack is not an SVG in UTF-8.") from None
    if b"\x00" in data or _LIVE.search(data):
        raise PackUnsafe("A plot of the pack is an SVG with scripts or links in it.")
