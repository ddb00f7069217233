"""fit temperature, thresholds and strangeness statistics of a pack again"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.classes import read_classes
from training.commands.common import Progress, add_classes, add_json_lines, add_manifest
from training.progress import JsonProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="labelled images of the pack's classes")
    parser.add_argument("--out", type=Path, help="the new pack (default: beside the old one)")
    add_manifest(parser)
    parser.add_argument(
        "--abroad-first",
        action="store_true",
        help="give up coverage at home, not accuracy in made-up laboratories, when not both can be had",
    )
    add_classes(parser)
    add_json_lines(parser)


def run(options: argparse.Namespace, ctx: Progress) -> None:
    from training.operating import Aims
    from training.outcome import calibrate_outcome
    from training.recalibrate import CalibrateRequest, recalibrate
    from training.recalibrate_text import before_and_after

    request = CalibrateRequest(
        pack=options.pack,
        data=options.data,
        out=options.out,
        manifest=options.manifest,
        classes=read_classes(options.classes) if options.classes else {},
        aims=Aims(abroad_first=options.abroad_first),
    )
    done = recalibrate(request, ctx)
    trust = done.spec.trust
    review = "every answer for review" if trust.always_review else f"review below {trust.review_below:g}"
    ctx.result(before_and_after(done.record))
    ctx.result(
        f"{done.spec.id} {done.spec.version}: temperature {done.spec.calibration.temperature:g}, {review}, "
        f"refuse {trust.score} above {trust.refuse_above:g}"
    )
    if isinstance(ctx, JsonProgress):
        ctx.event("done", **calibrate_outcome(done))
