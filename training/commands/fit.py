"""train a model on a folder and write a pack"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.about import read_about
from training.architectures import DEFAULT_CUTS
from training.augment import settings_for
from training.classes import read_classes
from training.commands.common import (
    Progress,
    about_of,
    above_zero,
    add_about,
    add_classes,
    add_json_lines,
    add_manifest,
    named_folders,
    natural,
    positive,
    said_of,
)
from training.errors import DataProblem
from training.fit import FitSettings
from training.notes import Note
from training.progress import JsonProgress
from training.tune import TuneSettings
from training.views import HEAD_VIEWS

if TYPE_CHECKING:
    from training.request import FitResult

FINE_TUNING = ("cut", "views", "stains", "balance", "no_augment", "epoch_images")
"""Options that mean nothing when only a head is learned."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    parser.add_argument("--out", type=Path, required=True, help="run folder; the same command resumes it")
    parser.add_argument("--arch", default="mobilenetv2", help="network (default: %(default)s)")
    parser.add_argument(
        "--frozen", action="store_true", help="keep the backbone's weights and train a head only"
    )
    cuts = ", ".join(f"{cut} of {name}" for name, cut in DEFAULT_CUTS.items())
    parser.add_argument(
        "--cut",
        help=f"where fine-tuning begins; 'none' trains everything (default: {cuts} if there are --weights, "
        "else none)",
    )
    parser.add_argument("--views", type=natural, help="augmented views of every training image")
    parser.add_argument("--stains", type=Path, help="unlabelled H&E images of other laboratories")
    parser.add_argument("--no-augment", action="store_true", help="fine-tune on the images as they are")
    parser.add_argument(
        "--balance", choices=("sampling", "weights", "none"), help="how classes are given the same say"
    )
    parser.add_argument("--learning-rate", type=above_zero, help="where the cosine starts")
    parser.add_argument(
        "--patience", type=natural, help="stop after so many epochs without a better validation"
    )
    parser.add_argument(
        "--members", type=positive, default=1, help="runs from different seeds whose weights are averaged"
    )
    parser.add_argument("--int8", action="store_true", help="also ship a quantised graph, if it is as good")
    parser.add_argument(
        "--tensorboard", action="store_true", help="write a TensorBoard log into the run folder"
    )
    parser.add_argument("--weights", type=Path, help="Keras weights of the backbone; none: random")
    parser.add_argument(
        "--from-pack", type=Path, metavar="PACK", help="start from a finished pack (needs --head-only)"
    )
    parser.add_argument(
        "--head-only", action="store_true", help="learn the last layer only, on the pack's own embeddings"
    )
    add_manifest(parser)
    parser.add_argument(
        "--epochs", type=positive, help="at most this many; when fine-tuning, after two of the head alone"
    )
    parser.add_argument(
        "--epoch-images", type=natural, help="that make an epoch of fine-tuning; 0: as many as there are"
    )
    parser.add_argument("--seed", type=natural, help="of the split and of training")
    parser.add_argument(
        "--folds", type=natural, default=0, help="also cross-validate the recipe, by group and by image"
    )
    parser.add_argument(
        "--split-by", choices=("group", "image"), default="group", help="image: for comparison only"
    )
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="leave unreadable images out, and say so"
    )
    parser.add_argument(
        "--external", type=Path, help="foreign data, evaluated and published, never trained on"
    )
    parser.add_argument(
        "--strange", action="append", default=[], metavar="NAME=DIR", help="images of no class (repeatable)"
    )
    parser.add_argument(
        "--pack-out", type=Path, help="where to put the pack (default: pack/ in the run folder)"
    )
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="PACK",
        help="a pack to measure on the same test images (with --from-pack: that one)",
    )
    add_classes(parser)
    add_about(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.outcome import fit_outcome

    result = _adapt(options, ctx) if options.from_pack else _train(options, ctx)
    test = result.metrics["test"]
    accuracy = test["figures"]["accuracy"]
    span = "no interval" if accuracy["low"] is None else f"{accuracy['low']:.4f} to {accuracy['high']:.4f}"
    ctx.result(
        f"{result.spec.id} {result.spec.version}: accuracy {accuracy['value']:.4f} ({span}) on "
        f"{test['images']} images of {test['groups']} groups, split by {test['split_unit']}"
    )
    if isinstance(ctx, JsonProgress):
        ctx.event("done", **fit_outcome(result))


def _adapt(options: argparse.Namespace, ctx: Progress) -> FitResult:
    from training.adapt import AdaptRequest, run_adapt

    if not options.head_only:
        raise DataProblem("From a pack, only a new head can be learned so far.", hint="Add --head-only.")
    wrong = _named(options, "weights", *FINE_TUNING, "int8", "tensorboard", "beside")
    if wrong or options.members != 1 or options.split_by != "group":
        raise DataProblem(
            "A new head is learned by group, once, on the pack's network as it is.",
            hint=f"Leave out {', '.join(wrong) or '--members and --split-by'}.",
        )
    request = AdaptRequest(
        from_pack=options.from_pack,
        data=options.data,
        out=options.out,
        about=read_about(options.about) if options.about else None,
        said=said_of(options),
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        settings=_settings(options),
        skip_unreadable=options.skip_unreadable,
        external=options.external,
        strange=named_folders(options.strange),
        pack_out=options.pack_out,
    )
    return run_adapt(request, ctx)


def _check_used(options: argparse.Namespace) -> None:
    """Nothing that was asked for is passed over in silence."""
    if options.no_augment and options.stains:
        raise DataProblem("Without augmentation no image takes on the colours of --stains.")
    wrong = _named(options, *FINE_TUNING) + (["--members"] if options.members != 1 else [])
    if options.frozen and wrong:
        raise DataProblem(
            "With --frozen one head is learned, on the images and their turns.",
            hint=f"Leave out {', '.join(wrong)}.",
        )


def _named(options: argparse.Namespace, *names: str) -> list[str]:
    """The options among `names` that were given, as they are written."""
    values = {name: getattr(options, name) for name in names}
    given = [name for name, value in values.items() if value is not None and value is not False]
    return [f"--{name.replace('_', '-')}" for name in given]


def _settings(options: argparse.Namespace, modality: str = "histology") -> FitSettings:
    settings = FitSettings(views=HEAD_VIEWS[modality])
    return replace(settings, **_given(options, "epochs", "seed", "learning_rate", "patience"))


def _tune_settings(options: argparse.Namespace) -> TuneSettings:
    given = _given(options, "epochs", "seed", "learning_rate", "patience", "views", "balance", "cut")
    # What comes before the cut is never trained: without weights it would stay random.
    usual = DEFAULT_CUTS.get(options.arch, "") if options.weights else ""
    cut = given.get("cut", usual)
    if options.weights is None and cut not in ("", "none"):
        raise DataProblem(
            "Without --weights what comes before --cut would stay random.",
            hint="Give --weights, or --cut none to train everything.",
        )
    images = {} if options.epoch_images is None else {"images": options.epoch_images}
    return replace(TuneSettings(), **given | images | {"cut": "" if cut == "none" else cut})


def _given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options among `names` that were given."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _train(options: argparse.Namespace, ctx: Progress) -> FitResult:
    from training.pipeline import run_fit
    from training.request import FitRequest

    if options.head_only:
        raise DataProblem("--head-only needs --from-pack PACK.")
    if options.weights is not None and not options.weights.is_file():
        raise DataProblem("The file given with --weights does not exist.")
    if options.frozen and options.weights is None:
        told = "WITHOUT --weights THE FROZEN BACKBONE IS RANDOM: this is for trying things out."
        ctx.partial(Note(told, "warning"))
    if options.members < 1:
        raise DataProblem("--members must be at least 1.")
    _check_used(options)
    about = about_of(options)
    request = FitRequest(
        data=options.data,
        out=options.out,
        about=about,
        arch=options.arch,
        weights=options.weights,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        settings=_settings(options, about.modality),
        tune=None if options.frozen else _tune_settings(options),
        augment=None if options.no_augment else settings_for(about.modality),
        stains=options.stains,
        members=options.members,
        folds=options.folds,
        int8=options.int8,
        tensorboard=options.tensorboard,
        by_image=options.split_by == "image",
        skip_unreadable=options.skip_unreadable,
        external=options.external,
        strange=named_folders(options.strange),
        pack_out=options.pack_out,
        beside=options.beside,
    )
    return run_fit(request, ctx)
