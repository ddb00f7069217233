"""Second page: what the check of the folder found."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout

from lungviewer.ui.icons import icon
from lungviewer.ui.prose import Prose
from lungviewer.ui.reading import MarkdownView
from lungviewer.ui.retrain.controller import RetrainController
from lungviewer.ui.retrain.parts import Page, add_sentence, cells, empty_layout

_ICONS = {"stop": "error", "warning": "warning", "note": "info"}


class AuditPage(Page):
    """Counts per class, and findings with a word for how grave they are."""

    def __init__(self, controller: RetrainController) -> None:
        super().__init__(controller, "")
        self.title = self.tr("Check")
        self._summary = Prose(selectable=True)
        self.column.addWidget(self._summary)
        self._counts = QGridLayout()
        self._counts.setHorizontalSpacing(24)
        self._counts.setColumnMinimumWidth(0, self.fontMetrics().averageCharWidth() * 30)
        row = QHBoxLayout()
        row.addLayout(self._counts)
        row.addStretch(1)
        self.column.addLayout(row)
        self.column.addWidget(Prose(self.tr("Findings"), bold=True))
        self._findings = QVBoxLayout()
        self._findings.setSpacing(6)
        self.column.addLayout(self._findings)
        self.whole = MarkdownView(self)
        self.whole.setWindowFlag(Qt.WindowType.Window)
        self.whole.setWindowTitle(self.tr("Report of the check"))
        self.whole.resize(760, 600)
        self.whole.hide()
        self.report = QPushButton(icon("report"), self.tr("Open the full &report"))
        self.report.clicked.connect(self._open_report)
        row = QHBoxLayout()
        row.addWidget(self.report)
        row.addStretch(1)
        self.column.addLayout(row)
        self.column.addStretch(1)
        controller.checked.connect(self._show)
        controller.changed.connect(self.buttons_changed)
        controller.classes_changed.connect(self.buttons_changed)
        self._show()

    @Slot()
    def _show(self) -> None:
        audit = self.controller.audit
        empty_layout(self._counts)
        empty_layout(self._findings)
        if audit is None:
            return
        number = self.locale().toString
        groups = self.tr("{n} groups") if audit.groups_known else self.tr("{n} file names (groups unknown)")
        parts = [
            self.tr("{n} of {listed} images can be read").format(
                n=number(audit.images), listed=number(audit.listed)
            ),
            groups.format(n=number(audit.groups)),
            self.tr("{n} unreadable").format(n=number(audit.unreadable)),
            self.tr("{n} identical copies").format(n=number(audit.copies)),
            self.tr("{n} pairs that look alike").format(n=number(audit.alike)),
        ]
        self._summary.setText(self.tr("{list}.").format(list=" · ".join(parts)))
        cells(self._counts, 0, [self.tr("Class"), self.tr("Images"), self.tr("Groups")], bold=True)
        for row, count in enumerate(audit.classes, 1):
            cells(self._counts, row, [count.label, number(count.images), number(count.groups)])
        words = {"stop": self.tr("Stop"), "warning": self.tr("Warning"), "note": self.tr("Note")}
        for finding in audit.findings:
            text = self.tr("{word}: {text}").format(word=words[finding.level], text=finding.text)
            add_sentence(self._findings, _ICONS[finding.level], text)
        if not audit.findings:
            good = self.tr("Nothing was found that speaks against training on these images.")
            add_sentence(self._findings, "ok", good)
        self.buttons_changed.emit()

    def forward_text(self) -> str:
        return self.tr("&Next: kind of training")

    def can_go_forward(self) -> bool:
        audit = self.controller.audit
        return audit is not None and all(f.level != "stop" for f in audit.findings)

    def go_forward(self) -> None:
        self.next_asked.emit()

    @Slot()
    def _open_report(self) -> None:
        if self.controller.audit is not None:
            self.whole.show_markdown(self.controller.audit.report)
            self.whole.show()
            self.whole.raise_()
