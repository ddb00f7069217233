"""turn a .keras or .h5 classifier into a pack that is not validated"""

from __future__ import annotations

import argparse
from pathlib import Path

from lungviewer.core.model import ModelSpec
from training.commands.common import Progress, above_zero, add_json_lines, positive
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the model file; nothing in it is run as code")
    parser.add_argument("--out", type=Path, required=True, help="the pack's folder")
    parser.add_argument("--classes", required=True, help="names in output order: a,b,c or a:tumour,…")
    parser.add_argument("--input-size", type=positive, default=224)
    parser.add_argument("--modality", choices=("histology", "ct"), default="histology")
    parser.add_argument("--stain", default="H&E", help="another than H&E: the colours are not checked")
    parser.add_argument("--scaling", default="none", help="none, 0-1, -1-1, imagenet or caffe (with =)")
    parser.add_argument("--um-per-px", type=above_zero, help="µm per pixel at the model's input")
    parser.add_argument("--id", help="pack id (default: from the folder)")
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.importer import ImportRequest, import_keras

    request = ImportRequest(
        file=options.file,
        out=options.out,
        classes=tuple(name.strip() for name in options.classes.split(",")),
        input_size=options.input_size,
        modality=options.modality,
        scaling=options.scaling,
        id=options.id or options.out.name,
        um_per_px=options.um_per_px,
        stain=options.stain,
    )
    spec = import_keras(request)
    ctx.result(f"{spec.id} {spec.version}: imported, NOT validated. Roles: {_roles(spec)}.")
    if isinstance(ctx, JsonProgress):
        ctx.event("done", pack=str(options.out))


def _roles(spec: ModelSpec) -> str:
    return ", ".join(f"{c.id} = {c.role.value}" for c in spec.classes)
