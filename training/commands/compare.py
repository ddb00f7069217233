"""train every architecture alike and print one table"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.architectures import ARCHITECTURES
from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, named_folders, natural, naturals
from training.sampling import BALANCES


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    parser.add_argument("--out", type=Path, required=True, help="folder; the same command goes on there")
    parser.add_argument("--archs", default=",".join(ARCHITECTURES), help="a,b,c (default: %(default)s)")
    parser.add_argument("--size", type=int, default=96, help="side in pixels (default: %(default)s)")
    parser.add_argument(
        "--images-per-group", type=int, default=2, help="at most (default: %(default)s; 0: all)"
    )
    parser.add_argument("--epochs", type=int, default=3, help="of every network (default: %(default)s)")
    parser.add_argument(
        "--seeds", type=naturals, default="7", help="a,b,c; the first one splits (default: %(default)s)"
    )
    parser.add_argument(
        "--weights", action="append", default=[], metavar="ARCH=FILE", help="Keras weights (repeatable)"
    )
    parser.add_argument("--split-by", choices=("both", "group", "image"), default="both")
    parser.add_argument(
        "--balance",
        default="weights",
        help=f"of the classes, a,b,c of {', '.join(BALANCES)} (default: %(default)s)",
    )
    parser.add_argument(
        "--modality",
        choices=("histology", "ct"),
        default="histology",
        help="what may be turned and mirrored how",
    )
    parser.add_argument(
        "--folds",
        type=natural,
        default=0,
        help="test every image once, in so many folds (default: one split)",
    )
    parser.add_argument("--so-far", action="store_true", help="train nothing: the table of what is trained")
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.compare import CompareRequest, compare
    from training.compare_text import text_table

    request = CompareRequest(
        data=options.data,
        out=options.out,
        architectures=_named(options.archs),
        size=options.size,
        images_per_group=options.images_per_group,
        epochs=options.epochs,
        seeds=options.seeds,
        weights=named_folders(options.weights, "--weights ARCH=FILE"),
        units=("group", "image") if options.split_by == "both" else (options.split_by,),
        balances=_named(options.balance),
        modality=options.modality,
        folds=options.folds,
        so_far=options.so_far,
        classes=read_classes(options.classes) if options.classes else {},
    )
    ctx.result(text_table(compare(request, ctx)))


def _named(text: str) -> tuple[str, ...]:
    """Names with commas between them, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))
