"""The application: routes, what they take, and how failures are told."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions inside
# `build_app`, and could not find names that are imported there.

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import lungviewer
from lungviewer.core.errors import LungviewerError
from lungviewer.server.answers import failure_of, pack_of
from lungviewer.server.desk import Desk
from lungviewer.server.models import ServedModel, choose, choose_for_slices
from lungviewer.server.multipart import ClientGone, Sent
from lungviewer.server.options import MAX_FILES, RESEARCH_USE, ServeOptions
from lungviewer.server.pages import pages
from lungviewer.server.problems import Problem, as_problem
from lungviewer.server.schema import Answer, BatchItem, Failure, Health, Packs, Shape
from lungviewer.server.uploads import UploadFolder
from lungviewer.server.worker import Question, Worker

if TYPE_CHECKING:
    from fastapi import FastAPI

CLIENT_GONE = 499
"""Written to the log where nobody hears an answer."""

_FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": text}
    for status, text in {
        400: "The form is broken.",
        404: "No such model is served.",
        408: "The upload took too long.",
        413: "The file or the image is too large.",
        415: "This is no image that is read here.",
        422: "The image cannot be used, or there is none.",
        503: "Too much is waiting; try again after Retry-After seconds.",
    }.items()
}


def build_app(options: ServeOptions, models: Sequence[ServedModel], worker: Worker) -> "FastAPI":
    """The whole application. What it was given is closed by whoever made it."""
    from fastapi import FastAPI, Query, Request, Response
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    folder = UploadFolder()
    desk = Desk(options, worker, folder)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with folder:
            yield

    app = FastAPI(
        title="lungviewer",
        summary="Classifies lung images, says why, and whether to trust it.",
        description=RESEARCH_USE,
        version=lungviewer.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )

    def say(shape: Shape, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return Response(shape.model_dump_json(), status, headers, "application/json")

    def tell(error: LungviewerError) -> Response:
        problem = as_problem(error)
        return say(failure_of(problem), problem.status, problem.headers)

    async def failed(_: Request, error: Exception) -> Response:
        if isinstance(error, LungviewerError):
            return tell(error)
        if isinstance(error, HTTPException):
            sentence = {404: "There is no such page.", 405: "This page does not take such requests."}
            message = sentence.get(error.status_code, "The request cannot be answered.")
            return tell(Problem(error.status_code, "no_such_page", message, hint="See /docs."))
        if isinstance(error, RequestValidationError):
            names = sorted({str(e["loc"][-1]) for e in error.errors() if e["loc"][0] == "query"})
            return tell(
                Problem(422, "wrong_option", f"Not understood: {', '.join(names)}.", hint="See /docs.")
            )
        return tell(
            Problem(
                500,
                "unexpected",
                "Something unexpected happened.",
                hint="This is a mistake in lungviewer; please report it.",
            )
        )

    for kind in (LungviewerError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, failed)

    Pack = Annotated[str | None, Query(description="id or id@version of a model; see /packs.")]  # noqa: N806
    Modality = Annotated[  # noqa: N806
        Literal["histology", "ct"] | None, Query(description="The first model of this kind.")
    ]
    Scale = Annotated[  # noqa: N806
        float | None,
        Query(ge=0.02, le=20, description="Micrometres per pixel, where you know better than the file."),
    ]
    Overlays = Annotated[bool, Query(description="Also say where the answer comes from, as pictures.")]  # noqa: N806

    def asked(pack: str | None, modality: str | None, um_per_px: float | None, overlay: bool) -> Question:
        for_slices = choose_for_slices(models, pack, modality)
        return Question(choose(models, pack, modality), um_per_px, overlay, for_slices)

    @app.post(
        "/predict",
        response_model=Answer,
        response_description="The answer, refused or not.",
        responses=_FAILURES,
        openapi_extra=_form("file", {"type": "string", "format": "binary"}),
        summary="Judge one image",
    )
    async def predict(
        request: Request,
        pack: Pack = None,
        modality: Modality = None,
        um_per_px: Scale = None,
        overlay: Overlays = False,
    ) -> Response:
        """JPEG, PNG, TIFF, BMP, WebP, GIF or a DICOM CT slice. A refusal is an answer too (status 200)."""
        question = asked(pack, modality, um_per_px, overlay)
        try:
            answer = await desk.one(Sent.told(request.client, request.headers), request.receive, question)
        except ClientGone:
            return Response(status_code=CLIENT_GONE)
        return say(answer)

    @app.post(
        "/predict/batch",
        response_model=list[BatchItem],
        response_description="An answer or a failure for every file.",
        responses=_FAILURES,
        openapi_extra=_form(
            "files", {"type": "array", "maxItems": MAX_FILES, "items": {"type": "string", "format": "binary"}}
        ),
        summary="Judge several images",
    )
    async def predict_batch(
        request: Request,
        pack: Pack = None,
        modality: Modality = None,
        um_per_px: Scale = None,
        overlay: Overlays = False,
    ) -> Response:
        """One entry per file, in the order they came: an answer, or why there is none."""
        question = asked(pack, modality, um_per_px, overlay)
        try:
            items = await desk.many(Sent.told(request.client, request.headers), request.receive, question)
        except ClientGone:
            return Response(status_code=CLIENT_GONE)
        body = f"[{','.join(item.model_dump_json() for item in items)}]"
        return Response(body, media_type="application/json")

    @app.get("/health", response_model=Health, summary="Is it running, and how busy?")
    async def health() -> Response:
        names = [f"{m.spec.id}@{m.spec.version}" for m in models]
        return say(
            Health(
                status="ok",
                version=lungviewer.__version__,
                packs=names,
                waiting=desk.room.waiting,
                room=desk.room.requests,
            )
        )

    @app.get("/packs", response_model=Packs, summary="The models that answer")
    async def packs() -> Response:
        listed = [pack_of(m, default=m is models[0]) for m in models]
        return say(Packs(packs=listed, max_bytes=options.max_bytes, max_files=MAX_FILES))

    def page(kind: str, content: bytes) -> Any:
        async def show() -> Response:
            return Response(content, media_type=kind)

        return show

    for path, (kind_of_page, content) in pages().items():
        app.add_api_route(path, page(kind_of_page, content), methods=["GET"], include_in_schema=False)
    return app


def _form(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What the OpenAPI page says about a body, which is read by our own parser."""
    shape = {"type": "object", "required": [field], "properties": {field: schema}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": shape}}}}
