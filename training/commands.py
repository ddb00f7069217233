"""What each command of `python -m training` does with its options: parse, call, say what came out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lungviewer.core.model import ModelSpec
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
    from training.data import open_dataset
    from training.evaluate import evaluate_folder
    from training.external import external_records, is_external
    from training.judge import open_pack
    from training.notes import Note
    from training.tables import external_table, home_table

    judge = open_pack(options.pack)
    found: dict[str, Any]
    if is_external(options.data):
        records = external_records(judge, options.data, ctx)
        found, table = {"external": records}, external_table(records)
    else:
        dataset = open_dataset(options.data, None, read_classes(options.classes) if options.classes else {})
        for note in dataset.notes:
            ctx.partial(Note(note))
        record = evaluate_folder(judge, dataset, ctx)
        found, table = {"home": record}, home_table(record)
    ctx.say(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def import_keras(options: argparse.Namespace, ctx: Progress) -> None:
    from training.importer import ImportRequest, import_keras

    request = ImportRequest(
        file=options.file,
        out=options.out,
        classes=tuple(name.strip() for name in options.classes.split(",")),
        input_size=options.input_size,
        modality=options.modality,
        scaling=options.scaling,
        id=options.id or options.out.name,
        um_per_px=options.um_per_px,
    )
    spec = import_keras(request)
    ctx.say(f"{spec.id} {spec.version}: imported, NOT validated. Roles: {_roles(spec)}.")
    if isinstance(ctx, JsonProgress):
        ctx.event("done", pack=str(options.out))


def _roles(spec: ModelSpec) -> str:
    return ", ".join(f"{c.id} = {c.role.value}" for c in spec.classes)


COMMANDS: dict[str, Callable[[argparse.Namespace, Progress], None]] = {
    "fit": fit,
    "evaluate": evaluate,
    "import-keras": import_keras,
}
