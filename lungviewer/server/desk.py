"""From a request's body to its answer: room, upload, question, answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from lungviewer.core.errors import LungviewerError
from lungviewer.readers.slide_kinds import is_slide
from lungviewer.readers.sniff import sniff
from lungviewer.server.answers import answer_of, failure_of
from lungviewer.server.multipart import Arrived, FormLimits, Receive, Sent, files_of
from lungviewer.server.options import (
    BATCH_OF_LARGE,
    FILES_PER_DEADLINE,
    HELD_OF_LARGE,
    MAX_FILES,
    ServeOptions,
)
from lungviewer.server.problems import Problem, as_problem, too_large
from lungviewer.server.room import Room
from lungviewer.server.schema import Answer, BatchItem
from lungviewer.server.uploads import Upload, UploadFolder
from lungviewer.server.waiting import hurried, wanted
from lungviewer.server.worker import Question, Worker

_FORM_BYTES = 64 * 1024
"""What a form has beside its files."""


class Desk:
    """Takes images in and gives answers out, for one server."""

    def __init__(self, options: ServeOptions, worker: Worker, folder: UploadFolder) -> None:
        self.room = Room(options.queue, HELD_OF_LARGE * options.max_bytes)
        self._options, self._worker, self._folder = options, worker, folder
        large = options.max_bytes
        self._one = FormLimits(1, large, large + _FORM_BYTES)
        self._many = FormLimits(MAX_FILES, large, BATCH_OF_LARGE * large + MAX_FILES * _FORM_BYTES)

    async def one(self, sent: Sent, receive: Receive, question: Question) -> Answer:
        """The answer for the field `file`.

        Raises:
            LungviewerError: there is none, and why.
            ClientGone: the client hung up.
        """
        with self.room.request(sent.party):
            upload = await self._single(sent, receive)
            try:
                work = self._answer(upload, question)
                return await wanted(work, receive, self._options.deadline_s)
            finally:
                upload.discard()

    async def many(self, sent: Sent, receive: Receive, question: Question) -> list[BatchItem]:
        """One answer or failure for each of the `files`, in their order; reading begins while others arrive.

        Raises:
            Problem: the request as a whole makes no sense.
            ClientGone: the client hung up.
        """
        with self.room.request(sent.party):
            tasks: list[asyncio.Task[BatchItem]] = []
            uploads: list[Upload | None] = []
            try:
                async with contextlib.aclosing(self._files(sent, receive, "files", self._many)) as files:
                    async for arrived in files:
                        uploads.append(arrived.upload)
                        tasks.append(asyncio.create_task(self._item(len(tasks), arrived, question)))
                if not tasks:
                    raise _missing("files")
                deadline_s = self._options.deadline_s * (1 + len(tasks) // FILES_PER_DEADLINE)
                return await wanted(_all(tasks), receive, deadline_s)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                for upload in filter(None, uploads):
                    upload.discard()

    async def _single(self, sent: Sent, receive: Receive) -> Upload:
        with contextlib.ExitStack() as mine:
            found: Upload | None = None
            async with contextlib.aclosing(self._files(sent, receive, "file", self._one)) as files:
                async for arrived in files:
                    found = arrived.upload
                    if found is None:
                        raise too_large(self._options.max_bytes)
                    mine.callback(found.discard)
            if found is None:
                raise _missing("file")
            mine.pop_all()
            return found

    def _files(
        self, sent: Sent, receive: Receive, field: str, limits: FormLimits
    ) -> AsyncGenerator[Arrived, None]:
        if sent.length > limits.body_bytes:  # before anything is received: nobody gives leave to send it
            raise limits.exceeded()
        in_time = hurried(receive, self._options.patience_s)
        return files_of(sent.kind, in_time, field, limits, self._folder, self.room)

    async def _answer(self, upload: Upload, question: Question) -> Answer:
        model = question.for_slices
        if model not in (None, question.model) and await _is_slice(upload):
            question = replace(question, model=model, for_slices=None)
        result = await self._worker.classify(upload, question)
        if question.keep_thumbnail:  # pictures take too long for the thread that hears everybody
            return await asyncio.to_thread(answer_of, result, question.model, overlay=True)
        return answer_of(result, question.model, overlay=False)

    async def _item(self, index: int, arrived: Arrived, question: Question) -> BatchItem:
        try:
            if arrived.upload is None:
                raise too_large(self._options.max_bytes)
            answer = await self._answer(arrived.upload, question)
        except LungviewerError as error:
            problem = as_problem(error)
            return BatchItem(
                index=index, name=arrived.name, status_code=problem.status, error=failure_of(problem)
            )
        return BatchItem(index=index, name=arrived.name, status_code=200, answer=answer)


async def _is_slice(upload: Upload) -> bool:
    return sniff(upload.head) == "dicom" and not await asyncio.to_thread(is_slide, upload.path)


async def _all(tasks: list[asyncio.Task[BatchItem]]) -> list[BatchItem]:
    return list(await asyncio.gather(*tasks))


def _missing(field: str) -> Problem:
    return Problem(
        422,
        "missing_file",
        f"The form has no field “{field}” with a file in it.",
        hint=f"Send the image as “{field}”.",
    )
