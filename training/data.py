"""Labelled images in class folders: what there is, which belong together, and their pixels.

A data folder holds one sub-folder per class and, better, a `manifest.csv` with the columns
`path,label,group`: images of one group (a patient, a slide, an original tile and its augmented copies)
are never separated by a split.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from lungviewer.core.errors import SyntheticImage
from lungviewer.core.geometry import Rect
from lungviewer.core.image import RGB
from lungviewer.core.job import JobContext, NullContext
from lungviewer.core.model import ClassSpec
from lungviewer.core.preprocess import resize_field
from lungviewer.core.synthetic import refuse_bars, refuse_marked
from training.classes import classes_for
from training.errors import DataProblem

# By content; EPS and the like are never given to their interpreters.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
MAX_PIXELS = 64_000_000

UNKNOWN_GROUPS_NOTE = (
    "GROUPS ARE NOT KNOWN: there is no manifest.csv, so every file name stands for a group of its own. "
    "If several images come from one patient, slide or original, copies of one another are on both sides "
    "of the split and every figure of this run is too good. Write a manifest.csv (path,label,group)."
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One image: `path` relative to the data folder, its folder `label`, class index and `group`."""

    path: str
    label: str
    target: int
    group: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """All images of a data folder, ordered by path.

    `manifest_sha256` is of the manifest's bytes, or of the sorted list of paths when there is none.
    `split_unit` is "group" when groups are known and "file name" when they are not.
    """

    root: Path
    samples: tuple[Sample, ...]
    classes: tuple[ClassSpec, ...]
    manifest_sha256: str
    groups_known: bool
    notes: tuple[str, ...] = ()

    @property
    def split_unit(self) -> str:
        return "group" if self.groups_known else "file name"

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        return np.array([s.target for s in self.samples], np.int64)

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        return np.array([s.group for s in self.samples])

    def pixels(self, sample: Sample, size: int) -> RGB:
        """One image at size×size.

        Raises:
            DataProblem: it cannot be read; `listed` names it.
        """
        try:
            return square_field(decode((self.root / sample.path).read_bytes()), size)
        except (OSError, DataProblem) as error:
            why = error.message if isinstance(error, DataProblem) else "cannot be read"
            raise DataProblem(
                f"An image of the data folder cannot be used: {why}.",
                hint="`python -m training audit` lists all such images.",
                listed=(sample.path,),
            ) from error


def open_dataset(
    root: Path, manifest: Path | None = None, class_table: Mapping[str, ClassSpec] | None = None
) -> Dataset:
    """List the labelled images of a folder; no pixels are read.

    Args:
        root: the folder above the class folders.
        manifest: CSV with path,label,group; default `manifest.csv` in `root` when it exists.
        class_table: what unknown class folders mean (training/classes.py).

    Raises:
        DataProblem: no images, unknown classes, or a manifest that does not fit the folder.
    """
    chosen = manifest or root / "manifest.csv"
    if manifest is None and not chosen.is_file():
        rows = _rows_from_folders(root)
        known, notes = False, [UNKNOWN_GROUPS_NOTE]
    else:
        rows = _rows_from_manifest(root, chosen)
        known, notes = True, []
    if not rows:
        raise DataProblem("The data folder holds no images in class folders.")
    by_label = classes_for((label for _, label, _ in rows), class_table)
    index = {label: i for i, label in enumerate(by_label)}
    rows = sorted(rows)
    samples = tuple(Sample(path, label, index[label], group) for path, label, group in rows)
    # Of what it says, not of its bytes: an editor may have changed the ends of lines.
    digest = hashlib.sha256("\n".join("\t".join(row) for row in rows).encode()).hexdigest()
    return Dataset(root, samples, tuple(by_label.values()), digest, known, tuple(notes))


def _rows_from_folders(root: Path) -> list[tuple[str, str, str]]:
    if not root.is_dir():
        raise DataProblem("The data folder does not exist.")
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [
        (file.relative_to(root).as_posix(), folder.name, f"{folder.name}/{file.stem}")
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix.lower() in SUFFIXES
    ]


def _rows_from_manifest(root: Path, manifest: Path) -> list[tuple[str, str, str]]:
    try:
        content = manifest.read_bytes()
        table = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataProblem("The manifest cannot be read as UTF-8 CSV.") from error
    if not table or not {"path", "label", "group"} <= set(table[0]):
        raise DataProblem("The manifest lacks one of the columns path, label, group.")
    rows = [(r["path"] or "", r["label"] or "", r["group"] or "") for r in table]
    incomplete = [path for path, label, group in rows if not (path and label and group)]
    if incomplete:
        raise DataProblem(f"{len(incomplete)} manifest rows have an empty cell.", listed=incomplete)
    twice = [path for path, n in Counter(path for path, _, _ in rows).items() if n > 1]
    if twice:
        raise DataProblem(f"{len(twice)} files are in the manifest more than once.", listed=twice)
    inside = root.resolve()
    missing = [
        path
        for path, _, _ in rows
        if not (file := (root / path).resolve()).is_relative_to(inside) or not file.is_file()
    ]
    if missing:
        raise DataProblem(f"{len(missing)} files of the manifest are not in the data folder.", listed=missing)
    return rows


# --- pixels ------------------------------------------------------------------------------------------


def decode(content: bytes) -> RGB:
    """Pixels of one image file as H×W×3 uint8 RGB, turned upright by its EXIF orientation.

    Only whole 8-bit grey or RGB pictures are taken: anything else would have to be guessed at. Nor is a
    picture that a simulator drew: it shows no patient.

    Raises:
        DataProblem: not such a picture.
    """
    try:
        refuse_marked(content)
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataProblem("too many pixels")
            if picture.mode not in ("RGB", "L"):
                raise DataProblem(f"pixels of type {picture.mode}")
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            pixels = np.array(upright.convert("RGB"))
        refuse_bars(pixels)
        return pixels
    except SyntheticImage as error:
        raise DataProblem("drawn by a progression simulator") from error
    except UnidentifiedImageError as error:
        raise DataProblem("not an image") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataProblem("damaged or incomplete") from error


def square_field(pixels: RGB, size: int) -> RGB:
    """The central square of an image at size×size: never squashed, always by `resize_field`."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    return resize_field(pixels, size, Rect((width - side) / 2, (height - side) / 2, side, side))


def without(dataset: Dataset, paths: Sequence[str], note: str) -> Dataset:
    """The dataset less some files, and the note that says so."""
    dropped = set(paths)
    kept = tuple(s for s in dataset.samples if s.path not in dropped)
    return replace(dataset, samples=kept, notes=(*dataset.notes, note))


def batches(
    dataset: Dataset,
    samples: Sequence[Sample],
    size: int,
    batch: int = 32,
    ctx: JobContext | None = None,
    text: str = "Reading images",
) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """Pixels of `samples` in order, as (which ones, n×size×size×3 uint8)."""
    ctx = ctx or NullContext()
    for start in range(0, len(samples), batch):
        ctx.check()
        part = slice(start, min(start + batch, len(samples)))
        yield part, np.stack([dataset.pixels(s, size) for s in samples[part]])
        ctx.progress(part.stop, len(samples), text)


def image_files(folder: Path) -> list[Path]:
    """Image files below a folder, by name ending, in order."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
