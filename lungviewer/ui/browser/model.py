"""The files of the open folder as rows: filtered, in order, with what is known about each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Signal, Slot

from lungviewer.core.types import ImageRecord, Status
from lungviewer.ui import words
from lungviewer.ui.browser.arranging import (
    NEEDS_REVIEW,
    NOTHING,
    Answers,
    Filter,
    Order,
    arrange,
)
from lungviewer.ui.browser.kinds import kind_text, kind_word, waiting_text
from lungviewer.ui.browser.loading import ThumbnailLoader
from lungviewer.ui.browser.roles import Role
from lungviewer.ui.ct import words as ct
from lungviewer.ui.listing import Entry
from lungviewer.ui.names import shown, tooltip
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.telling import Hidden, hidden_words, told

_FEW = 64
"""Changed rows that are told one by one; more are told as one range."""


class BrowserModel(QAbstractListModel):
    """`set_entries` for another folder, `note` for new answers, `arrange` when the order may have changed."""

    arranged = Signal()  # other rows, or another order
    failed = Signal(object)  # Path: a slide that nobody has looked at cannot be read

    def __init__(
        self, session: ViewerSession, loader: ThumbnailLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._loader = loader
        self._entries: Sequence[Entry] = ()
        self._names: dict[Path, str] = {}
        self._rows: list[Path] = []
        self._row_of: dict[Path, int] = {}
        self._order = Order.NAME
        self._filter = Filter()
        self._is_hidden: Hidden = self._blinded
        self._review: Callable[[Path], str] = _unreviewed
        self.answers = Answers()
        loader.arrived.connect(self._thumbnail_arrived)

    # --- what is shown ---------------------------------------------------------------------------

    @property
    def order(self) -> Order:
        return self._order

    @property
    def filter(self) -> Filter:
        return self._filter

    @property
    def total(self) -> int:
        """Files in the folder, shown or not."""
        return len(self._entries)

    @property
    def rows(self) -> list[Path]:
        """The files that are shown, in order."""
        return self._rows

    def row_of(self, path: Path | None) -> int:
        """The row of a file; -1 when it is not shown."""
        return -1 if path is None else self._row_of.get(path, -1)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show these files, which come in natural order."""
        self.beginResetModel()
        self._loader.clear()
        self._loader.take_sources(self._session.opened.middle_files())
        self._entries = entries
        self._names = {entry.path: entry.name for entry in self._entries}
        self.answers = Answers()
        for entry in self._entries:
            self._learn(entry.path)
        self._put(self._arranged())
        self.endResetModel()
        self.arranged.emit()

    def set_order(self, order: Order) -> None:
        self._order = order
        self.arrange()

    def set_filter(self, wanted: Filter) -> None:
        self._filter = wanted
        self.arrange()

    def note(self, changed: Iterable[Path]) -> None:
        """Take over what the session knows about these files by now. The order stays until `arrange`."""
        rows = []
        for path in changed:
            if path in self._names:
                self._learn(path)
                row = self._row_of.get(path)
                if row is not None:
                    rows.append(row)
        if len(rows) > _FEW:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))
            return
        for row in rows:
            self.dataChanged.emit(self.index(row), self.index(row))

    def repaint_all(self) -> None:
        """Words or colours have changed."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    @property
    def order_follows_answers(self) -> bool:
        """Whether a new answer can move, add or remove rows."""
        return self._order is not Order.NAME or self._filter.chosen > 0

    def arrange(self) -> None:
        """Put the rows in order again. The selection stays on its file if that is still shown."""
        rows = self._arranged()
        if rows == self._rows:
            return
        if len(rows) == len(self._rows) and set(rows) == set(self._rows):
            self.layoutAboutToBeChanged.emit()
            before = self.persistentIndexList()
            paths = [self._rows[index.row()] for index in before]
            self._put(rows)
            self.changePersistentIndexList(before, [self.index(self._row_of[path]) for path in paths])
            self.layoutChanged.emit()
        else:
            self.beginResetModel()
            self._put(rows)
            self.endResetModel()
        self.arranged.emit()

    def needs_review(self, path: Path) -> bool:
        """Whether a person should look at a file, as far as it is told."""
        return self.answers.known.get(path, NOTHING).status in NEEDS_REVIEW

    def next_review(self, after: int) -> int:
        """The first row behind `after` that needs review and has none, going round; -1 when there is no
        other one."""
        count = len(self._rows)
        for step in range(1, count + 1):
            row = (after + step) % count
            if row != after and self._waits(self._rows[row]):
                return row
        return -1

    def no_next_review(self, here: Path | None) -> str:
        """Why there is no other row that needs review; `here` is looked at."""
        if here is not None and self._waits(here):
            return self.tr("No other image needs review.")
        if any(map(self.needs_review, self._rows)):
            return self.tr("Every image here that needs review has been reviewed.")
        return self.tr("No image needs review.")

    def _waits(self, path: Path) -> bool:
        return path not in self.answers.reviewed and self.needs_review(path)

    def unanswered(self) -> list[Path]:
        """Files that are shown and that the model could be asked about; slides are mapped one by one."""
        known, session = self.answers.known, self._session
        kept = [path for path in self._rows if path not in known]
        return [path for path in kept if not session.is_pending(path) and not session.is_left_alone(path)]

    def hide_answers(self, hidden: Hidden) -> None:
        """Say nothing of a file's call while `hidden` is true of it: a blinded reviewer decides first."""
        self._is_hidden = hidden
        self.tell_again()

    def mark_reviewed(self, review: Callable[[Path], str]) -> None:
        """`review`: what a person did about a file, in a word; "" for nothing, and where it is not told."""
        self._review = review
        self.tell_again()

    def tell_again(self) -> None:
        """Other answers are hidden than before: no count and no order may give them away."""
        stale = [p for p, known in self.answers.known.items() if self._is_hidden(p) is not known.untold]
        stale += [p for p in self._names if bool(self._review(p)) is not (p in self.answers.reviewed)]
        for path in stale:  # a selection is enough to be asked, of thousands of files
            self._learn(path)
        self.repaint_all()
        if stale and self.order_follows_answers:
            self.arrange()

    def _learn(self, path: Path) -> None:
        record = self._session.record(path)
        if record is None and self._session.is_left_alone(path):
            self.answers.note_slide(path, bool(self._loader.failure(path)))
        else:
            self.answers.note(path, record, record is not None and self._is_hidden(path))
        if self._review(path):
            self.answers.reviewed.add(path)
        else:
            self.answers.reviewed.discard(path)

    def _told(self, path: Path) -> ImageRecord | None:
        record = self._session.record(path)
        return None if record is None else told(record, self._is_hidden(path))

    def _blinded(self, _path: Path | None) -> bool:
        return self._session.settings.current.blinded

    def _arranged(self) -> list[Path]:
        answers = self.answers
        return arrange(self._entries, answers.known, self._order, self._filter, answers.reviewed)

    def _put(self, rows: list[Path]) -> None:
        self._rows = rows
        self._row_of = {path: row for row, path in enumerate(rows)}

    @Slot(object)
    def _thumbnail_arrived(self, path: Path) -> None:
        if self._loader.failure(path) and self._session.is_left_alone(path):
            self.failed.emit(path)
        row = self._row_of.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Role.THUMBNAIL, Role.FAILURE])

    # --- Qt's questions --------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        path = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return shown(self._session.opened.name_of(path))
        if role == Role.THUMBNAIL:
            return self._loader.picture(path)
        if role == Role.FAILURE:
            code = self._loader.failure(path)
            return words.reason_word(code) if code else ""
        if role == Qt.ItemDataRole.AccessibleTextRole:
            name, kind = shown(self._session.opened.name_of(path)), kind_text(self._session, path)
            said = (name, kind, self.status_text(path), self.badge(path), self._review_text(path))
            return ", ".join(filter(None, said))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(path)
        return self._answer(path, role)

    def _answer(self, path: Path, role: int) -> object:
        if role == Role.PATH:
            return path
        if role == Role.RECORD:
            return self._told(path)
        if role == Role.STATUS:
            return self._status(path)
        if role == Role.PENDING:
            return self._session.is_pending(path)
        if role == Role.BADGE:
            return self.badge(path)
        if role == Role.COLOUR:
            return self._colour(path)
        if role == Role.REVIEWED:
            return self._review(path)
        if role == Role.KIND:
            return kind_word(self._session, path)
        return None

    def badge(self, path: Path) -> str:
        """What stands under the picture; "" while nothing is known."""
        record = self._told(path)
        if record is not None:
            say = ct.badge if ct.is_series(record) else words.badge
            return say(record, self._session.spec)
        if self._session.record(path) is not None:
            return hidden_words()
        if self._session.is_left_alone(path):
            code = self._loader.failure(path)
            if not code:
                return waiting_text(self._session, path)
            unread = words.status_word(Status.ERROR)
            return self.tr("{unread}: {reason}").format(unread=unread, reason=words.reason_word(code))
        return self.tr("classifying…") if self._session.is_pending(path) else ""

    def status_text(self, path: Path) -> str:
        """The status of a call in a word; what is no call says it in its badge."""
        status = self._status(path)
        return "" if status is None else words.status_word(status)

    def _status(self, path: Path) -> Status | None:
        """None: there is no answer, or it is not told. A slide that waits for its map is not refused."""
        status = self.answers.known.get(path, NOTHING).status
        return status if isinstance(status, Status) else None

    def _review_text(self, path: Path) -> str:
        done = self._review(path)
        return self.tr("review: {done}").format(done=done) if done else ""

    def _colour(self, path: Path) -> str:
        record, spec = self._told(path), self._session.spec
        if record is None or spec is None:
            return ""
        if record.predicted_class not in spec.class_ids:
            return ""
        return spec.class_by_id(record.predicted_class).colour

    def _tooltip(self, path: Path) -> str:
        record = self._told(path)
        lines = [
            shown(self._names[path]),
            kind_text(self._session, path),
            self.badge(path),
            self._review_text(path),
        ]
        if record is not None:
            lines.append(record.error)
            if not record.error:
                lines += [words.reason_sentence(code) for code in words.reason_codes(record)]
        return tooltip(*lines)


def _unreviewed(_path: Path) -> str:
    return ""
