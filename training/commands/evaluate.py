"""measure a pack on labelled images"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, add_manifest, named_folders
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="class folders, or foreign sets (manifest.csv with a set column)",
    )
    parser.add_argument("--external", type=Path, help="foreign sets, beside class folders in --data")
    parser.add_argument(
        "--strange",
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="images of no class (repeatable); near:NAME=DIR for stained tissue of other organs",
    )
    parser.add_argument(
        "--robust", action="store_true", help="damage the images in nine ways, turn and mirror them"
    )
    parser.add_argument("--explain", action="store_true", help="check what the heat maps are worth")
    parser.add_argument("--out", type=Path, help="folder for metrics.json and pictures")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    add_manifest(parser)
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.measure_pack import MeasureRequest, measure_pack
    from training.outcome import evaluate_outcome
    from training.run_folder import RunFolder
    from training.tables import tables

    request = MeasureRequest(
        pack=options.pack,
        data=options.data,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        external=options.external,
        strange=named_folders(options.strange),
        robust=options.robust,
        explain=options.explain,
        out=options.out,
    )
    found = measure_pack(request, ctx)
    ctx.result(tables(found))
    if options.json:
        RunFolder(options.json.parent).write_json(options.json.name, found)
    if isinstance(ctx, JsonProgress):
        ctx.event("done", out=str(options.out) if options.out else None, **evaluate_outcome(found))
