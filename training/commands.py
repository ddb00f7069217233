"""What each command of `python -m training` does with its options: parse, call, say what came out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from training.about import About, read_about
from training.classes import read_classes
from training.errors import DataProblem
from training.fit import FitSettings
from training.progress import ConsoleProgress, JsonProgress

Progress = ConsoleProgress | JsonProgress


def fit(options: argparse.Namespace, ctx: Progress) -> None:
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
        about=_about(options),
        arch=options.arch,
        weights=options.weights,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        settings=settings,
        by_image=options.split_by == "image",
        skip_unreadable=options.skip_unreadable,
        external=options.external,
        strange=_named_folders(options.strange),
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


def _about(options: argparse.Namespace) -> About:
    about = read_about(options.about) if options.about else About()
    given = {
        name: getattr(options, name)
        for name in ("id", "title", "version", "input_size", "um_per_px")
        if getattr(options, name) is not None
    }
    return replace(about, **given)


def _named_folders(pairs: list[str]) -> dict[str, Path]:
    named = {}
    for pair in pairs:
        name, sign, folder = pair.partition("=")
        if not (name and sign and folder):
            raise DataProblem("--strange needs NAME=DIR.")
        named[name] = Path(folder)
    return named


def evaluate(options: argparse.Namespace, ctx: Progress) -> None:
    from training.evaluate import external_records
    from training.judge import open_pack
    from training.tables import external_table

    judge = open_pack(options.pack)
    records = external_records(judge, options.data, ctx)
    ctx.say(external_table(records))
    if options.json:
        options.json.write_text(json.dumps(records, indent=1, allow_nan=False) + "\n", encoding="utf-8")


COMMANDS: dict[str, Callable[[argparse.Namespace, Progress], None]] = {
    "fit": fit,
    "evaluate": evaluate,
}
