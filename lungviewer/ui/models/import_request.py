"""What is asked when a Keras file is imported, and whether the answers make sense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

SCALINGS = ("none", "0-1", "-1-1", "imagenet", "caffe")
ROLES = ("tumour", "benign", "normal")
_SUFFIXES = (".keras", ".h5", ".hdf5")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("import", text)


def proposed_id(file: Path) -> str:
    """A pack id made from a file's name; "" when nothing of it can be used."""
    return re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:64]


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`classes` in the order of the model's outputs, each "name" or "name: role"; `um_per_px` 0: not
    known."""

    file: str
    id: str
    classes: tuple[str, ...]
    input_size: int
    modality: str
    stain: str
    scaling: str
    um_per_px: float

    def problem(self) -> str:
        """What is missing or wrong, as a sentence; "" when nothing is."""
        if not self.file:
            return _tr("Choose the model's file.")
        if Path(self.file).suffix.lower() not in _SUFFIXES:
            return _tr("The file must be a Keras model: .keras or .h5.")
        if not _ID.fullmatch(self.id):
            return _tr("The name needs 2 to 64 small letters, digits and hyphens.")
        return self._class_problem()

    def _class_problem(self) -> str:
        if len(self.classes) < 2:
            return _tr("Name at least two classes, one a line, in the order of the model's outputs.")
        names = [_parts(line)[0].lower() for line in self.classes]
        for line, name in zip(self.classes, names, strict=True):
            role = _parts(line)[1]
            if not any(letter.isascii() and letter.isalnum() for letter in name) or "," in line:
                return _tr("“{line}” is no name of a class.").format(line=line)
            if role and role not in ROLES:
                return _tr("“{role}” is no role: write tumour, benign or normal.").format(role=role)
            if names.count(name) > 1:
                return _tr("The class “{name}” is named twice.").format(name=name)
        return ""

    def arguments(self, packs: Path) -> list[str]:
        """For the training program; the pack's folder will lie in `packs`."""
        classes = ",".join(":".join(filter(None, _parts(line))) for line in self.classes)
        # Equals signs keep values such as "-1-1" from being read as options.
        given = ["import-keras", self.file, f"--out={packs / self.id}", f"--id={self.id}"]
        given += [f"--classes={classes}", f"--input-size={self.input_size}", f"--modality={self.modality}"]
        given += [f"--scaling={self.scaling}"]
        if self.modality == "histology" and self.stain:
            given.append(f"--stain={self.stain}")
        if self.um_per_px:
            given.append(f"--um-per-px={self.um_per_px:g}")
        return given


def class_lines(text: str) -> tuple[str, ...]:
    """The lines of a text that hold something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _parts(line: str) -> tuple[str, str]:
    name, _, role = line.partition(":")
    return name.strip(), role.strip().lower()
