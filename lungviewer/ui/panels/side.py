"""The column on the right: everything that is said about the current image."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from lungviewer.ui.ct.summary import SeriesSection
from lungviewer.ui.mapping.section import SlideSection
from lungviewer.ui.panels.check import CheckSection
from lungviewer.ui.panels.explanation import ExplanationSection
from lungviewer.ui.panels.prediction import PredictionSection
from lungviewer.ui.panels.provenance import ProvenanceSection
from lungviewer.ui.panels.regions import RegionsSection
from lungviewer.ui.panels.section import Section
from lungviewer.ui.panels.shown import Shown, shown, without_call
from lungviewer.ui.panels.trust_line import TrustSection
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden
from lungviewer.ui.unmapped import is_unmapped

_WIDTH = 330
_LEAST_WIDTH = 280
_CALM_MS = 500
"""While a slide is mapped or a series is looked at, numbers change no more often than they can be read. The
first ones are shown at once."""


class SidePanel(QScrollArea):
    """Sections under each other. `jump_asked` carries the centre of a region, in level-0 pixels."""

    jump_asked = Signal(float, float)

    def __init__(self, session: ViewerSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        # Several changes may come at once, the last of them only after its signal: look when all is said.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._calmly = QTimer(self, singleShot=True, interval=_CALM_MS)
        self.prediction = PredictionSection()
        self.trust = TrustSection()
        self.slide = SlideSection(session.mapping)
        self.series = SeriesSection(session)
        self.explanation = ExplanationSection(session.explaining)
        self.check = CheckSection(session)
        self.regions = RegionsSection(session)
        self.provenance = ProvenanceSection(session)
        self._parts = (
            self.prediction,
            self.trust,
            self.slide,
            self.series,
            self.explanation,
            self.check,
            self.regions,
            self.provenance,
        )
        self.sections: dict[str, Section] = {}
        self._hidden: Hidden = _never
        self._mapping = self._answered = False
        self._lay_out()
        self.regions.jump_asked.connect(self.jump_asked)
        self._soon.timeout.connect(self._show)
        self._calmly.timeout.connect(self._show)
        for signal in (session.current_changed, session.model_changed, session.scale_changed):
            signal.connect(self.refresh)
        session.slice.changed.connect(self.refresh)
        session.mapping.mapper.ended.connect(self.refresh)
        session.mapping.changed.connect(self._mapping_changed)
        session.outcome_changed.connect(self._outcome_changed)
        self._show()

    def add_section(self, title: str, widget: QWidget) -> Section:
        """Put a further section at the end."""
        section = Section(title, widget)
        self._column.insertWidget(self._column.count() - 1, section)
        self.sections[title] = section
        return section

    @property
    def settled(self) -> bool:
        """Whether everything there is to say is shown."""
        return not self._soon.isActive() and not self._calmly.isActive()

    def hide_answers(self, hidden: Hidden) -> None:
        """Say nothing of an image's call while `hidden` is true of it: a blinded reviewer has not
        decided yet. What is no call is shown. `refresh` asks again."""
        self._hidden = hidden
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look again at what there is to say."""
        self._soon.start()

    def shutdown(self) -> None:
        """Stop what runs for this panel."""
        self._soon.stop()
        self._calmly.stop()
        for part in (self.explanation, self.check, self.regions):
            part.shutdown()

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, 600)

    def _lay_out(self) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_LEAST_WIDTH)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(6, 4, 6, 4)
        self._column.addStretch(1)
        self.setWidget(content)
        self.add_section(self.tr("Prediction"), self.prediction)
        self.add_section(self.tr("Trust"), self.trust)
        self._slide = self.add_section(self.tr("Slide"), self.slide)
        self._series = self.add_section(self.tr("Series"), self.series)
        self._about_map = (
            self.add_section(self.tr("Explanation"), self.explanation),
            self.add_section(self.tr("Does the map hold?"), self.check),
        )
        self._regions = self.add_section(self.tr("Regions"), self.regions)
        self.add_section(self.tr("Provenance"), self.provenance).open(False)

    @Slot(object)
    def _outcome_changed(self, path: Path) -> None:
        if path != self._session.current:
            return
        first = not self._answered and _answers(shown(self._session))
        if first or not self._growing:
            self.refresh()
        if self._growing and (first or not self._calmly.isActive()):
            self._calmly.start()

    @property
    def _growing(self) -> bool:
        """Whether more of the same answer comes every moment."""
        session = self._session
        result = session.result()
        of_series = result is not None and result.series is not None and not result.series.complete
        return session.mapping.running or (of_series and session.is_pending(session.current))

    @Slot()
    def _mapping_changed(self) -> None:
        if self._session.mapping.running is not self._mapping:
            self.refresh()

    @Slot()
    def _show(self) -> None:
        state = shown(self._session)
        self._mapping, self._answered = state.mapping, _answers(state)
        if self._hidden(state.path):
            state = without_call(state)
        for part in self._parts:
            part.show_state(state)
        self._slide.setVisible(self.slide.concerns(state))
        self._series.setVisible(self.series.concerns(state))
        unmapped = state.record is not None and is_unmapped(state.record)
        for section in self._about_map:
            section.setVisible(not unmapped)  # where there is no map there is nothing to choose of it
        self._regions.setVisible(self.regions.concerns(state))
        self._fit_width()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.refresh()
        super().changeEvent(event)

    def _fit_width(self) -> None:
        """There is no scrolling sideways: what is inside must fit, whatever the text size."""
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(max(_LEAST_WIDTH, self.widget().minimumSizeHint().width() + bar))


def _answers(state: Shown) -> bool:
    """Whether there are numbers for the slice, or of some of the slide."""
    return state.result is not None and (state.result.slide is None or bool(state.result.slide.tiles))


def _never(_path: Path | None) -> bool:
    return False
