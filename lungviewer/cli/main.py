"""The command line: from arguments to a command, and how failures are told.

Only the standard library is imported here; each command's module is imported when it is used, so that
`--version` and `--help` answer at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Container, Sequence
from typing import NoReturn

from lungviewer.cli.parsers import parser_and_commands
from lungviewer.core import registry
from lungviewer.core.errors import Cancelled, LungviewerError, UsageError
from lungviewer.core.starter import prepare
from lungviewer.core.traces import place_of

_STANDARD_ERROR = 2
_WARNING_BOX = 0x30  # of the Windows API: an exclamation mark and OK
EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_CANCELLED = 0, 1, 2, 130


def build_parser() -> argparse.ArgumentParser:
    """Every command and option; `command` holds "module:function" of the one that was chosen."""
    return parser_and_commands()[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 fine, 1 some files failed, 2 bad use, 130 stopped."""
    prepare()
    # Before numpy: its matrix library would keep a thread per processor spinning after every small
    # product, which took a fifth of the speed of a scan (benchmarks/README.md).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _occupy_standard_streams()
    _speak_any_name()
    parser, commands = parser_and_commands()
    given = sys.argv[1:] if arguments is None else arguments
    if _names_nothing(given, commands):
        return _say("There is no such file or folder.", EXIT_USAGE)
    chosen = parser.parse_args(_with_command(given, commands))
    try:
        code: int = registry.load(f"lungviewer.cli.{chosen.command}")(chosen)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except Cancelled:
        return EXIT_CANCELLED
    except LungviewerError as error:
        from lungviewer.cli.options import sentence_with_options

        code = EXIT_USAGE if isinstance(error, UsageError) else _severity(error)
        return _say(sentence_with_options(error), code)
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not a failure, and nothing more can be said.
        _say_no_more()
        return EXIT_OK
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return _say(_unexpected(error), EXIT_SOME_FAILED)
        _say_no_more()
        return _say("There is no space left where this program writes. Free some.", EXIT_SOME_FAILED)
    except Exception as error:  # noqa: BLE001 - the one place where the unexpected becomes a sentence
        return _say(_unexpected(error), EXIT_SOME_FAILED)


def _with_command(arguments: Sequence[str], commands: Container[str]) -> list[str]:
    """Nothing, or files and folders alone, mean the window. A folder called "scan" is opened as ./scan."""
    first = arguments[0] if arguments else None
    for_window = first is None or (first not in commands and os.path.lexists(first))
    return ["view", *arguments] if for_window else list(arguments)


def _names_nothing(arguments: Sequence[str], commands: Container[str]) -> bool:
    """Whether the first argument is meant as a path, by the look of it, and nothing lies there."""
    first = arguments[0] if arguments else "-"
    if first in commands or first.startswith("-") or os.path.lexists(first):
        return False
    return os.path.basename(first) != first or bool(os.path.splitext(first)[1])  # noqa: PTH119, PTH122


def entry() -> NoReturn:
    """What the installed command runs: `main`, and out.

    A stopped scan does not wait for a thread that is still decoding a large file: everything that was
    reported is on the disk.
    """
    code = main()
    if code == EXIT_CANCELLED:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _severity(error: LungviewerError) -> int:
    from lungviewer.core.errors import BackendError, MissingDependency, OutputError, PackError

    bad_use = (PackError, OutputError, BackendError, MissingDependency)
    return EXIT_USAGE if isinstance(error, bad_use) else EXIT_SOME_FAILED


def _say_no_more() -> None:
    """Keep Python from flushing into a closed or full output once more when it ends."""
    if sys.stdout is not None:  # a program without a console has none
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(sentence: str, code: int) -> int:
    if sys.stderr is not None:
        print(f"lungviewer: {sentence}", file=sys.stderr)  # noqa: T201
    elif sys.platform == "win32":  # the packaged window, which has no console
        import ctypes

        ctypes.windll.user32.MessageBoxW(None, sentence, "lungviewer", _WARNING_BOX)
    return code


def _unexpected(error: Exception) -> str:
    """Where it happened, without the message: that could name a file or a patient."""
    where = place_of(error.__traceback__)
    if os.environ.get("LUNGVIEWER_DEBUG"):
        raise error
    return (
        f"an unexpected {type(error).__name__}{where}. This is a mistake in lungviewer, please report it; "
        "LUNGVIEWER_DEBUG=1 shows the details (which may contain file names)."
    )


def _occupy_standard_streams() -> None:
    """Started with a closed output, a file or a pipe of ours would get its number, and what is meant for
    the output be written into it."""
    if os.name != "posix":
        return
    while (free := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(free, True)
    os.close(free)


def _speak_any_name() -> None:
    """File names need not be UTF-8, nor a Windows console Unicode: never die of printing one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    entry()
