"""train, measure and export a simulator of slices along the stage axis"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lungviewer.core.model import ClassSpec
from training.commands.common import Progress, add_classes, add_json_lines, natural, positive
from training.progress import JsonProgress
from training.progression.settings import ID, METHODS, TITLE, VERSION, Settings, through_pretrained


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="fit | evaluate | export")
    _fit_options(actions.add_parser("fit", help="train; the same command goes on"))
    _export_options(actions.add_parser("export", help="make a simulator pack of a run, at any time"))
    _evaluate_options(actions.add_parser("evaluate", help="measure a simulator pack"))


def _fit_options(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per stage")
    parser.add_argument("--out", type=Path, required=True, help="run folder; the same command goes on there")
    parser.add_argument("--method", choices=METHODS, default=default.method, help="default: %(default)s")
    parser.add_argument("--steps", type=positive, default=default.steps, help="default: %(default)s")
    parser.add_argument(
        "--weights",
        type=Path,
        help="Keras weights of MobileNetV2 without its top: the discriminator looks through them",
    )
    parser.add_argument(
        "--inversion-steps",
        type=positive,
        default=default.inversion_steps,
        help="of a GAN's encoder, afterwards (default: %(default)s)",
    )
    parser.add_argument(
        "--size", type=positive, default=default.size, help="in pixels (default: %(default)s)"
    )
    parser.add_argument("--batch", type=positive, default=default.batch, help="default: %(default)s")
    parser.add_argument("--seed", type=natural, default=default.seed, help="default: %(default)s")
    parser.add_argument(
        "--split-seed", type=natural, default=5, help="of the CT pack that judges (default: %(default)s)"
    )
    add_classes(parser)
    add_json_lines(parser)
    parser.set_defaults(resumed=True)


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="run folder of `progression fit`")
    parser.add_argument("--data", type=Path, required=True, help="the data it was trained on")
    parser.add_argument("--pack-out", type=Path, required=True, help="the pack's folder; replaced")
    parser.add_argument("--id", default=ID, help="pack id (default: %(default)s)")
    parser.add_argument("--title", default=TITLE, help="pack title (default: %(default)s)")
    parser.add_argument("--version", default=VERSION, help="pack version (default: %(default)s)")
    add_classes(parser)
    add_json_lines(parser)


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--simulator", type=Path, required=True, help="a simulator pack")
    parser.add_argument("--pack", type=Path, required=True, help="the CT pack that judges")
    parser.add_argument("--data", type=Path, required=True, help="the data that the simulator was made from")
    parser.add_argument("--out", type=Path, required=True, help="folder for metrics.json and sheets")
    parser.add_argument(
        "--latents", type=positive, default=128, help="made-up people to draw (default: %(default)s)"
    )
    parser.add_argument("--into-pack", action="store_true", help="put the figures into the simulator's card")
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    {"fit": _fit, "export": _export, "evaluate": _evaluate}[options.action](options, ctx)


def _fit(options: argparse.Namespace, ctx: Progress) -> None:
    from training.progression.fit import FitRequest, fit

    settings = Settings(
        method=options.method,
        size=options.size,
        steps=options.steps,
        inversion_steps=options.inversion_steps,
        batch=options.batch,
        seed=options.seed,
    )
    if options.weights is not None:
        settings = through_pretrained(settings)
    request = FitRequest(
        options.data, options.out, settings, options.split_seed, _classes(options), options.weights
    )
    record = fit(request, ctx)
    _done(ctx, "Trained. `python -m training progression export` makes a pack of it.", **record)


def _export(options: argparse.Namespace, ctx: Progress) -> None:
    from training.progression.pack import Names, export

    names = Names(options.id, options.version, options.title)
    pack = export(options.run, options.data, options.pack_out, names, _classes(options), ctx)
    size = sum(stamp.bytes for stamp in pack.spec.files.values()) / 1e6
    text = f"{pack.name}: a pack of {size:.1f} MB."
    _done(ctx, text, pack=str(options.pack_out), id=pack.spec.id, version=pack.spec.version)


def _evaluate(options: argparse.Namespace, ctx: Progress) -> None:
    from training.progression.figures import records, table
    from training.progression.measure import measure

    found = measure(
        *(options.simulator, options.pack, options.data, options.out, _classes(options), ctx),
        count=options.latents,
        into_pack=options.into_pack,
    )
    sections = {title: records(figures) for title, figures in found.sections.items()}
    _done(ctx, table(found.sections), out=str(options.out), sections=sections)


def _classes(options: argparse.Namespace) -> dict[str, ClassSpec]:
    from training.classes import read_classes

    return read_classes(options.classes) if options.classes else {}


def _done(ctx: Progress, text: str, **values: Any) -> None:
    """The outcome in words, and for a program as the last line."""
    ctx.result(text)
    if isinstance(ctx, JsonProgress):
        ctx.event("done", **values)
