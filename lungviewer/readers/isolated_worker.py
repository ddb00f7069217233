"""The worker process of isolated.py: opens files on request and sends pixels back, or Hounsfield units."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lungviewer.core.image import ImageSource
from lungviewer.core.registry import READERS, load
from lungviewer.readers.isolated_ct_worker import CtDesk, ToDescribe, ToReadSlice
from lungviewer.readers.worker_messages import Pipe, facts_of, send_answer, send_bytes_of
from lungviewer.readers.worker_side import Answering, serve_requests

Opener = Callable[[Path, float | None], ImageSource]


def serve(pipe: Pipe, opener: str) -> None:
    """Main loop of a worker. Imports the one reader it was named, and that of slices when it meets one."""

    def prepare() -> Answering:
        open_image: Opener = load(opener)
        return partial(_answer, open_image, CtDesk(READERS["dicom"]))

    serve_requests(pipe, prepare)


def _answer(
    open_image: Opener, desk: CtDesk, pipe: Pipe, request: tuple[str, float | None] | ToDescribe | ToReadSlice
) -> None:
    if isinstance(request, ToDescribe | ToReadSlice):
        desk.answer(pipe, request)
        return
    name, um_per_px = request
    source = open_image(Path(name), um_per_px)
    info = source.info
    pixels = source.read((0, 0), 0, (info.width, info.height))
    source.close()
    send_answer(pipe, **facts_of(info))
    send_bytes_of(pipe, pixels)
