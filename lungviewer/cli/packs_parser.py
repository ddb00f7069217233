"""What can be asked of `lungviewer packs`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungviewer.cli.values import positive, scale


def add_packs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command and its actions."""
    packs = commands.add_parser(
        "packs",
        help="model packs: list, show, verify, install, import",
        description="A pack is a model with everything that is known about it: a folder, or a .zip of one.",
    )
    actions = packs.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is installed")
    listing.set_defaults(command="packs_command:list_packs")
    show = actions.add_parser("show", help="a pack's card")
    show.add_argument("pack", nargs="?", metavar="ID|PATH", help="default: the lung histology pack")
    show.set_defaults(command="packs_command:show")
    verify = actions.add_parser("verify", help="check files, hashes, graph and golden outputs")
    verify.add_argument("pack", nargs="?", metavar="ID|PATH", help="default: every pack found")
    verify.set_defaults(command="packs_command:verify")
    install = actions.add_parser("install", help="install a pack from a .zip")
    install.add_argument("zip", type=Path, metavar="ZIP", help="the pack; it is verified first")
    install.set_defaults(command="packs_command:install")
    importing = actions.add_parser("import", help="make a pack of your own .keras or .h5 model")
    importing.add_argument("model", type=Path, metavar="FILE", help="a classifier that Keras saved")
    importing.add_argument(
        "--classes",
        required=True,
        metavar="A,B,C",
        help="classes in the order of the outputs, each with its kind: a:tumour,b:benign",
    )
    importing.add_argument(
        "--input-size", type=positive, default=224, metavar="PX", help="side of its input (default: 224)"
    )
    importing.add_argument(
        "--modality",
        choices=("histology", "ct"),
        default="histology",
        help="what it reads (default: histology)",
    )
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
