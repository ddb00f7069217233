"""give a pack an eight-bit model, if it is as good"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, add_manifest
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the pack was trained on")
    parser.add_argument("--out", type=Path, help="folder for the new pack (default: replace the old one)")
    add_manifest(parser)
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.int8_pack import QuantiseRequest, quantise_pack
    from training.int8_text import int8_summary

    classes = read_classes(options.classes) if options.classes else {}
    request = QuantiseRequest(options.pack, options.data, options.out, classes, options.manifest)
    result = quantise_pack(request, ctx)
    ctx.result(int8_summary(result.record))
    if isinstance(ctx, JsonProgress):
        ctx.event("done", pack=str(result.pack), shipped=result.record["shipped"])
