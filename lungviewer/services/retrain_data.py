"""A folder of labelled images before training: which class folders it has, and which classes they mean."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lungviewer.core.errors import UsageError
from lungviewer.core.model import ClassSpec, ModelSpec, Role

MANIFEST = "manifest.csv"
_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
_MAX_CLASSES = 64

KNOWN_FOLDERS: Mapping[str, str] = {
    "lung_aca": "adenocarcinoma",
    "lung_n": "benign",
    "lung_scc": "squamous_cell_carcinoma",
}
"""Folder names of LC25000 (Borkowski et al. 2019) and the class ids they stand for."""

# Okabe & Ito (2008), "Color Universal Design": told apart with any colour vision.
_COLOURS = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442")
_ROLE_WORDS = {
    Role.TUMOUR: ("tumour", "tumor", "carcinoma", "cancer", "malignant"),
    Role.BENIGN: ("benign",),
    Role.NORMAL: ("normal", "healthy"),
}


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What lies in a data folder: images per class label; `manifest` None: there is none."""

    root: Path
    manifest: Path | None
    images: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """What one class folder means. `role` None: nobody has said yet. `known`: one of the model's classes."""

    folder: str
    id: str
    label: str
    colour: str
    role: Role | None
    known: bool


def look_at_folder(
    root: Path, manifest: Path | None = None, check: Callable[[], None] = lambda: None
) -> FolderLook:
    """List the class folders, or the labels of the manifest; no image is opened.

    Raises:
        UsageError: the folder or manifest cannot be read, or holds no labelled images.
    """
    chosen = manifest or root / MANIFEST
    known = manifest is not None or chosen.is_file()
    images = _labels_of_manifest(chosen) if known else _labels_of_folders(root, check)
    if not images:
        raise UsageError(
            "This folder holds no images in class folders.",
            hint="Choose the folder above the class folders: one sub-folder per class, images in each.",
        )
    if len(images) < 2 or len(images) > _MAX_CLASSES:
        raise UsageError(
            f"From 2 to {_MAX_CLASSES} classes can be learned; this folder has {len(images)}.",
            hint="Choose the folder above the class folders.",
        )
    return FolderLook(root, chosen if known else None, images)


def _labels_of_manifest(path: Path) -> dict[str, int]:
    try:
        table = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
        labels = Counter(row.get("label") or "" for row in table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            "The manifest cannot be read as UTF-8 CSV.", hint="It has the columns path,label,group."
        ) from error
    labels.pop("", None)
    return dict(sorted(labels.items()))


def _labels_of_folders(root: Path, check: Callable[[], None]) -> dict[str, int]:
    try:
        folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise UsageError(f"The folder cannot be listed ({error.strerror}).") from error
    counts = {}
    for folder in folders:
        check()
        count = 0
        for _, _, names in os.walk(folder):
            count += sum(name.lower().endswith(_SUFFIXES) for name in names)
        if count:
            counts[folder.name] = count
    return counts


def suggest_classes(labels: Iterable[str], spec: ModelSpec | None) -> tuple[ClassChoice, ...]:
    """What each label probably means: a class of the model where names agree, else a class of its own."""
    choices: list[ClassChoice] = []
    taken: set[str] = set()
    for label in labels:
        match = _class_of_model(label, spec)
        if match is not None and match.id not in taken:
            choice = from_model(label, match)
        else:
            choice = own_class(label, label, taken)
        taken.add(choice.id)
        choices.append(choice)
    return with_own_colours(choices)


def from_model(folder: str, spec: ClassSpec) -> ClassChoice:
    """A folder that means a class of the model."""
    return ClassChoice(folder, spec.id, spec.label, spec.colour, spec.role, known=True)


def own_class(folder: str, name: str, taken: Iterable[str], role: Role | None = None) -> ClassChoice:
    """A folder that means a class of its own, called `name`; its id is made of that, and not in `taken`."""
    used = set(taken)
    base = _identifier(name)
    class_id, number = base, 2
    while class_id in used:
        class_id, number = f"{base[:28]}_{number}", number + 1
    shown = " ".join("".join(c if c.isprintable() and c != ":" else " " for c in name).split())
    label = unicodedata.normalize("NFC", shown.replace("_", " "))[:60]
    label = label[:1].upper() + label[1:] or class_id
    return ClassChoice(folder, class_id, label, "", role or _role_of(name), known=False)


def with_own_colours(choices: Sequence[ClassChoice]) -> tuple[ClassChoice, ...]:
    """The same classes, new ones with colours that no other class has, while there are some."""
    used = {choice.colour for choice in choices if choice.known}
    free = [colour for colour in _COLOURS if colour not in used]
    painted = []
    for choice in choices:
        colour = choice.colour if choice.known else free.pop(0) if free else "#999999"
        painted.append(replace(choice, colour=colour))
    return tuple(painted)


def what_is_missing(choices: Sequence[ClassChoice]) -> str:
    """Why these classes cannot be trained yet, as a sentence; "" when they can."""
    undecided = [c.folder for c in choices if c.role is None]
    if undecided:
        return f"Say whether {_listed(undecided)} is tumour, benign or normal."
    for key in ("id", "label"):
        counts = Counter(getattr(c, key).casefold() for c in choices)
        doubled = [c.label for c in choices if counts[getattr(c, key).casefold()] > 1]
        if doubled:
            return f"Two folders cannot both be “{doubled[0]}”: give one of them another name."
    return ""


def classes_document(choices: Sequence[ClassChoice]) -> dict[str, dict[str, str]]:
    """The content of a classes.json (training/README.md)."""
    return {
        c.folder: {"id": c.id, "label": c.label, "colour": c.colour, "role": str(c.role)} for c in choices
    }


def _class_of_model(label: str, spec: ModelSpec | None) -> ClassSpec | None:
    wanted = KNOWN_FOLDERS.get(label, _identifier(label))
    for found in () if spec is None else spec.classes:
        if wanted in (found.id, _identifier(found.label)):
            return found
    return None


def _role_of(name: str) -> Role | None:
    """What the name says plainly; anything else is for a person to say."""
    lower = name.lower()
    found = [role for role, words in _ROLE_WORDS.items() if any(word in lower for word in words)]
    return found[0] if len(found) == 1 else None


def _identifier(name: str) -> str:
    """Lower-case letters, digits and _, beginning with a letter, as class ids are written."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:32].strip("_")
    return text if text[:1].isalpha() else f"class_{text}".strip("_")[:32]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
