"""The shape of every answer; the OpenAPI page is drawn from it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lungviewer.server.options import RESEARCH_USE


class Shape(BaseModel):
    """`model_version` is a field here, not one of pydantic's own."""

    model_config = ConfigDict(protected_namespaces=(), extra="forbid")


class Reason(Shape):
    code: str = Field(description="Stable; the same as in the CSV.")
    sentence: str


class Overlay(Shape):
    """Pictures as data URIs."""

    picture: str = Field(description="The image as it was read, longest side at most 1024 pixels (JPEG).")
    maps: dict[str, str] = Field(
        description="Class activation by class id, each relative to its own peak: one pixel a cell (PNG), to "
        "be laid over the whole picture without smoothing."
    )
    peaks: dict[str, float] = Field(description="The largest value of each map, in evidence units.")
    refused: str | None = Field(description="Hatching where fields were refused (PNG), or null.")


class Answer(Shape):
    """`prediction`, `confidence` and `all_predictions` as web forms of CT demonstrations have them."""

    prediction: str | None = Field(description="A class id, or null when the image is refused.")
    confidence: float | None = Field(description="Calibrated, 0 to 1; null when the image is refused.")
    all_predictions: dict[str, float] = Field(
        description="Calibrated probabilities by class id; of a refused image they are no call."
    )
    label: str | None = Field(description="The class in words.")
    status: str = Field(description="ok, review (a person must look) or refused.")
    reasons: list[Reason] = Field(description="Why it is refused or needs review, and what to know of it.")
    how_often_right: str = Field(description="What such a confidence meant on held-out images; may be empty.")
    trust_score: float | None = Field(description="Larger is stranger.")
    kind: str
    width_px: int | None
    height_px: int | None
    um_per_px: float | None
    um_per_px_source: str
    fields: int | None
    fields_refused: int | None
    fields_by_class: dict[str, int]
    model: str
    model_version: str
    model_sha256: str
    backend: str
    device: str
    app_version: str
    seconds: float | None
    analysed_at: str
    overlay: Overlay | None = None
    research_use_only: bool = True
    notice: str = RESEARCH_USE


class Failure(Shape):
    """What every answer but 200 looks like."""

    error: str = Field(description="What happened, as a sentence.")
    code: str
    hint: str = Field(description="What to do about it; may be empty.")


class BatchItem(Shape):
    """One file of a batch: `answer`, or `error` with the status that it would have had by itself."""

    index: int
    name: str = Field(description="As the client sent it; kept nowhere.")
    status_code: int
    answer: Answer | None = None
    error: Failure | None = None


class PackClass(Shape):
    id: str
    label: str
    colour: str
    role: str


class Pack(Shape):
    id: str
    version: str
    title: str
    modality: str
    organ: str
    stain: str
    classes: list[PackClass]
    validated: bool
    sha256: str
    device: str
    elsewhere: str = Field(description="How calls were right on images of other laboratories.")
    default: bool


class Packs(Shape):
    packs: list[Pack]
    max_bytes: int = Field(description="Largest file that is taken.")
    max_files: int = Field(description="Most files in one request of /predict/batch.")
    research_use_only: bool = True
    notice: str = RESEARCH_USE


class Health(Shape):
    status: str
    version: str
    packs: list[str]
    waiting: int = Field(description="Requests that are not answered yet.")
    room: int = Field(description="How many may wait.")
