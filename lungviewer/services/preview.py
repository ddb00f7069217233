"""What a scan would find, and what lies where its report would be written: asked before a scan begins."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungviewer.core.errors import JournalMismatch, LungviewerError, OutputUnwritable, UsageError
from lungviewer.exporters.csv_table import is_image_csv
from lungviewer.services.find import FoundFiles, find_images
from lungviewer.services.scan import ScanOptions, fingerprint, root_key
from lungviewer.services.scan_output import check_output, journal_of
from lungviewer.services.slide_scan import told_apart
from lungviewer.services.suiting import Kinds, kinds_of
from lungviewer.store.journal import glimpse

_FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".tif": "TIFF",
    ".dib": "BMP",
    ".dcm": "DICOM",
}


@dataclass(frozen=True, slots=True)
class ScanPreview:
    """What lies below `paths`. `formats` are (name, files), most frequent first, as the files call
    themselves ("" without a suffix); `slides` of the files are whole slides, which take minutes each;
    `suggested` is a place for the report; `kinds`: which models read the files."""

    paths: tuple[Path, ...]
    recursive: bool
    found: FoundFiles
    formats: tuple[tuple[str, int], ...]
    total_bytes: int
    suggested: Path
    slides: int = 0
    kinds: Kinds = field(default_factory=Kinds)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a scan would meet at its output. `problem`: why it would be refused, or None; `replaceable`:
    starting over would remove the problem. `kept` rows of an earlier scan still hold; `earlier` is how many
    files that one was about, 0 when there was none."""

    output: Path
    problem: LungviewerError | None = None
    replaceable: bool = False
    earlier: int = 0
    kept: int = 0


def preview_scan(
    paths: Sequence[Path],
    *,
    recursive: bool,
    documents: Path,
    check: Callable[[], None] = lambda: None,
) -> ScanPreview:
    """List what a scan would read. Nothing is opened except files whose name does not say what they are, and
    the headers of those that may be slides.

    Args:
        documents: where reports go when the folder beside the images cannot be written.

    Raises:
        UsageError: see `find_images`.
    """
    found = find_images(paths, recursive=recursive, check=check)
    formats = Counter(_format(file.path) for file in found.files)
    return ScanPreview(
        paths=tuple(paths),
        recursive=recursive,
        found=found,
        formats=tuple(formats.most_common()),
        total_bytes=sum(max(0, file.size) for file in found.files),
        suggested=_suggested(found.root, documents),
        slides=len(told_apart(found, found.files, check)[1]),
        kinds=kinds_of(map(found.path, found.files), check),
    )


def look_at_output(
    output: Path, found: FoundFiles, options: ScanOptions, precision: str, model_sha256: str | None
) -> Outlook:
    """What `scan_folder` would say to this output, without locking or writing anything.

    `model_sha256` None: not known yet, so rows of every pack count as kept.
    """
    try:
        check_output(output, fresh=options.fresh)
        if not os.access(output.absolute().parent, os.W_OK):
            raise OutputUnwritable(
                "The folder of the report cannot be written.", hint="Choose another place for the report."
            )
    except LungviewerError as error:
        return Outlook(output, error, isinstance(error, UsageError) and _replaceable(output))
    journal = journal_of(output)
    if options.fresh or not journal.exists():
        return Outlook(output)
    settings = None if model_sha256 is None else fingerprint(model_sha256, precision, options)
    try:
        seen = glimpse(journal, settings)
    except JournalMismatch as error:
        return Outlook(output, error, replaceable=True)
    wanted = frozenset(found.files)
    if seen.root != root_key(found) and seen.listed and not seen.listed & wanted:
        other = JournalMismatch("The report with this name belongs to a scan of another folder.")
        return Outlook(output, other, replaceable=True, earlier=len(seen.listed))
    return Outlook(output, earlier=len(seen.listed), kept=len(seen.settled & wanted))


def _replaceable(output: Path) -> bool:
    return os.path.isfile(output) and is_image_csv(output)  # noqa: PTH113 - any name is answered


def _format(path: bytes) -> str:
    suffix = os.path.splitext(os.fsdecode(path))[1].lower()  # noqa: PTH122 - not a path yet, and faster
    return _FORMATS.get(suffix, suffix.lstrip(".").upper())


def _suggested(root: Path, documents: Path) -> Path:
    """Beside the scanned folder, never in it: what is scanned is left as it is."""
    name = f"{root.name or 'scan'} report.csv"
    beside = root.parent
    usable = root.name and os.access(beside, os.W_OK)
    return (beside if usable else documents) / name
