"""The command line: what can be asked, and how failures are told.

Only the standard library is imported here; each command's module is imported when it is used, so that
`--version` and `--help` answer at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Container, Sequence
from pathlib import Path
from typing import NoReturn

import lungviewer
from lungviewer.core import registry
from lungviewer.core.errors import Cancelled, LungviewerError, UsageError

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_CANCELLED = 0, 1, 2, 130

RESEARCH_USE = "Research use only, not for diagnosis."


def build_parser() -> argparse.ArgumentParser:
    """Every command and option; `command` holds "module:function" of the one that was chosen."""
    return _parser_and_commands()[0]


def _parser_and_commands() -> tuple[argparse.ArgumentParser, Container[str]]:
    parser = argparse.ArgumentParser(
        prog="lungviewer",
        description="Classify lung images, see why, and whether to trust it. " + RESEARCH_USE,
        epilog="Without a command, `lungviewer [FILE|FOLDER ...]` opens the window.",
    )
    parser.add_argument("--version", action="version", version=f"lungviewer {lungviewer.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_view(commands)
    _add_scan(commands)
    _add_classify(commands)
    _add_report(commands)
    _add_packs(commands)
    _add_samples(commands)
    _add_doctor(commands)
    return parser, commands.choices


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 fine, 1 some files failed, 2 bad use, 130 stopped."""
    if getattr(sys, "frozen", False):  # worker processes of the packaged program start here too
        import multiprocessing

        multiprocessing.freeze_support()
    # Before numpy: its matrix library would keep a thread per processor spinning after every small
    # product, which took a fifth of the speed of a scan (benchmarks/README.md).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _speak_any_name()
    parser, commands = _parser_and_commands()
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
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(sentence: str, code: int) -> int:
    if sys.stderr is not None:
        print(f"lungviewer: {sentence}", file=sys.stderr)  # noqa: T201
    return code


def _unexpected(error: Exception) -> str:
    """Where it happened, without the message: that could name a file or a patient."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    if os.environ.get("LUNGVIEWER_DEBUG"):
        raise error
    return (
        f"an unexpected {type(error).__name__}{where}. This is a mistake in lungviewer, please report it; "
        "LUNGVIEWER_DEBUG=1 shows the details (which may contain file names)."
    )


def _speak_any_name() -> None:
    """File names need not be UTF-8, nor a Windows console Unicode: never die of printing one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


# --- what each command takes -------------------------------------------------------------------------


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", metavar="ID|PATH", help="model pack (default: the lung histology pack)")
    parser.add_argument(
        "--device",
        choices=("auto", "cuda", "directml", "cpu"),
        default="auto",
        help="where to run the model (default: the best that works)",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "int8"),
        default="fp32",
        help="int8: the pack's eight-bit model, faster on a processor; the card's figures are those of fp32 "
        "(default)",
    )
    parser.add_argument("--threads", type=_positive, metavar="N", help="processor threads for the model")
    parser.add_argument(
        "--um-per-px",
        type=_scale,
        metavar="X",
        help="micrometres per pixel of the images, where you know better than the files",
    )


def _add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    view = commands.add_parser("view", help="open the window", description="Open the window. " + RESEARCH_USE)
    view.add_argument(
        "paths", nargs="*", type=Path, metavar="FILE|FOLDER", help="what to open (default: the samples)"
    )
    view.set_defaults(command="view_command:run")


def _add_scan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scan = commands.add_parser(
        "scan",
        help="judge every image of a folder into a CSV",
        description="Judge every image of folders or files into a CSV. Stopped or killed, it goes on where "
        "it was when the same command is given again. " + RESEARCH_USE,
    )
    scan.add_argument("paths", nargs="+", type=Path, metavar="FOLDER", help="folders or image files")
    scan.add_argument("-o", "--output", type=Path, required=True, metavar="CSV", help="the report to write")
    scan.add_argument("-r", "--recursive", action="store_true", help="enter sub-folders")
    _model_options(scan)
    scan.add_argument("--workers", type=_positive, metavar="N", help="threads that read files")
    scan.add_argument("--batch", type=_positive, default=32, metavar="N", help="images per model run")
    again = scan.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on from an earlier run (the default)")
    again.add_argument("--fresh", action="store_true", help="forget earlier results and start over")
    scan.add_argument("--overlays", type=Path, metavar="DIR", help="also write a heat map picture per image")
    scan.add_argument("--quiet", action="store_true", help="no progress bar")
    scan.set_defaults(command="scan_command:run")


