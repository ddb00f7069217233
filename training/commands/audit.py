"""check a data folder before training"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.about import About
from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, add_manifest, natural, positive
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    parser.add_argument("--out", type=Path, required=True, help="where report, lists and picture go")
    add_manifest(parser)
    parser.add_argument("--split", type=Path, help="split.csv of a run: refuse it when it leaks")
    parser.add_argument(
        "--embed", type=Path, metavar="PACK", help="also find near-duplicates by this pack's embedding"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, help="of the cross-validation (default: %(default)s)"
    )
    parser.add_argument(
        "--input-size",
        type=positive,
        default=About().input_size,
        help="pixels, for the image checks; a pack overrules it (default: %(default)s)",
    )
    parser.add_argument(
        "--modality",
        choices=("histology", "ct"),
        default=About().modality,
        help="for the image checks; a pack overrules it (default: %(default)s)",
    )
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.audit.run import AuditRequest, run_audit
    from training.outcome import audit_outcome

    request = AuditRequest(
        data=options.data,
        out=options.out,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        split=options.split,
        embed=options.embed,
        seed=options.seed,
        input_size=options.input_size,
        modality=options.modality,
    )
    record = run_audit(request, ctx)
    ctx.result("The report is audit.md in the folder given with --out.")
    if isinstance(ctx, JsonProgress):
        ctx.event("done", out=str(options.out), **audit_outcome(record))
