"""Files out of a multipart body, while it arrives: nothing is trusted that the client says about sizes.

The form is RFC 7578. Parts of other names than the one that is asked for are read over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from lungviewer.server.parties import party_of
from lungviewer.server.problems import Problem, too_large
from lungviewer.server.room import Room
from lungviewer.server.uploads import Upload, UploadFolder

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

OTHER_PARTS = 16
"""Parts of a form beside the files that are asked for."""

_STEP = 64 * 1024
"""Bytes that are parsed before others have a turn (0.2 ms at worst, where much looks like a boundary)."""


class ClientGone(Exception):
    """The client hung up: nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Of one request: files, bytes per file, bytes of everything together."""

    files: int
    file_bytes: int
    body_bytes: int

    def exceeded(self) -> Problem:
        """What a larger body is told."""
        return too_large(self.file_bytes if self.files == 1 else self.body_bytes)


@dataclass(frozen=True, slots=True)
class Sent:
    """Who sends a body (`party_of`), and what is said of it: the content type, and the length in bytes; 0 if
    nothing is."""

    party: str
    kind: str
    length: int

    @classmethod
    def told(cls, client: tuple[str, int] | None, headers: Mapping[str, str]) -> Sent:
        """From a request's client and headers, whose names are in small letters."""
        length = headers.get("content-length", "")
        known = int(length) if length.isdecimal() else 0
        return cls(party_of(client), headers.get("content-type", ""), known)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One file, or why there is none: it was larger than is taken. `name` is the client's."""

    name: str
    upload: Upload | None


async def body_chunks(receive: Receive, limits: FormLimits) -> AsyncIterator[bytes]:
    """The body of a request, as it comes.

    Raises:
        ClientGone: before its end.
        Problem: 413, there is more than the limit.
    """
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        data: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(data)
        if size > limits.body_bytes:
            raise limits.exceeded()
        yield data


async def files_of(
    content_type: str, receive: Receive, field: str, limits: FormLimits, folder: UploadFolder, room: Room
) -> AsyncGenerator[Arrived, None]:
    """The files of a form's `field`, each as soon as it is complete. Whoever takes one discards it.

    Raises:
        Problem: 415 no multipart form, 400 a broken one or one of too many parts, 413 too large, 422 too many
            files, 503 no room.
        ClientGone: the client hung up.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, parameters = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not parameters.get(b"boundary"):
        raise Problem(
            415,
            "not_a_form",
            "The request is no multipart form.",
            hint=f"Send the image as the field “{field}” of a form (multipart/form-data).",
        )
    sink = _Sink(field, limits, folder, room)
    try:
        parser = MultipartParser(parameters[b"boundary"], sink.callbacks())  # type: ignore[arg-type]
        async for data in body_chunks(receive, limits):
            for start in range(0, len(data), _STEP):
                if start:
                    await asyncio.sleep(0)
                parser.write(data[start : start + _STEP])
                while sink.arrived:
                    yield sink.arrived.pop(0)
        if not sink.ended:
            raise Problem(400, "broken_form", "The upload is incomplete.", hint="Send it again.")
    except FormParserError:
        raise Problem(
            400, "broken_form", "The form cannot be read.", hint="Send it as multipart/form-data."
        ) from None
    except OSError as error:
        raise Problem(
            503, "no_space", "The upload could not be stored.", hint="Free some space for temporary files."
        ) from error
    finally:
        sink.discard()


class _Sink:
    """What the parser tells, put together. Its methods are the parser's callbacks."""

    def __init__(self, field: str, limits: FormLimits, folder: UploadFolder, room: Room) -> None:
        self.arrived: list[Arrived] = []
        self.ended = False
        self._field, self._limits, self._folder, self._room = field.encode(), limits, folder, room
        self._count, self._parts = 0, 0
        self._header, self._value, self._disposition = b"", b"", b""
        self._name = ""
        self._wanted = False
        self._upload: Upload | None = None

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def discard(self) -> None:
        """Delete what nobody has taken."""
        for upload in (self._upload, *(a.upload for a in self.arrived)):
            if upload is not None:
                upload.discard()
        self._upload, self.arrived = None, []

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._limits.files + OTHER_PARTS:
            raise Problem(
                400, "broken_form", "The form has too many parts.", hint="Send nothing beside the images."
            )
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        options = parse_options_header(self._disposition.decode("latin-1"))[1]
        self._wanted = options.get(b"name") == self._field
        if not self._wanted:
            return
        self._count += 1
        if self._count > self._limits.files:
            raise Problem(
                422,
                "too_many_files",
                f"More than {self._limits.files} files came in one request."
                if self._limits.files > 1
                else "More than one file came in the request.",
                hint="Send fewer at a time." if self._limits.files > 1 else "Send several to /predict/batch.",
            )
        self._name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._upload = self._folder.new(self._name, self._room)

    def _data(self, data: bytes, start: int, end: int) -> None:
        upload = self._upload
        if upload is None:
            return
        if upload.size + end - start > self._limits.file_bytes:
            upload.discard()
            self._upload = None
            return
        upload.write(data[start:end])

    def _end(self) -> None:
        if not self._wanted:
            return
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.complete()
        self.arrived.append(Arrived(self._name, upload))

    def _all(self) -> None:
        self.ended = True
