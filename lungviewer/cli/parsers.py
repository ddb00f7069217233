"""What can be asked on the command line: every command and its options. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Container
from pathlib import Path

from lungviewer.cli.values import kinds, port, positive, scale, share_up_to, slices
from lungviewer.cli.version import ShowVersion
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind

RESEARCH_USE = "Research use only, not for diagnosis."


def parser_and_commands() -> tuple[argparse.ArgumentParser, Container[str]]:
    """The parser, and the names of all commands; `command` of what it parses is "module:function"."""
    parser = argparse.ArgumentParser(
        prog="lungviewer",
        description="Classify lung images, see why, and whether to trust it. " + RESEARCH_USE,
        epilog="Without a command, `lungviewer [FILE|FOLDER ...]` opens the window.",
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
    _add_packs(commands)
    _add_samples(commands)
    _add_serve(commands)
    _add_doctor(commands)
    return parser, commands.choices


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", metavar="ID|PATH", help="model pack (default: the lung histology pack)")
    _device_options(parser)
    parser.add_argument(
        "--um-per-px",
        type=scale,
        metavar="X",
        help="micrometres per pixel of the images, where you know better than the files",
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
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for the model")


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
        "it was when the same command, without --fresh, is given again. " + RESEARCH_USE,
    )
    scan.add_argument("paths", nargs="+", type=Path, metavar="FOLDER", help="folders or image files")
    scan.add_argument("-o", "--output", type=Path, required=True, metavar="CSV", help="the report to write")
    scan.add_argument("-r", "--recursive", action="store_true", help="enter sub-folders")
    _model_options(scan)
    scan.add_argument("--workers", type=positive, metavar="N", help="threads that read files")
    scan.add_argument("--batch", type=positive, default=32, metavar="N", help="images per model run")
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
    _model_options(mapping)
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
    mapping.add_argument("--readers", type=positive, metavar="N", help="processes that read the slide")
    mapping.add_argument("--batch", type=positive, default=32, metavar="N", help="tiles per model run")
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
        "classify", help="judge single images", description="Judge single images. " + RESEARCH_USE
    )
    classify.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    _model_options(classify)
    classify.add_argument("--json", action="store_true", help="print JSON, one object per line")
    classify.add_argument("--overlay", type=Path, metavar="PNG", help="write the heat map over the image")
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
    series.add_argument("--pack", metavar="ID|PATH", help="model pack (default: the CT pack)")
    _device_options(series)
    series.add_argument(
        "--csv",
        type=Path,
        metavar="CSV",
        help="also write a table with a row per slice, and one per DICOM file that is none. It is written at "
        "the end, also when the run is stopped (Ctrl-C) or the model fails: it then says which slices were "
        "not looked at. A second Ctrl-C ends at once and writes nothing",
    )
    series.add_argument("--readers", type=positive, default=2, metavar="N", help="processes that read slices")
    series.add_argument("--batch", type=positive, default=32, metavar="N", help="slices per model run")
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
    importing.add_argument("--input-size", type=positive, default=224, metavar="PX")
    importing.add_argument("--modality", choices=("histology", "ct"), default="histology")
    importing.add_argument(
        "--scaling",
        choices=("none", "0-1", "-1-1", "imagenet", "caffe"),
        required=True,
        help="what the network was fed: 0–255 (none, also when it scales by itself), 0–1, −1–1 (write "
        "--scaling=-1-1), ImageNet mean and deviation, or caffe's BGR means",
    )
    importing.add_argument(
        "--um-per-px", type=scale, metavar="X", help="micrometres per pixel at the model's input"
    )
    importing.add_argument("--id", metavar="ID", help="name of the new pack (default: the file's)")
    importing.set_defaults(command="packs_command:import_model")


def _add_samples(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    samples = commands.add_parser(
        "samples", help="draw synthetic sample images", description="Draw synthetic images. Not patients."
    )
    samples.add_argument("folder", type=Path, metavar="DIR")
    samples.add_argument("--per-kind", type=positive, default=2, metavar="N", help="images of each kind")
    instead = samples.add_mutually_exclusive_group()
    instead.add_argument(
        "--slide", metavar="WxH", help="draw a pyramidal slide of this size instead, e.g. 20000x15000"
    )
    instead.add_argument(
        "--ct", type=slices, metavar="N", help="draw a chest CT series of so many slices (DICOM) instead"
    )
    samples.add_argument("--size", type=positive, default=512, metavar="PX", help="side of the images")
    samples.add_argument("--format", choices=("jpeg", "png", "both"), default="jpeg")
    samples.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another slide or series for another seed"
    )
    samples.set_defaults(command="samples_command:run")


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
    serve.add_argument("--port", type=port, default=8765, metavar="N", help="0: any free one")
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
        "--queue", type=positive, default=32, metavar="N", help="requests that may wait (default: 32)"
    )
    serve.add_argument(
        "--deadline", type=positive, default=60, metavar="S", help="seconds for one image (default: 60)"
    )
    serve.add_argument("--quiet", action="store_true", help="no line per request")
    serve.set_defaults(command="serve_command:run")


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser("doctor", help="check this installation and its speed")
    doctor.add_argument("--selftest", action="store_true", help="also run the samples through every pack")
    doctor.set_defaults(command="doctor_command:run")
