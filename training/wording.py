"""What a card, the gate and tables call things, by what the pictures are: slides or CT slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lungviewer.core.model import ModelSpec


@dataclass(frozen=True, slots=True)
class Words:
    """`elsewhere` and `unlike` are titles of sections. Sentences are whole, so that none is put together."""

    field: str
    fields: str
    checks: str
    elsewhere: str
    elsewhere_intro: str
    unlike: str
    unlike_intro: str
    near: str
    far_of_folder: str
    made_up: str
    made_up_changes: str
    leakage: str
    turned: str
    map_limit: str


HISTOLOGY = Words(
    field="field",
    fields="fields",
    checks="glass, blur, pen, no colour",
    elsewhere="Other laboratories (evaluation only)",
    elsewhere_intro="Tiles of other laboratories and scanners, which the model was not trained on. Each row "
    "is a set of its own and is never added to another: the sets have few slides, and one slide can decide a "
    "row. Groups are slides or cases; with fewer than five there is no interval.",
    unlike="Not lung",
    unlike_intro="Images that are none of the classes. AUROC is against the home test images: 1 tells them "
    "apart perfectly, 0.5 not at all. *Near* is stained tissue of other organs, *far* is anything else.",
    near="tissue of other organs",
    far_of_folder="far pictures of a folder, such as CT",
    made_up="made-up laboratories",
    made_up_changes="stain, light, scale and sharpness changed, the tissue not",
    leakage="the same head trained both ways, without extra views. Split by image, copies of a test image "
    "were trained on, and its figure says little.",
    turned="Turning or mirroring a field",
    map_limit="The map shows where the answer's numbers come from, not what the tissue there means.",
)

CT = Words(
    field="slice",
    fields="slices",
    checks="empty, in colour",
    elsewhere="Other hospitals (evaluation only)",
    elsewhere_intro="Slices of other hospitals and scanners, which the model was not trained on. Each row "
    "is a set of its own and is never added to another. Groups are patients; with fewer than five there is "
    "no interval.",
    unlike="Not a slice of a chest",
    unlike_intro="Images that are none of the classes. AUROC is against the home test images: 1 tells them "
    "apart perfectly, 0.5 not at all. *Near* is CT of other parts of the body, *far* is anything else. "
    "A picture in colour is refused for its colour alone, so such sets are shown in grey as well.",
    near="CT of other parts of the body",
    far_of_folder="far pictures of a folder, such as histology",
    made_up="made-up scanners",
    made_up_changes="window, noise, kernel, field of view and file changed, the body not",
    leakage="the same head trained both ways, without extra views. Split by image, neighbours of a test "
    "slice were trained on, and its figure says little. Published figures of 95 to 98 % are of this kind.",
    turned="Mirroring a slice, or leaning it a little,",
    map_limit="The map shows where the answer's numbers come from, not what the body shows there.",
)

_BY_MODALITY: Mapping[str, Words] = {"histology": HISTOLOGY, "ct": CT}


def words_for(modality: str) -> Words:
    """By `ModelSpec.modality`."""
    return _BY_MODALITY[modality]


def input_sentence(spec: ModelSpec) -> str:
    """What the model is shown of an image."""
    size, resized = spec.input.size, f"resized with {spec.input.resize}"
    if spec.modality != "ct":
        return (
            f"Input {size} × {size} pixels that cover {spec.input.field_um:g} µm "
            f"({spec.input.um_per_px:g} µm per pixel), {resized}."
        )
    window = spec.input.window
    through = (
        ""
        if window is None
        else (
            f" Hounsfield units are shown to it through a window of centre {window.centre:g} and width "
            f"{window.width:g}, whatever window a person looks through; a JPEG or PNG is taken as it is."
        )
    )
    return (
        f"Input {size} × {size} pixels: a whole slice whatever its millimetres, the square in its middle "
        f"while training, {resized}.{through}"
    )
