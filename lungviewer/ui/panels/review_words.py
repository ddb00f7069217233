"""What the review log says, in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QDateTime, Qt

from lungviewer.core.model import ModelSpec
from lungviewer.services.agreement import decision
from lungviewer.store.review_entry import OTHER, Action, ReviewEntry
from lungviewer.ui.words import class_label


def _tr(text: str) -> str:
    return QCoreApplication.translate("review", text)


def chosen_label(class_id: str, spec: ModelSpec | None) -> str:
    """A class that a person chose, as people call it."""
    return _tr("Other, or cannot tell") if class_id == OTHER else class_label(class_id, spec)


def when(time: str) -> str:
    """A UTC time of the log as the person's own date and time, written as in reports."""
    moment = QDateTime.fromString(time, Qt.DateFormat.ISODate).toLocalTime()
    return moment.toString("yyyy-MM-dd HH:mm")


def entry_line(entry: ReviewEntry, spec: ModelSpec | None, before: str = "") -> str:
    """One entry: what, by whom, when, about which model's answer, and the comment. `before`: the class that
    was decided on until then."""
    changed = entry.decides and before not in ("", entry.chosen)
    line = {
        Action.ACCEPT: _tr("Changed from {before} to {label}, accepting the call. {who}, {when}.")
        if changed
        else _tr("Accepted: {label}. {who}, {when}."),
        Action.OVERRIDE: _tr("Changed from {before} to {label}, overriding the call. {who}, {when}.")
        if changed
        else _tr("Overridden: {label}. {who}, {when}."),
        Action.FIRST_READ: _tr(
            "First read, answer not shown since the program was started: {label}. {who}, {when}."
        ),
        Action.REREAD: _tr("Read with the answer hidden, but seen before: {label}. {who}, {when}."),
        Action.COMMENT: _tr("Comment. {who}, {when}."),
    }[Action(entry.action)].format(
        before=chosen_label(before, spec),
        label=chosen_label(entry.chosen, spec),
        who=entry.reviewer,
        when=when(entry.time),
    )
    if entry.pack_id:
        line += " " + _tr("Model {name} {version}.").format(name=entry.pack_id, version=entry.pack_version)
    return f"{line} “{entry.comment}”" if entry.comment else line


def in_force(
    history: Sequence[ReviewEntry] | None, spec: ModelSpec | None, *, hidden: bool, seen: bool
) -> tuple[str, str]:
    """Symbol and sentence for what is on record; `hidden`: nothing of it is told."""
    if not hidden:
        return "ok" if history and decision(history) else "", standing(history, spec)
    if seen:
        return "warning", _tr("You have seen this answer before: your call will not count as blinded.")
    return "", _tr("The answer and earlier reviews are shown when you have decided.")


def history_text(history: Sequence[ReviewEntry] | None, spec: ModelSpec | None) -> str:
    """All entries, the newest first; a second decision says what it changed."""
    lines, before = [], ""
    for entry in history or ():
        lines.append(f"{entry.number}. {entry_line(entry, spec, before)}")
        before = entry.chosen if entry.decides else before
    return "\n\n".join(reversed(lines))


def done(history: Sequence[ReviewEntry]) -> str:
    """What people did about an image, in a word; "" for nothing."""
    last = decision(history) or next((e for e in reversed(history) if e.chosen), None)
    if last is None:
        return _tr("commented") if history else ""
    return {Action.ACCEPT: _tr("accepted"), Action.OVERRIDE: _tr("overridden")}.get(
        Action(last.action), _tr("class given, answer hidden")
    )


def standing(history: Sequence[ReviewEntry] | None, spec: ModelSpec | None) -> str:
    """What is on record for an image, in a sentence or two; None: nobody has looked yet."""
    if history is None:
        return _tr("Looking into the review log…")
    last = decision(history)
    if last is not None:
        return entry_line(last, spec)
    return entry_line(history[-1], spec) if history else _tr("Nothing is on record for this image.")
