"""Small pictures of files, kept on disk so that a folder opens quickly the next time.

The cache is a convenience: without it, or when it is damaged, everything works, only slower. Its files are
named by hashes, so that no file name ever lies in it, and hold no metadata.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import simplejpeg

from lungviewer.core.errors import ImageError
from lungviewer.core.image import RGB
from lungviewer.core.paths import user_cache_dir
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import read_thumbnail
from lungviewer.services.file_state import file_state

THUMBNAIL_SIDE = 256
"""Longest side in pixels."""

_QUALITY = 88
_VERSION = b"1"
_SUM_BYTES = 4
_KEPT_SHARE = 0.8
"""A full cache is emptied down to this share, so that the next picture does not fill it again."""
_MOST_FAILURES = 20_000
_DEADLINE_S = 10.0

Reader = Callable[[Path, int, IsolatedDecoder | None], RGB]


class Thumbnails:
    """Makes and keeps thumbnails. May be used from several threads; close it at the end."""

    def __init__(self, limit_mb: int, folder: Path | None = None, read: Reader = read_thumbnail) -> None:
        """`limit_mb`: room on disk, 0 for none. `folder`: instead of the person's cache folder."""
        self._folder = folder or user_cache_dir() / "thumbnails"
        self._limit = limit_mb << 20
        self._read = read
        # Its own, so that a file that hangs a decoder never holds up the image that is looked at.
        self._decoder = IsolatedDecoder(_DEADLINE_S)
        self._lock = threading.Lock()
        self._failures: dict[str, ImageError] = {}
        self._bytes: int | None = None  # in the folder; not known before it was counted
        self._pruning = threading.Lock()

    def set_limit(self, limit_mb: int) -> None:
        """Change the room on disk; the next `prune` makes it so."""
        with self._lock:
            self._limit, self._bytes = limit_mb << 20, None

    def get(self, path: Path) -> RGB:
        """H×W×3 uint8 RGB, the longest side at most `THUMBNAIL_SIDE` pixels.

        A file that could not be used is not tried again before it changes.

        Raises:
            ImageError: what is wrong with the file.
            Cancelled: `close` was called meanwhile.
        """
        key = _key(path)
        if key is None:
            return self._read(path, THUMBNAIL_SIDE, self._decoder)
        failure = self._failures.get(key)
        if failure is not None:
            raise type(failure)(failure.message, hint=failure.hint)
        kept = self._load(key)
        if kept is not None:
            return kept
        try:
            pixels = self._read(path, THUMBNAIL_SIDE, self._decoder)
        except ImageError as error:
            self._note(key, error)
            raise
        self._save(key, pixels)
        return pixels

    @property
    def prune_due(self) -> bool:
        """Whether `prune` would have something to do."""
        with self._lock:
            return self._bytes is None or self._bytes > self._limit

    def prune(self) -> None:
        """Remove the oldest pictures until the cache is as large as it may be. For a background thread."""
        if not self._pruning.acquire(blocking=False):
            return
        try:
            found = sorted(self._entries())
            total = sum(size for _, size, _ in found)
            goal = self._limit if total <= self._limit else self._limit * _KEPT_SHARE
            for _, size, path in found:
                if total <= goal:
                    break
                with contextlib.suppress(OSError):
                    path.unlink()
                    total -= size
            with self._lock:
                # What cannot be removed counts no more: it would be tried again after every picture.
                self._bytes = min(total, self._limit)
        finally:
            self._pruning.release()

    def close(self) -> None:
        """End the decoder; calls of `get` that wait for it end with `Cancelled`."""
        self._decoder.close()

    def _entries(self) -> list[tuple[int, int, Path]]:
        """(time of writing, bytes, path) of every picture that is kept."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".jpg"):
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        found.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
        return found

    def _note(self, key: str, error: ImageError) -> None:
        if error.transient:
            return
        with self._lock:
            if len(self._failures) >= _MOST_FAILURES:
                self._failures.clear()
            self._failures[key] = error.with_traceback(None)

    def _load(self, key: str) -> RGB | None:
        """A kept picture, or None if there is none or it is damaged."""
        if not self._limit:
            return None
        try:
            data = (self._folder / f"{key}.jpg").read_bytes()
        except OSError:
            return None
        picture, stated = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
        if _checksum(picture) != stated:
            return None
        try:
            pixels: RGB = simplejpeg.decode_jpeg(picture, strict=True)
        except ValueError:
            return None
        return pixels

    def _save(self, key: str, pixels: RGB) -> None:
        """Keep a picture. Not written by `atomic_write`, which waits for the disk: half a file has the wrong
        checksum and is made again."""
        if not self._limit:
            return
        picture = simplejpeg.encode_jpeg(pixels, quality=_QUALITY)
        data = picture + _checksum(picture)
        path = self._folder / f"{key}.jpg"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            return
        with self._lock:
            if self._bytes is not None:
                self._bytes += len(data)


def _key(path: Path) -> str | None:
    """What a picture is kept under: another file, or the same one changed, has another key. None: the file
    cannot be looked at, and reading it will say why."""
    state = file_state(path)
    if state is None:
        return None
    parts = (os.fsencode(path.absolute()), b"%d %d" % (state.mtime_ns, state.size), _VERSION)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _checksum(data: bytes) -> bytes:
    """Appended to each file: a JPEG with a few wrong bytes often decodes without complaint."""
    return zlib.crc32(data).to_bytes(_SUM_BYTES, "big")
