"""What pack.json states, in words."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lungviewer.core.ct import CT
from lungviewer.core.model import ModelSpec
from lungviewer.ui.prose import Prose
from lungviewer.ui.symbol import Swatch
from lungviewer.ui.words import file_size, percent

_GROUP = 8  # hexadecimal digits that an eye can compare at once
Rows = list[tuple[str, str]]


class FactsPage(QScrollArea):
    """Classes with colours and roles, input, thresholds, provenance, files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Facts about the model"))

    def show_spec(self, spec: ModelSpec | None, sha256: str) -> None:
        """Show a pack's statement; nothing when there is none."""
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        if spec is not None:
            self._add_classes(column, spec)
            form = QFormLayout()
            form.setHorizontalSpacing(16)
            form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
            column.addLayout(form)
            for title, rows in (
                (self.tr("Input"), self._input(spec)),
                (self.tr("Calls and refusals"), self._trust(spec)),
                (self.tr("Where it comes from"), self._origin(spec, sha256)),
                (self.tr("Files"), self._files(spec)),
            ):
                _add_rows(form, title, rows)
        column.addStretch(1)
        self.setWidget(inside)

    def _add_classes(self, column: QVBoxLayout, spec: ModelSpec) -> None:
        roles = {"tumour": self.tr("tumour"), "benign": self.tr("benign"), "normal": self.tr("normal")}
        column.addWidget(Prose(self.tr("Classes"), bold=True))
        for one in spec.classes:
            text = self.tr("{label}: {role}; id {id}, colour {colour}")
            words = text.format(label=one.label, role=roles[one.role.value], id=one.id, colour=one.colour)
            row = QHBoxLayout()
            row.addWidget(Swatch(one.colour))
            row.addWidget(Prose(words, selectable=True), 1)
            column.addLayout(row)

    def _input(self, spec: ModelSpec) -> Rows:
        size = spec.input.size
        network = self.tr("{name}, run by {runtime}").format(name=spec.architecture, runtime=spec.runtime)
        heat_map = self.tr("{method} of layer {layer}")
        return [
            (self.tr("Pixels"), f"{size} × {size}"),
            *(self._window(spec) if spec.modality == CT else self._scale(spec)),
            (self.tr("Resized with"), spec.input.resize),
            (self.tr("Network"), network),
            (self.tr("Heat map"), heat_map.format(method=spec.explain.method, layer=spec.explain.layer)),
        ]

    def _scale(self, spec: ModelSpec) -> Rows:
        number = QLocale().toString
        scale, field = number(spec.input.um_per_px, "g", 4), number(spec.input.field_um, "g", 4)
        return [
            (self.tr("Scale"), self.tr("{n} µm per pixel").format(n=scale)),
            (self.tr("Field"), self.tr("{n} µm each way").format(n=field)),
        ]

    def _window(self, spec: ModelSpec) -> Rows:
        """A slice is looked at as a whole, through one window whatever a person looks through."""
        window, number = spec.input.window, QLocale().toString
        text = self.tr("not stated")
        if window is not None:
            text = self.tr("centre {c} HU, width {w} HU").format(
                c=number(window.centre, "g", 5), w=number(window.width, "g", 5)
            )
        return [(self.tr("Reads"), self.tr("CT, slice by slice")), (self.tr("Window"), text)]

    def _trust(self, spec: ModelSpec) -> Rows:
        trust, number = spec.trust, QLocale().toString
        below = self.tr("confidence below {share}").format(share=percent(trust.review_below))
        if trust.always_review:
            below = self.tr(
                "every answer, however sure: it did not reach its aim for unreviewed calls in validation"
            )
        refused = self.tr("only what fails the image checks: it answers about anything else")
        if trust.score != "none":
            refused = self.tr("strangeness ({score}) above {n}, or what fails the image checks").format(
                score=trust.score, n=number(trust.refuse_above, "g", 4)
            )
        fitted = spec.calibration.fitted_on or self.tr("not calibrated")
        return [
            (self.tr("Needs review"), below),
            (self.tr("Refused"), refused),
            (self.tr("Calibrated on"), fitted),
            (self.tr("Temperature"), number(spec.calibration.temperature, "g", 4)),
        ]

    def _origin(self, spec: ModelSpec, sha256: str) -> Rows:
        made = spec.provenance
        groups = " ".join(sha256[i : i + _GROUP] for i in range(0, len(sha256), _GROUP))
        return [
            (self.tr("Id and version"), f"{spec.id}@{spec.version}"),
            (self.tr("SHA-256"), groups),
            (self.tr("Validated"), self.tr("yes") if spec.validated else self.tr("no")),
            (self.tr("Split by"), made.split_unit),
            (self.tr("Data"), made.data),
            (self.tr("Made"), self.tr("{date} by {code}").format(date=made.date, code=made.code_version)),
        ]

    def _files(self, spec: ModelSpec) -> Rows:
        text = self.tr("{size}, SHA-256 {sha}…")
        return [
            (name, text.format(size=file_size(stamp.bytes), sha=stamp.sha256[: 2 * _GROUP]))
            for name, stamp in sorted(spec.files.items())
        ]


def _add_rows(form: QFormLayout, title: str, rows: Rows) -> None:
    head = Prose(title, bold=True)
    head.setContentsMargins(0, 8, 0, 0)
    form.addRow(head)
    for name, value in rows:
        form.addRow(Prose(name), Prose(value, selectable=True))
