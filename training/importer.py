"""`python -m training import-keras`: a bare Keras model becomes a pack that says it is not validated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungviewer.core.errors import BackendError, PackError
from lungviewer.core.model import ClassSpec, ModelSpec, PackProvenance, Role
from lungviewer.core.trust import calibrated_probabilities
from training.about import About
from training.classes import KNOWN_LABELS
from training.errors import ImportRefused, ParityError
from training.explanation import grad_cam
from training.export import MAX_CAM_DIFFERENCE, MAX_PROBABILITY_DIFFERENCE, convert
from training.foreign import SCALINGS, Foreign, foreign_contract, probabilities, scale_pixels, take_apart
from training.golden import draw_golden_images, golden_file
from training.keras_file import load_foreign
from training.pack import draft_spec
from training.run_folder import code_version
from training.runtime import OnnxModel

# Okabe & Ito (2008): told apart with any colour vision. Repeats beyond eight classes.
_COLOURS = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#7f7f7f")
_ROLE_WORDS = (
    (Role.NORMAL, ("normal", "healthy")),
    (Role.BENIGN, ("benign", "inflam", "fibros", "scar", "reactive")),
)


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`classes` in the order of the model's outputs, each "name" or "name:role"."""

    file: Path
    out: Path
    classes: tuple[str, ...]
    input_size: int
    modality: str
    scaling: str
    id: str
    um_per_px: float | None = None
    stain: str = "H&E"


def import_keras(request: ImportRequest) -> ModelSpec:
    """Load, check, convert, compare and write a pack. Nothing is written when anything is wrong.

    Raises:
        ImportRefused: with one sentence why.
        MissingDependency: TensorFlow is not installed.
    """
    if request.scaling not in SCALINGS:
        raise ImportRefused(f"The scaling must be one of {', '.join(SCALINGS)}.")
    if request.modality not in ("histology", "ct"):
        raise ImportRefused("The modality must be histology or ct.")
    if len(request.classes) < 2:
        raise ImportRefused("At least two classes are needed, separated by commas.")
    classes = tuple(named_class(name, i) for i, name in enumerate(request.classes))
    model, content = load_foreign(request.file)
    pictures = _pictures(request.input_size)
    graph, foreign = _convert(model, request, pictures)
    spec = _spec(request, classes, foreign)
    files = {
        "model.onnx": graph,
        "golden.npz": golden_file(graph, request.input_size),
        "card.md": _card(spec, request).encode(),
    }
    if not content.startswith(b"\x89HDF"):
        files["model.keras"] = content
    return _write(request.out, spec, files)


def _write(folder: Path, spec: ModelSpec, files: dict[str, bytes]) -> ModelSpec:
    from lungviewer.packs.writer import write_pack

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return write_pack(folder, spec, files)
    except PackError as error:
        raise ImportRefused(error.message, hint=error.hint) from error


def named_class(text: str, index: int) -> ClassSpec:
    """A class from "name" or "name:role". Without a role, known words decide; else "tumour"."""
    name, _, role = (part.strip() for part in text.partition(":"))
    identifier = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:32]
    if not identifier:
        raise ImportRefused("A class has no name made of letters or digits.")
    if identifier in KNOWN_LABELS:
        return KNOWN_LABELS[identifier]
    if role and role not in {r.value for r in Role}:
        raise ImportRefused(f"The role of class {identifier} must be tumour, benign or normal.")
    guessed = next((r for r, words in _ROLE_WORDS if any(w in identifier for w in words)), Role.TUMOUR)
    label = name.replace("_", " ").replace(":", " ").capitalize()[:80]
    return ClassSpec(identifier, label, _COLOURS[index % len(_COLOURS)], Role(role) if role else guessed)


def _pictures(size: int) -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), np.uint8)
    return np.concatenate([draw_golden_images(size), noise])


