"""check a pack against everything that a pack must reach"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, add_manifest, named_folders


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument(
        "--data",
        type=Path,
        help="measure again on these class folders (default: judge what the pack itself publishes)",
    )
    parser.add_argument("--external", type=Path, help="foreign sets, measured again")
    parser.add_argument(
        "--strange",
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="images of no class, measured again (repeatable); near:NAME=DIR for tissue of other organs",
    )
    parser.add_argument("--json", type=Path, help="also write the rows here")
    add_manifest(parser)
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.errors import DataProblem
    from training.gate_pack import GateRequest, gate_pack
    from training.run_folder import RunFolder
    from training.verdict import verdict_table

    if options.data is None and (options.external or options.strange):
        raise DataProblem("Measuring again needs --data, the pack's own images.")
    request = GateRequest(
        pack=options.pack,
        data=options.data,
        manifest=options.manifest,
        external=options.external,
        strange=named_folders(options.strange),
        classes=read_classes(options.classes) if options.classes else {},
    )
    found = gate_pack(request, ctx)
    ctx.result(verdict_table(found.record))
    ctx.result(found.basis)
    if options.json:
        RunFolder(options.json.parent).write_json(options.json.name, found.record)
    found.raise_if_failed()
