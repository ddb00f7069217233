"""The worker process of isolated.py: opens files on request and sends pixels back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lungviewer.core.image import ImageSource
from lungviewer.core.registry import load
from lungviewer.readers.worker_messages import Pipe, facts_of, send_answer, send_bytes_of
from lungviewer.readers.worker_side import Answering, serve_requests

Opener = Callable[[Path, float | None], ImageSource]


def serve(pipe: Pipe, opener: str) -> None:
    """Main loop of a worker. Imports the one reader it was named."""

    def prepare() -> Answering:
        open_image: Opener = load(opener)
        return partial(_answer, open_image)

    serve_requests(pipe, prepare)


def _answer(open_image: Opener, pipe: Pipe, request: tuple[str, float | None]) -> None:
    name, um_per_px = request
    source = open_image(Path(name), um_per_px)
    info = source.info
    pixels = source.read((0, 0), 0, (info.width, info.height))
    source.close()
    send_answer(pipe, **facts_of(info))
    send_bytes_of(pipe, pixels)
