"""draw what augmentation makes of a few images"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, natural, positive


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with one sub-folder per class")
    parser.add_argument("--stains", type=Path, help="unlabelled H&E images of other laboratories")
    parser.add_argument("--out", type=Path, required=True, help="the picture to write (PNG)")
    parser.add_argument("--images", type=positive, default=6, help="how many images (default: %(default)s)")
    parser.add_argument(
        "--input-size", type=positive, default=224, help="side in pixels (default: %(default)s)"
    )
    parser.add_argument("--seed", type=natural, default=7)
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    import numpy as np
    from PIL import Image

    from training.augment import AugmentSettings, read_stains
    from training.augment.sheet import augmentation_sheet
    from training.data import open_dataset
    from training.metrics import evenly

    dataset = open_dataset(options.data, None, read_classes(options.classes) if options.classes else {})
    rows = evenly(np.arange(len(dataset.samples)), max(1, options.images))
    pictures = np.stack([dataset.pixels(dataset.samples[i], options.input_size) for i in rows])
    stains = read_stains(options.stains) if options.stains else []
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(augmentation_sheet(pictures, AugmentSettings(), stains, options.seed)).save(options.out)
    ctx.result(f"{len(rows)} images, {len(stains)} foreign stains: drawn.")
