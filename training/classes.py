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

NORMAL_CT = ClassSpec("normal", "Normal", GREEN, Role.NORMAL)
BENIGN_CT = ClassSpec("benign", "Benign", BLUE, Role.BENIGN)
MALIGNANT_CT = ClassSpec("malignant", "Malignant", VERMILLION, Role.TUMOUR)

CT_LABELS: Mapping[str, ClassSpec] = {
    "normal": NORMAL_CT,
    "benign": BENIGN_CT,
    "malignant": MALIGNANT_CT,
    # IQ-OTH/NCCD (Alyasriy & Al-Huseiny 2020, doi:10.17632/bhmdr45bh2), its folders as they are spelt there
    "Normal cases": NORMAL_CT,
    "Bengin cases": BENIGN_CT,
    "Malignant cases": MALIGNANT_CT,
}
"""Taken when all folders of a data set are among these: "benign" alone could be tissue as well."""

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
    wanted = sorted(set(labels))
    known = {**(CT_LABELS if set(wanted) <= set(CT_LABELS) else KNOWN_LABELS), **(table or {})}
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
