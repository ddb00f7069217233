"""The models that a server answers with, each opened once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lungviewer.core.model import ModelSpec
from lungviewer.server.options import ServeOptions
from lungviewer.server.problems import Problem
from lungviewer.services.elsewhere import elsewhere_sentence, read_standing
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.opening import EngineChoice, has_default, open_engine, pack_of

MODALITIES = ("histology", "ct")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One pack that answers. `elsewhere`: how it did on images of other laboratories, in words."""

    engine: InferenceEngine
    elsewhere: str

    @property
    def spec(self) -> ModelSpec:
        return self.engine.spec


def open_models(options: ServeOptions) -> list[ServedModel]:
    """Verify and open the packs, the one that answers unasked first.

    Raises:
        PackError, BackendError, UsageError: as `open_engine`.
    """
    named = [_choice(options, name, "") for name in options.packs]
    defaults = [_choice(options, None, modality) for modality in MODALITIES if has_default(modality)]
    models: dict[tuple[str, str], ServedModel] = {}
    for choice in named or defaults or [_choice(options, None, MODALITIES[0])]:
        engine = open_engine(choice)
        spec = engine.spec
        if (spec.id, spec.version) in models:
            engine.close()
            continue
        standing = read_standing(pack_of(choice), spec)
        models[spec.id, spec.version] = ServedModel(engine, elsewhere_sentence(standing))
    return list(models.values())


def choose(models: Sequence[ServedModel], pack: str | None, modality: str | None) -> ServedModel:
    """The model that a request asks for: by id or id@version, else the first of a modality, else the first.

    Raises:
        Problem: 404, there is none.
    """
    wanted, _, version = (pack or "").partition("@")
    for model in models:
        spec = model.spec
        if wanted not in ("", spec.id) or version not in ("", spec.version):
            continue
        if modality in (None, "", spec.modality):
            return model
    raise Problem(
        404, "unknown_pack", "No such model is served here.", hint="GET /packs lists the models that are."
    )


def choose_for_slices(
    models: Sequence[ServedModel], pack: str | None, modality: str | None
) -> ServedModel | None:
    """Where slices in DICOM go when a request names neither model nor kind; None: where `choose` says."""
    if pack or modality:
        return None
    return next((model for model in models if model.spec.modality == "ct"), None)


def _choice(options: ServeOptions, pack: str | None, modality: str) -> EngineChoice:
    return EngineChoice(pack, options.device, options.threads, options.precision, modality)
