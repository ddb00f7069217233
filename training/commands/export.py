"""export a pack's Keras model to ONNX again, and compare"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.commands.common import Progress, add_json_lines, positive
from training.errors import DataProblem

if TYPE_CHECKING:
    from training.reexport import Reexport


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True, help="a pack, or a run folder that holds one")
    parser.add_argument("--out", type=Path, required=True, help="where to write the graph (model.onnx)")
    parser.add_argument(
        "--data", type=Path, help="compare on the images below this folder (default: drawn ones)"
    )
    parser.add_argument("--images", type=positive, default=64, help="how many of them (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the differences here")
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.reexport import reexport
    from training.run_folder import RunFolder

    if options.out.exists() and options.out.suffix != ".onnx":
        raise DataProblem(
            "Where the graph is to go lies something that is no graph; it would be lost.",
            hint="Choose a name that ends in .onnx with --out.",
        )
    result = reexport(options.pack, options.data, options.images, ctx)
    RunFolder(options.out.parent).write(options.out.name, result.graph)
    ctx.result(report(result))
    if options.json:
        record = {
            "architecture": result.architecture,
            "facts": asdict(result.facts),
            "keras": asdict(result.parity),
            "pack": dict(result.against_pack),
            "same_bytes": result.same_bytes,
        }
        RunFolder(options.json.parent).write_json(options.json.name, record)


def report(result: Reexport) -> str:
    """What was written and how far it is from what it was compared with, in lines."""
    facts, parity, old = result.facts, result.parity, result.against_pack
    same = "the same file" if result.same_bytes else "another file"
    return "\n".join(
        (
            f"{result.architecture}: {len(result.graph) / 1e6:.1f} MB, {facts.nodes} operators, "
            f"{facts.parameters:,} numbers, {facts.work / 1e9:.3f} billion multiply-adds per image",
            f"largest differences on {parity.images} images   probability      map  embedding",
            f"  from the Keras model{parity.probability:>23.1e}{parity.cam:>9.1e}{parity.embedding:>11.1e}",
            f"  from the pack's graph{old['probability']:>22.1e}{old['cam']:>9.1e}{old['embedding']:>11.1e}"
            f"   ({same})",
        )
    )
