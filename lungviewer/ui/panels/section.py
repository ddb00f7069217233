"""A heading that folds what is below it away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from lungviewer.ui.enter_button import EnterButton
from lungviewer.ui.prose import bold_font


class _Heading(EnterButton):
    """The arrow keys open and close."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, closed = event.key(), self.arrowType() == Qt.ArrowType.RightArrow
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            if closed == (key == Qt.Key.Key_Right):
                self.click()
        else:
            super().keyPressEvent(event)


class Section(QFrame):
    """`body` under a heading; stays open or closed as the person left it while the window is open."""

    def __init__(
        self, title: str, body: QWidget, parent: QWidget | None = None, *, opened: bool = True
    ) -> None:
        super().__init__(parent)
        self.body = body
        # Not a checkable button: an open section would look like a pressed one.
        self.heading = _Heading()
        self.heading.setText(title)
        self.heading.setAccessibleName(title)
        self.heading.setAutoRaise(True)
        self.heading.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.setFont(bold_font())
        self.heading.clicked.connect(self._toggle)
        rule = QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Plain)
        rule.setForegroundRole(QPalette.ColorRole.Mid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self.heading, body, rule):
            column.addWidget(part)
        self.open(opened)

    @property
    def opened(self) -> bool:
        return self.heading.arrowType() == Qt.ArrowType.DownArrow

    def open(self, on: bool) -> None:
        """Show what is below the heading, or fold it away."""
        self.heading.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.heading.setAccessibleDescription(self.tr("open") if on else self.tr("closed"))
        self.body.setVisible(on)

    @Slot()
    def _toggle(self) -> None:
        self.open(not self.opened)
