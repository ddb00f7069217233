"""The pages, from the program's own resources: read once, served from memory, nothing from elsewhere."""

from __future__ import annotations

from lungviewer.core.paths import bundled

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

_FILES = {
    "/": "web/form.html",
    "/form.js": "web/form.js",
    "/answer.js": "web/answer.js",
    "/viewer.js": "web/viewer.js",
    "/style.css": "web/style.css",
    "/docs": "web/docs.html",
    "/docs.js": "web/docs.js",
    "/icon.svg": "icons/lungviewer.svg",
}


def pages() -> dict[str, tuple[str, bytes]]:
    """Path → content type and bytes, of every page and what belongs to it."""
    resources = bundled("resources")
    return {
        path: (_KINDS[name.rpartition(".")[2]], (resources / name).read_bytes())
        for path, name in _FILES.items()
    }