def _convert(model: Any, request: ImportRequest, pictures: npt.NDArray[np.uint8]) -> tuple[bytes, Foreign]:
    """The contract graph, compared with the untouched model and with Grad-CAM by tape."""
    import onnx

    classes, size = len(request.classes), request.input_size
    channels = 1 if getattr(model, "inputs", None) and model.inputs[0].shape[-1] == 1 else 3
    try:
        before = np.asarray(model(scale_pixels(pictures, request.scaling, channels), training=False))
    except (ValueError, TypeError, AttributeError) as error:
        raise ImportRefused(f"The model does not take images of {size} × {size} pixels.") from error
    foreign = take_apart(model, classes, size)
    maps, _, _ = foreign.full(scale_pixels(pictures, request.scaling, channels), training=False)
    expected = grad_cam(foreign.head, maps, classes)
    unsupported = (BackendError, ValueError, KeyError, RuntimeError, NotImplementedError, AttributeError)
    try:
        graph = convert(*foreign_contract(foreign, classes, size, request.scaling))
        raw = OnnxModel(graph).predict(pictures)
    except (*unsupported, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ImportRefused(
            f"The model, or the gradient of its {foreign.explain.layer} layer, cannot be converted to ONNX.",
            hint="Models that end in a mean over space and one dense layer always can.",
        ) from error
    moved = np.abs(
        calibrated_probabilities(raw.logits, 1.0) - probabilities(before, foreign.activation)
    ).max()
    differs = np.abs(raw.cam - expected).max() / max(float(expected.max()), 1e-12)
    if not moved <= MAX_PROBABILITY_DIFFERENCE or not differs <= 10 * MAX_CAM_DIFFERENCE:
        raise ParityError(
            "The converted model does not answer like the original.", hint="It was not imported."
        )
    return graph, foreign


def _spec(request: ImportRequest, classes: tuple[ClassSpec, ...], foreign: Foreign) -> ModelSpec:
    about = About(
        id=request.id,
        version="0.1.0",
        title=f"Imported model {request.id}"[:120],
        modality=request.modality,
        stain=request.stain if request.modality == "histology" else "",
        input_size=request.input_size,
        um_per_px=request.um_per_px or _assumed_scale(request),
    )
    provenance = PackProvenance(
        data="unknown (imported Keras model)",
        manifest_sha256="",
        split_unit="unknown",
        seed=0,
        code_version=code_version(),
        date=datetime.now(UTC).date().isoformat(),
    )
    return draft_spec(about, classes, "imported", foreign.explain, provenance)


def _assumed_scale(request: ImportRequest) -> float:
    """A field of 130 µm for histology, as the common lung data set has; 350 mm for CT."""
    field = 130.0 if request.modality == "histology" else 350_000.0
    return field / request.input_size


def _card(spec: ModelSpec, request: ImportRequest) -> str:
    scale = (
        f"- Its scale ({spec.input.um_per_px:g} µm per pixel) is as stated by whoever imported it."
        if request.um_per_px
        else f"- Its scale was NOT stated: {spec.input.um_per_px:.3g} µm per pixel is an assumption. Images "
        "that state their own scale are cut accordingly, and answers may be wrong for that alone."
    )
    classes = ", ".join(f"{c.label} ({c.role.value})" for c in spec.classes)
    return f"""# {spec.title}

`{spec.id}` {spec.version} · {spec.provenance.date} · **Not validated. Research use only, not for diagnosis.**

This model was imported from a Keras file. Nothing is known here about its data, its training or how good
it is.

- It is **not validated**: no figure of it has been measured on images that it was not trained on.
- It is **not calibrated**: a confidence of 0.99 may be wrong every second time.
- It has **no strangeness score**: it answers about other organs and stains as if they were lung.
- Classes, with the role that was stated or assumed: {classes}.
{scale}
- Pixels are handed to it with the scaling "{request.scaling}", as whoever imported it said. With the wrong
  one its answers are noise.
- The conversion itself was checked: on drawn pictures the converted model gives the original's
  probabilities, and its heat map ({spec.explain.method} of layer {spec.explain.layer}) is Grad-CAM.

Measure it on your own labelled images before you look at its answers:
`python -m training evaluate --pack PACK --data FOLDER`.
"""
