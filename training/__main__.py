"""`python -m training`: the command line of the training module. Heavy libraries load when needed."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import lungviewer
from lungviewer.core.build import this_build
from lungviewer.core.errors import Cancelled, LungviewerError, UsageError

if TYPE_CHECKING:
    from training.progress import ConsoleProgress, JsonProgress


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    from training.commands import COMMANDS
    from training.commands.common import EPILOG, PROGRAM

    parser = argparse.ArgumentParser(PROGRAM, description="Train, measure and pack models.", epilog=EPILOG)
    told = f"{PROGRAM} {lungviewer.__version__}, {this_build()}"
    parser.add_argument("--version", action="version", version=told, help="show the version and the build")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, place in COMMANDS.items():
        module = import_module(place)
        module.add_options(commands.add_parser(name, help=(module.__doc__ or "").strip(), epilog=EPILOG))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0, 1 (failed), 2 (bad use) or 130 (stopped)."""
    options = build_parser().parse_args(arguments)
    from training.commands import COMMANDS, RESUMED
    from training.libraries import missing_library
    from training.progress import ConsoleProgress, JsonProgress
    from training.stopping import stop_on_input

    ctx = JsonProgress() if options.json_lines else ConsoleProgress()
    if options.stop_on_stdin:
        stop_on_input(ctx)
    previous = signal.signal(signal.SIGINT, lambda *_: ctx.cancel())
    try:
        import_module(COMMANDS[options.command]).run(options, ctx)
    except Cancelled:
        resumed = getattr(options, "resumed", options.command in RESUMED)
        how = "goes on from here" if resumed else "starts anew"
        return _fail(ctx, "cancelled", f"Stopped. The same command {how}.", 130)
    except LungviewerError as error:
        # A model that cannot be imported was the wrong thing to ask for, whoever noticed it.
        usage = isinstance(error, UsageError) or options.command == "import-keras"
        return _fail(ctx, error.code, error.sentence, 2 if usage else 1)
    except ModuleNotFoundError as error:
        missing = missing_library(error)
        if missing is None:
            raise
        return _fail(ctx, missing.code, missing.sentence, 1)
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
    if getattr(sys, "frozen", False):  # worker processes of a packaged program are itself
        import multiprocessing

        multiprocessing.freeze_support()
    sys.exit(main())