def _add_classify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    classify = commands.add_parser(
        "classify", help="judge single images", description="Judge single images. " + RESEARCH_USE
    )
    classify.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    _model_options(classify)
    classify.add_argument("--json", action="store_true", help="print JSON, one object per line")
    classify.add_argument("--overlay", type=Path, metavar="PNG", help="write the heat map over the image")
    classify.set_defaults(command="classify_command:run")


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser(
        "report",
        help="make a report of a scan's CSV",
        description="Make a report of a scan's CSV, to read or to print. " + RESEARCH_USE,
    )
    report.add_argument("table", type=Path, metavar="CSV", help="what a scan wrote")
    report.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="report.html or report.pdf; reviewed.csv: the table with the reviews filled in",
    )
    report.add_argument(
        "--images", type=Path, metavar="DIR", help="the folder that was scanned: adds what reviewers decided"
    )
    report.add_argument(
        "--overlays", type=Path, metavar="DIR", help="the pictures that `scan --overlays` drew"
    )
    report.add_argument("--pictures", type=_positive, metavar="N", help="how many of them (default: 24)")
    report.add_argument("--title", default="", metavar="TEXT")
    report.add_argument("--quiet", action="store_true", help="no progress bar")
    report.set_defaults(command="report_command:run")


def _add_packs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    packs = commands.add_parser("packs", help="model packs: list, show, verify, install, import")
    actions = packs.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is installed")
    listing.set_defaults(command="packs_command:list_packs")
    show = actions.add_parser("show", help="a pack's card")
    show.add_argument("pack", nargs="?", metavar="ID|PATH")
    show.set_defaults(command="packs_command:show")
    verify = actions.add_parser("verify", help="check files, hashes, graph and golden outputs")
    verify.add_argument("pack", nargs="?", metavar="ID|PATH", help="default: every pack found")
    verify.set_defaults(command="packs_command:verify")
    install = actions.add_parser("install", help="install a pack from a .zip")
    install.add_argument("zip", type=Path, metavar="ZIP")
    install.set_defaults(command="packs_command:install")
    importing = actions.add_parser("import", help="make a pack of your own .keras or .h5 model")
    importing.add_argument("model", type=Path, metavar="FILE")
    importing.add_argument(
        "--classes", required=True, metavar="A,B,C", help="classes in output order, a:tumour,b:benign"
    )
    importing.add_argument("--input-size", type=_positive, default=224, metavar="PX")
    importing.add_argument("--modality", choices=("histology", "ct"), default="histology")
    importing.add_argument(
        "--scaling",
        choices=("none", "0-1", "-1-1", "imagenet", "caffe"),
        required=True,
        help="what the network was fed: 0–255 (none, also when it scales by itself), 0–1, −1–1 (write "
        "--scaling=-1-1), ImageNet mean and deviation, or caffe's BGR means",
    )
    importing.add_argument(
        "--um-per-px", type=_scale, metavar="X", help="micrometres per pixel at the model's input"
    )
    importing.add_argument("--id", metavar="ID", help="name of the new pack (default: the file's)")
    importing.set_defaults(command="packs_command:import_model")


def _add_samples(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    samples = commands.add_parser(
        "samples", help="draw synthetic sample images", description="Draw synthetic images. Not patients."
    )
    samples.add_argument("folder", type=Path, metavar="DIR")
    samples.add_argument("--per-kind", type=_positive, default=2, metavar="N", help="images of each kind")
    samples.add_argument(
        "--slide", metavar="WxH", help="draw a pyramidal slide of this size instead, e.g. 20000x15000"
    )
    samples.add_argument("--size", type=_positive, default=768, metavar="PX", help="side of the images")
    samples.add_argument("--format", choices=("jpeg", "png", "both"), default="jpeg")
    samples.add_argument("--seed", type=int, default=0, metavar="N", help="another slide for another seed")
    samples.set_defaults(command="samples_command:run")


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser("doctor", help="check this installation and its speed")
    doctor.add_argument("--selftest", action="store_true", help="also run the samples through every pack")
    doctor.set_defaults(command="doctor_command:run")


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return value


def _scale(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.02 <= value <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a scale between 0.02 and 20 µm per pixel")
    return value


if __name__ == "__main__":
    entry()
