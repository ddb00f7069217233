"""What can be asked on the command line: every command and its options. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Container
from pathlib import Path

from lungviewer.cli.packs_parser import add_packs
from lungviewer.cli.samples_parser import add_samples
from lungviewer.cli.values import kinds, port, positive, scale, share_up_to
from lungviewer.cli.version import ShowVersion
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind

RESEARCH_USE = "Research use only, not for diagnosis."

_BY_CONTENT = "that of lung CT where all images are CT slices, else that of lung histology"
_PICTURES = "the pictures (CT slices in DICOM have their own scale)"


def parser_and_commands() -> tuple[argparse.ArgumentParser, Container[str]]:
    """The parser, and the names of all commands; `command` of what it parses is "module:function"."""
    parser = argparse.ArgumentParser(
        prog="lungviewer",
        description="Classify lung images, see why, and whether to trust it. " + RESEARCH_USE,
        epilog="Without a command, `lungviewer [FILE|FOLDER ...]` opens the window; `lungviewer COMMAND "
        "--help` explains a command. Exit codes: 0 fine; 1 some files could not be used; 2 bad use, or the "
        "model failed; 130 stopped (Ctrl-C).",
    )
    parser.add_argument(
        "--version", action=ShowVersion, nargs=0, help="show the version, the build and the packs, and exit"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_view(commands)
    _add_scan(commands)
    _add_map(commands)
    _add_classify(commands)
    _add_series(commands)
    _add_report(commands)
    add_packs(commands)
    add_samples(commands)
    _add_serve(commands)
    _add_doctor(commands)
    return parser, commands.choices


def _model_options(parser: argparse.ArgumentParser, default: str, scaled: str) -> None:
    """`default`: the pack that is taken unasked, in words; `scaled`: what a scale may be given for."""
    parser.add_argument("--pack", metavar="ID|PATH", help=f"model pack (default: {default})")
    _device_options(parser)
    parser.add_argument(
        "--um-per-px",
        type=scale,
        metavar="X",
        help=f"micrometres per pixel of {scaled}, where you know better than the files",
    )


def _device_options(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="processor threads for the model (default: all but one; both of two)",
    )


def _add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    view = commands.add_parser("view", help="open the window", description="Open the window. " + RESEARCH_USE)
    view.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE|FOLDER",
        help="images, slides, CT series or their folders (default: the samples)",
    )
    view.set_defaults(command="view_command:run")


def _add_scan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scan = commands.add_parser(
        "scan",
        help="judge every image, slide and CT slice of a folder into a CSV",
        description="Judge every image of folders or files into a CSV: pictures and slides of histology, or "
        "CT slices. Stopped or killed, it goes on where it was when the same command, without --fresh, is "
        "given again. " + RESEARCH_USE,
    )
    scan.add_argument("paths", nargs="+", type=Path, metavar="FOLDER|FILE", help="folders or image files")
    scan.add_argument("-o", "--output", type=Path, required=True, metavar="CSV", help="the report to write")
    scan.add_argument("-r", "--recursive", action="store_true", help="enter sub-folders")
    _model_options(scan, _BY_CONTENT, _PICTURES)
    scan.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="threads that read files (default: one per processor, at most four)",
    )
    scan.add_argument(
        "--batch", type=positive, default=32, metavar="N", help="images per model run (default: 32)"
    )
    again = scan.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on from an earlier run (the default)")
    again.add_argument("--fresh", action="store_true", help="forget earlier results and start over")
    scan.add_argument("--overlays", type=Path, metavar="DIR", help="also write a heat map picture per image")
    scan.add_argument("--quiet", action="store_true", help="no progress bar")
    scan.set_defaults(command="scan_command:run")


def _add_map(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    mapping = commands.add_parser(
        "map",
        help="map whole slides: tables, pictures, files for QuPath",
        description="Map whole slides tile by tile, and write what was found as tables, pictures and files "
        "for QuPath and others. Stopped or killed, it goes on inside the slide when the same command, "
        "without --fresh, is given again. Results of other slides in the folder stay. " + RESEARCH_USE,
    )
    mapping.add_argument(
        "paths", nargs="+", type=Path, metavar="SLIDE", help="slides, or folders whose slides are meant"
    )
    mapping.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the folder for the results"
    )
    mapping.add_argument("-r", "--recursive", action="store_true", help="enter sub-folders")
    _model_options(mapping, "the lung histology pack", "the slides")
    mapping.add_argument(
        "--overlap",
        type=share_up_to(0.75),
        default=0.0,
        metavar="X",
        help="share of a side by which tiles overlap, 0 (default) to 0.75",
    )
    mapping.add_argument(
        "--tissue-threshold",
        type=share_up_to(1.0),
        metavar="X",
        help="how much stain counts as tissue, 0 to 1 (default: chosen for each slide)",
    )
    mapping.add_argument(
        "--readers", type=positive, metavar="N", help="processes that read the slide (default: 2)"
    )
    mapping.add_argument(
        "--batch", type=positive, default=32, metavar="N", help="tiles per model run (default: 32)"
    )
    mapping.add_argument("--fresh", action="store_true", help="forget earlier results and start over")
    mapping.add_argument("--quiet", action="store_true", help="no progress bar")
    mapping.add_argument(
        "--exports",
        type=kinds,
        default=USUAL_KINDS,
        metavar="A,B,…",
        help=f"what to write: {', '.join(ExportKind)} (default: {','.join(USUAL_KINDS)})",
    )
    mapping.set_defaults(command="map_command:run")


def _add_classify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    classify = commands.add_parser(
        "classify",
        help="judge single images or CT slices",
        description="Judge single images or CT slices, and print what was found. " + RESEARCH_USE,
    )
    classify.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="pictures (JPEG, PNG, TIFF, …) or DICOM files of CT",
    )
    _model_options(classify, _BY_CONTENT, _PICTURES)
    classify.add_argument("--json", action="store_true", help="print JSON, one object per line")
    classify.add_argument(
        "--overlay",
        type=Path,
        metavar="PNG",
        help="also write the image with the heat map over it; of one image",
    )
    classify.set_defaults(command="classify_command:run")


def _add_series(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    series = commands.add_parser(
        "series",
        help="judge CT series slice by slice",
        description="Find the CT series among DICOM files, say what is odd about them, judge every slice, "
        "and sum up which slices were called what. Exit code: 0 fine; 1 a slice or file could not be read; "
        "2 bad use, or the model failed; 130 stopped (Ctrl-C). " + RESEARCH_USE,
    )
    series.add_argument("paths", nargs="+", type=Path, metavar="FOLDER|FILE", help="folders or DICOM files")
    series.add_argument("-r", "--recursive", action="store_true", help="enter sub-folders")
    series.add_argument("--pack", metavar="ID|PATH", help="model pack (default: the lung CT pack)")
    _device_options(series)
    series.add_argument(
        "--csv",
        type=Path,
        metavar="CSV",
        help="also write a table with a row per slice, and one per DICOM file that is none. It is written at "
        "the end, also when the run is stopped (Ctrl-C) or the model fails: it then says which slices were "
        "not looked at. A second Ctrl-C ends at once and writes nothing",
    )
    series.add_argument(
        "--readers", type=positive, default=2, metavar="N", help="processes that read slices (default: 2)"
    )
    series.add_argument(
        "--batch", type=positive, default=32, metavar="N", help="slices per model run (default: 32)"
    )
    series.add_argument("--quiet", action="store_true", help="no progress bar")
    series.set_defaults(command="series_command:run")


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
    report.add_argument("--pictures", type=positive, metavar="N", help="how many of them (default: 24)")
    report.add_argument("--title", default="", metavar="TEXT", help="the heading of the report")
    report.add_argument("--quiet", action="store_true", help="no progress bar")
    report.set_defaults(command="report_command:run")


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser(
        "serve",
        help="the web form: a page and POST /predict",
        description="Serve the web form to browsers and programs of this machine, or of a network. Images "
        "that are sent are not kept. There is no log-in. " + RESEARCH_USE,
    )
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="IP", help="address (default: this machine alone)"
    )
    serve.add_argument(
        "--port", type=port, default=8765, metavar="N", help="port (default: 8765); 0: any free one"
    )
    serve.add_argument(
        "--pack",
        action="append",
        default=[],
        metavar="ID|PATH",
        help="model pack; may be given again (default: the histology pack and the CT pack)",
    )
    _device_options(serve)
    serve.add_argument("--max-mb", type=positive, default=64, metavar="N", help="largest file (default: 64)")
    serve.add_argument(
        "--queue",
        type=positive,
        default=32,
        metavar="N",
        help="requests that may be unanswered at once (default: 32)",
    )
    serve.add_argument(
        "--deadline",
        type=positive,
        default=60,
        metavar="S",
        help="seconds to the answer for one image (default: 60)",
    )
    serve.add_argument("--quiet", action="store_true", help="no line per request")
    serve.set_defaults(command="serve_command:run")


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="check this installation and its speed",
        description="Check this installation: libraries, packs, devices and their speed.",
    )
    doctor.add_argument(
        "--selftest",
        action="store_true",
        help="also try every reader on drawn files, the window without a screen, and the samples in every "
        "pack, with no network",
    )
    doctor.add_argument("--window", action="store_true", help=argparse.SUPPRESS)  # what --selftest starts
    doctor.set_defaults(command="doctor_command:run")
