"""`python -m training`: the command line of the training module. Heavy libraries load when needed."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lungviewer.core.errors import Cancelled, LungviewerError, UsageError

if TYPE_CHECKING:
    from training.progress import ConsoleProgress, JsonProgress

EPILOG = (
    'Training needs TensorFlow: pip install ".[training]" in a checkout. '
    "Research use only, not for diagnosis."
)


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser("python -m training", description=__doc__, epilog=EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model on a folder and write a pack", epilog=EPILOG)
    fit.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    fit.add_argument("--out", type=Path, required=True, help="run folder; the same command resumes it")
    fit.add_argument("--arch", default="mobilenetv2", help="network (default: %(default)s)")
    fit.add_argument("--frozen", action="store_true", help="keep the backbone's weights (needed so far)")
    fit.add_argument("--weights", type=Path, help="Keras weights of the backbone; none: random")
    fit.add_argument("--manifest", type=Path, help="CSV path,label,group (default: manifest.csv in the data)")
    fit.add_argument("--classes", type=Path, help="classes.json, for folders that are not known")
    fit.add_argument("--about", type=Path, help="about file: id, title, scale, data, limits, licence (JSON)")
    fit.add_argument("--id", help="pack id")
    fit.add_argument("--title", help="pack title")
    fit.add_argument("--version", help="pack version, such as 1.0.0")
    fit.add_argument("--input-size", type=int, help="side of the model's input in pixels")
    fit.add_argument("--um-per-px", type=float, help="µm per pixel at the model's input")
    fit.add_argument("--epochs", type=int, help="at most this many")
    fit.add_argument("--seed", type=int, help="of the split and of training")
    fit.add_argument(
        "--split-by", choices=("group", "image"), default="group", help="image: for comparison only"
    )
    fit.add_argument("--skip-unreadable", action="store_true", help="leave unreadable images out, and say so")
    fit.add_argument("--external", type=Path, help="foreign data, evaluated and published, never trained on")
    fit.add_argument(
        "--strange", action="append", default=[], metavar="NAME=DIR", help="images of no class (repeatable)"
    )
    fit.add_argument("--pack-out", type=Path, help="where to put the pack (default: pack/ in the run folder)")
    fit.add_argument("--json-lines", action="store_true", help="progress as JSON lines on standard output")

    foreign = commands.add_parser(
        "import-keras", help="turn a .keras or .h5 classifier into a pack that is not validated"
    )
    foreign.add_argument("file", type=Path, help="the model file; nothing in it is run as code")
    foreign.add_argument("--out", type=Path, required=True, help="the pack's folder")
    foreign.add_argument("--classes", required=True, help="names in output order: a,b,c or a:tumour,…")
    foreign.add_argument("--input-size", type=int, default=224)
    foreign.add_argument("--modality", choices=("histology", "ct"), default="histology")
    foreign.add_argument("--scaling", default="none", help="none, 0-1, -1-1, imagenet or caffe (with =)")
    foreign.add_argument("--um-per-px", type=float, help="µm per pixel at the model's input")
    foreign.add_argument("--id", help="pack id (default: from the folder)")
    foreign.add_argument("--json-lines", action="store_true", help="progress as JSON lines on stdout")

    evaluate = commands.add_parser("evaluate", help="measure a pack on labelled images", epilog=EPILOG)
    evaluate.add_argument("--pack", type=Path, required=True)
    evaluate.add_argument(
        "--data",
        type=Path,
        required=True,
        help="class folders, or foreign sets (manifest.csv with a set column)",
    )
    evaluate.add_argument("--classes", type=Path, help="classes.json, for folders that are not known")
    evaluate.add_argument("--json", type=Path, help="also write the figures here")
    evaluate.add_argument(
        "--json-lines", action="store_true", help="progress as JSON lines on standard output"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0, 1 (failed), 2 (bad use) or 130 (stopped)."""
    options = build_parser().parse_args(arguments)
    from training import commands
    from training.progress import ConsoleProgress, JsonProgress

    ctx = JsonProgress() if options.json_lines else ConsoleProgress()
    previous = signal.signal(signal.SIGINT, lambda *_: ctx.cancel())
    try:
        commands.COMMANDS[options.command](options, ctx)
    except Cancelled:
        return _fail(ctx, "cancelled", "Stopped. The same command goes on from here.", 130)
    except LungviewerError as error:
        # A model that cannot be imported was the wrong thing to ask for, whoever noticed it.
        usage = isinstance(error, UsageError) or options.command == "import-keras"
        return _fail(ctx, error.code, error.sentence, 2 if usage else 1)
    finally:
        signal.signal(signal.SIGINT, previous)
    return 0


def _fail(ctx: ConsoleProgress | JsonProgress, code: str, sentence: str, status: int) -> int:
    from training.progress import JsonProgress

    if isinstance(ctx, JsonProgress):
        ctx.event("error", code=code, sentence=sentence)
    print(sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
