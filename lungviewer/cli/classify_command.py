"""`lungviewer classify`."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from lungviewer.cli.console import err, out
from lungviewer.cli.main import EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from lungviewer.cli.opening import engine_of, suited, tell_missing
from lungviewer.cli.parsers import RESEARCH_USE
from lungviewer.core.errors import ImageError, UsageError
from lungviewer.core.model import ModelSpec
from lungviewer.core.note_sentences import sentence_of
from lungviewer.core.paths import is_one_of, pack_dirs
from lungviewer.core.types import ImageRecord, Status
from lungviewer.packs.store import resolve_pack
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import classify_file, display_name, error_record
from lungviewer.services.elsewhere import elsewhere_sentence, read_standing
from lungviewer.services.overlay import write_overlay
from lungviewer.services.reliability import how_often_right


def run(options: argparse.Namespace) -> int:
    """Judge each image; an unusable one is told and the others go on."""
    if tell_missing(options.images):
        return EXIT_USAGE
    if options.overlay is not None and len(options.images) > 1:
        raise UsageError("--overlay takes one image.", hint="Use `lungviewer scan --overlays DIR` for many.")
    if options.overlay is not None and is_one_of(options.overlay, options.images):
        raise UsageError("--overlay names the image itself.", hint="Choose another name.")
    if any(path.is_dir() for path in options.images):
        raise UsageError(
            "A folder was named, and single images are judged here.",
            hint="Use `lungviewer scan` for a folder, or `lungviewer series` for CT series.",
        )
    modality, hint = suited(options, options.images)
    engine = engine_of(options, modality)
    failures = 0
    with contextlib.closing(engine), IsolatedDecoder() as decoder:
        for path in options.images:
            try:
                result = classify_file(path, engine, um_per_px=options.um_per_px, isolated=decoder)
            except ImageError as error:
                failures += 1
                record, fields = error_record(display_name(path), error, engine.provenance), {}
            else:
                record, fields = result.record, result.calls_by_class()
                if options.overlay is not None:
                    write_overlay(options.overlay, result, engine)
            if options.json:
                out().print(json.dumps(asdict(record), ensure_ascii=True))
            else:
                _tell(record, fields, engine.spec)
    if not options.json:
        standing = read_standing(resolve_pack(options.pack, pack_dirs(), modality=modality), engine.spec)
        out().print(elsewhere_sentence(standing))
        out().print(RESEARCH_USE)
    if hint:
        err().print(f"Note: {hint}")
    return EXIT_SOME_FAILED if failures else EXIT_OK


def _tell(record: ImageRecord, fields: Mapping[str, int], spec: ModelSpec) -> None:
    console = err() if record.status is Status.ERROR else out()
    console.print(record.path)
    if record.status is Status.ERROR:
        console.print(f"  error ({record.reason}): {record.error}")
        return
    if record.confidence is None:
        console.print("  refused")
    else:
        label = spec.class_by_id(record.predicted_class).label
        console.print(f"  {label}, {record.confidence:.1%} ({record.status.value})")
        # The sentence is about single fields: averages over several were never validated.
        sentence = how_often_right(spec.calibration, record.confidence) if record.tiles == 1 else ""
        if sentence:
            console.print(f"  {sentence}")
    if record.tiles is not None and record.tiles > 1:
        read = record.tiles - (record.tiles_refused or 0)
        calls = ", ".join(f"{spec.class_by_id(c).label} {n}" for c, n in fields.items())
        what = "slices" if "frames_not_validated" in record.reason else "fields"
        console.print(f"  {read} of {record.tiles} {what} read{': ' * bool(calls)}{calls}")
    for code in filter(None, record.reason.split("; ")):
        console.print(f"  {code}: {sentence_of(code)}")
    shares = ", ".join(f"{spec.class_by_id(c).label} {p:.1%}" for c, p in record.probabilities.items())
    console.print(f"  {shares}")
