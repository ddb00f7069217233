"""A new head for a finished pack: other classes or other images, in minutes, without touching the network.

The pack's graph gives the embeddings; a dense layer is learned on them and put into the graph in the place
of the old one. Split, gates, thresholds, evaluation, card and pack are those of a full training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec, ModelSpec
from lungviewer.packs.kinds import read_pack_file
from lungviewer.packs.loading import LoadedPack, load_pack
from lungviewer.packs.names import CARD
from training.about import About
from training.card import LICENCE_TITLE, LIMITS_TITLE, SOURCES_TITLE
from training.errors import DataProblem
from training.evidence import Evidence, spread_pixels
from training.export import PARITY_IMAGES
from training.external import check_elsewhere
from training.features import cached_embeddings
from training.finish import Candidate, Destination, finish
from training.fit import FitSettings, fit_head
from training.leak_probe import probe_leakage
from training.libraries import require_adapt_libraries
from training.markdown import bulleted, section_of
from training.notes import OTHER_FOLDER_NOTE, Note
from training.onnx_head import check_head, take_head, with_head
from training.pack import draft_spec, provenance_of
from training.prepare import DataRequest, Prepared, check_images, check_places, prepare_data, refuse_unfit
from training.request import FitResult
from training.run_folder import RunFolder
from training.runtime import OnnxModel
from training.stages import ADAPT, EMBEDDING, READING, TRAINING, Stages
from training.trainers import head_record
from training.views import HEAD_VIEWS

NO_KERAS_NOTE = (
    "This pack has no model.keras: only its last layer was learned, and it was put into the graph of the "
    "pack it comes from. Train further from that pack's Keras file."
)


@dataclass(frozen=True, slots=True)
class AdaptRequest:
    """Everything that `fit --from-pack` was asked for.

    `about` None: what the pack says of itself; `said` overrules single fields of either.
    """

    from_pack: Path
    data: Path
    out: Path
    about: About | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    manifest: Path | None = None
    classes: Mapping[str, ClassSpec] = field(default_factory=dict)
    settings: FitSettings = field(default_factory=FitSettings)
    skip_unreadable: bool = False
    external: Path | None = None
    strange: Mapping[str, Path] = field(default_factory=dict)
    pack_out: Path | None = None


def run_adapt(request: AdaptRequest, ctx: JobContext | None = None) -> FitResult:
    """Learn a new head on a pack's embeddings and write a pack. Goes on where an earlier call stopped.

    Raises:
        MissingDependency: a library of the extra "adapt" is not installed.
        PackError: the pack does not verify.
        DataProblem, LeakageError: the data or the pack cannot be used so.
        ParityError: the new graph does not compute what was learned.
        Cancelled: the job was asked to stop; the same call resumes.
    """
    ctx = ctx or NullContext()
    require_adapt_libraries()
    base = load_pack(request.from_pack)
    take_head(base.model)  # refuses a graph with another kind of head before anything is read
    about = about_for(request.about, request.said, base.spec, card_of(request.from_pack, base.spec))
    check_places(request.data, request.out, request.pack_out or request.out / "pack")
    run = RunFolder(request.out)
    run.open(_config(request, base, about))
    stages = Stages(ctx, ADAPT)
    stages.begin(READING)
    data = _prepare(request, base, run, ctx)
    dataset, split, settings = data.dataset, data.split, request.settings
    if about.modality == "ct":
        settings = replace(settings, views=HEAD_VIEWS["ct"])
    check_elsewhere(request.external, request.strange, [c.id for c in dataset.classes], run)
    size = about.input_size
    failed_checks = check_images(dataset, size, about.modality, ctx, about.checks)
    refuse_unfit(failed_checks)

    stages.begin(EMBEDDING)
    old = OnnxModel(base.model)
    features = cached_embeddings(
        run.path,
        lambda batch: old.predict(batch).embedding,
        {"pack": base.sha256},
        size,
        dataset,
        split,
        settings.views,
        ctx,
    )
    stages.begin(TRAINING)
    head = fit_head(features, dataset.targets, len(dataset.classes), split, settings, run.path, ctx)

    graph = with_head(base.model, head.kernel, head.bias)
    parity = check_head(graph, head.kernel, head.bias, spread_pixels(dataset, split, size, PARITY_IMAGES))
    candidate = Candidate(
        graph=graph,
        parity=parity,
        home=Evidence(head.logits(features.originals), features.originals),
        draft=_draft(base, about, data),
        fit=head_record(_description(base, settings), settings, head.history),
        histories=[head.history],
        split_units=probe_leakage(dataset, split, features, settings, ctx),
        notes=_notes(base, data),
    )
    folder = request.pack_out or run.path / "pack"
    to = Destination(folder, about, request.external, request.strange, beside=base)
    return finish(candidate, data, failed_checks, run, to, ctx, stages)


def card_of(folder: Path, spec: ModelSpec) -> str:
    """The pack's card; "" when it has none."""
    return read_pack_file(folder, CARD).decode() if CARD in spec.files else ""


