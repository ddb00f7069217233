"""train a model on a folder and write a pack"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, about_of, add_about, add_classes, add_json_lines, named_folders
from training.errors import DataProblem
from training.fit import FitSettings
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    parser.add_argument("--out", type=Path, required=True, help="run folder; the same command resumes it")
    parser.add_argument("--arch", default="mobilenetv2", help="network (default: %(default)s)")
    parser.add_argument("--frozen", action="store_true", help="keep the backbone's weights (needed so far)")
    parser.add_argument("--weights", type=Path, help="Keras weights of the backbone; none: random")
    parser.add_argument(
        "--manifest", type=Path, help="CSV path,label,group (default: manifest.csv in the data)"
    )
    parser.add_argument("--epochs", type=int, help="at most this many")
    parser.add_argument("--seed", type=int, help="of the split and of training")
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
    add_classes(parser)
    add_about(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.pipeline import FitRequest, run_fit

    if not options.frozen:
        raise DataProblem("Only frozen backbones can be trained so far.", hint="Add --frozen.")
    settings = FitSettings()
    if options.epochs is not None:
        settings = replace(settings, epochs=options.epochs)
    if options.seed is not None:
        settings = replace(settings, seed=options.seed)
    request = FitRequest(
        data=options.data,
        out=options.out,
        about=about_of(options),
        arch=options.arch,
        weights=options.weights,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        settings=settings,
        by_image=options.split_by == "image",
        skip_unreadable=options.skip_unreadable,
        external=options.external,
        strange=named_folders(options.strange),
        pack_out=options.pack_out,
    )
    result = run_fit(request, ctx)
    test = result.metrics["test"]
    accuracy = test["figures"]["accuracy"]
    span = "no interval" if accuracy["low"] is None else f"{accuracy['low']:.4f} to {accuracy['high']:.4f}"
    ctx.say(
        f"{result.spec.id} {result.spec.version}: accuracy {accuracy['value']:.4f} ({span}) on "
        f"{test['images']} images of {test['groups']} groups, split by {test['split_unit']}"
    )
    if isinstance(ctx, JsonProgress):
        ctx.event("done", pack=str(result.pack))
