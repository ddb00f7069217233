"""measure a pack on labelled images"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="class folders, or foreign sets (manifest.csv with a set column)",
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.data import open_dataset
    from training.evaluate import evaluate_folder
    from training.external import external_records, is_external
    from training.judge import open_pack
    from training.notes import Note
    from training.tables import external_table, home_table

    judge = open_pack(options.pack)
    found: dict[str, Any]
    if is_external(options.data):
        records = external_records(judge, options.data, ctx)
        found, table = {"external": records}, external_table(records)
    else:
        dataset = open_dataset(options.data, None, read_classes(options.classes) if options.classes else {})
        for note in dataset.notes:
            ctx.partial(Note(note))
        record = evaluate_folder(judge, dataset, ctx)
        found, table = {"home": record}, home_table(record)
    ctx.say(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