def about_for(about: About | None, said: Mapping[str, Any], spec: ModelSpec, card: str = "") -> About:
    """What the new pack says of itself; without an about file, what the old one says, under another name.
    `said` overrules single fields.

    Raises:
        DataProblem: the new pack would have another input size than the network.
    """
    found = replace(about or _about_old(spec, card), **said)
    if found.input_size != spec.input.size:
        raise DataProblem(
            f"The pack's network reads {spec.input.size} × {spec.input.size} pixels, and the about file "
            f"or --input-size says {found.input_size}."
        )
    return found


def _about_old(spec: ModelSpec, card: str) -> About:
    """What the old pack's card says still holds for the network that was taken over."""
    old = {title: section_of(card, title) for title in (LIMITS_TITLE, LICENCE_TITLE, SOURCES_TITLE)}
    return About(
        id=f"{spec.id[:54]}-adapted",
        title=f"{spec.title[:100]}, new head",
        modality=spec.modality,
        organ=spec.organ,
        stain=spec.stain,
        input_size=spec.input.size,
        um_per_px=spec.input.um_per_px,
        licence=old[LICENCE_TITLE] or About().licence,
        limits=tuple(f"Of the pack it was made from: {line}" for line in bulleted(old[LIMITS_TITLE])),
        citations=tuple(bulleted(old[SOURCES_TITLE])),
    )


def _prepare(request: AdaptRequest, base: LoadedPack, run: RunFolder, ctx: JobContext) -> Prepared:
    wanted = DataRequest(
        request.data,
        request.manifest,
        request.classes,
        request.settings.seed,
        skip_unreadable=request.skip_unreadable,
    )
    data = prepare_data(wanted, run, ctx)
    stated = base.spec.provenance
    if not _other_folder(base, data) and data.split.seed != stated.seed:
        raise DataProblem(
            "The pack was trained on this very folder with another split: images that its network has seen "
            "would be tested on.",
            hint=f"Use --seed {stated.seed}, as the pack did.",
        )
    for note in _notes(base, data):
        ctx.partial(Note(note, "warning" if note == OTHER_FOLDER_NOTE else "note"))
    return data


def _other_folder(base: LoadedPack, data: Prepared) -> bool:
    return data.dataset.manifest_sha256 != base.spec.provenance.manifest_sha256


def _notes(base: LoadedPack, data: Prepared) -> tuple[str, ...]:
    """What the person and the card are told."""
    return (NO_KERAS_NOTE, OTHER_FOLDER_NOTE) if _other_folder(base, data) else (NO_KERAS_NOTE,)


def _draft(base: LoadedPack, about: About, data: Prepared) -> ModelSpec:
    spec = base.spec
    # pack.json has room for 500 characters.
    text = f"{about.data[:380]}; head only, on the network of {base.name} ({base.sha256[:12]})"
    provenance = replace(provenance_of(about, data.dataset, data.split), data=text)
    return draft_spec(about, data.dataset.classes, spec.architecture, spec.explain, provenance)


def _description(base: LoadedPack, settings: FitSettings) -> str:
    return (
        f"Network of {base.name} (pack {base.sha256[:12]}), unchanged; one dense layer was learned anew on "
        f"its embeddings with Adam (learning rate {settings.learning_rate:g}, half a cosine) and class "
        f"weights, on the images and {len(settings.views)} flipped or turned views of each."
    )


def _config(request: AdaptRequest, base: LoadedPack, about: About) -> dict[str, Any]:
    """What must be the same for a run to be resumed."""
    return {
        "from_pack": base.sha256,
        "settings": asdict(request.settings),
        "skip_unreadable": request.skip_unreadable,
        "modality": about.modality,
        "classes": {label: asdict(spec) for label, spec in request.classes.items()},
    }
