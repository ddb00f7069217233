"""What the class folders of known data sets mean, and how a person says so for others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lungviewer.core.model import ClassSpec, Role
from training.errors import DataProblem

# Colours from Okabe & Ito (2008), "Color Universal Design": told apart with any colour vision.
VERMILLION, GREEN, BLUE = "#d55e00", "#009e73", "#0072b2"

ADENOCARCINOMA = ClassSpec("adenocarcinoma", "Adenocarcinoma", VERMILLION, Role.TUMOUR)
BENIGN = ClassSpec("benign", "Benign lung tissue", GREEN, Role.BENIGN)
SQUAMOUS = ClassSpec("squamous_cell_carcinoma", "Squamous cell carcinoma", BLUE, Role.TUMOUR)

KNOWN_LABELS: Mapping[str, ClassSpec] = {
    # LC25000 (Borkowski et al. 2019, arXiv:1912.12142)
    "lung_aca": ADENOCARCINOMA,
    "lung_n": BENIGN,
    "lung_scc": SQUAMOUS,
    "adenocarcinoma": ADENOCARCINOMA,
    "squamous_cell_carcinoma": SQUAMOUS,
}

_ID = re.compile(r"^[a-z][a-z0-9_]{0,31}$")
_COLOUR = re.compile(r"^#[0-9a-f]{6}$")


def read_classes(path: Path) -> dict[str, ClassSpec]:
    """Read a `classes.json`: `{"folder": {"id": …, "label": …, "colour": "#rrggbb", "role": …}, …}`.

    Raises:
        DataProblem: it is not that.
    """
    try:
        table = json.loads(path.read_bytes())
        return {str(label): _class_from(entry) for label, entry in table.items()}
    except OSError as error:
        raise DataProblem(f"The classes file cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataProblem(
            f"The classes file cannot be used ({error}).",
            hint='It maps folder names to {"id": …, "label": …, "colour": "#rrggbb", "role": "tumour", '
            '"benign" or "normal"}.',
        ) from error


def _class_from(entry: Mapping[str, str]) -> ClassSpec:
    spec = ClassSpec(entry["id"], entry["label"], entry["colour"].lower(), Role(entry["role"]))
    if not _ID.match(spec.id):
        raise ValueError(f"the id {spec.id!r} is not lower-case letters, digits and _")
    if not _COLOUR.match(spec.colour):
        raise ValueError(f"the colour {spec.colour!r} is not #rrggbb")
    return spec


def classes_for(labels: Iterable[str], table: Mapping[str, ClassSpec] | None = None) -> dict[str, ClassSpec]:
    """The class of each label, in the order of class ids (the order of the model's outputs).

    Raises:
        DataProblem: a label is not known, two labels share an id, or there are fewer than two.
    """
    known = {**KNOWN_LABELS, **(table or {})}
    wanted = sorted(set(labels))
    unknown = [label for label in wanted if label not in known]
    if unknown:
        raise DataProblem(
            f"{len(unknown)} class folders are not known ({', '.join(unknown[:5])}).",
            hint="Say what they are with --classes classes.json (training/README.md shows one).",
            listed=unknown,
        )
    chosen = sorted(((known[label], label) for label in wanted), key=lambda pair: pair[0].id)
    ids = [spec.id for spec, _ in chosen]
    if len(set(ids)) != len(ids):
        raise DataProblem("Two class folders have the same class id.")
    if len(ids) < 2:
        raise DataProblem(
            "At least two classes are needed.", hint="Point at the folder above the class folders."
        )
    return {label: spec for spec, label in chosen}
