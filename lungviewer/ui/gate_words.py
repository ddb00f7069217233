"""The gate of all models in words, and what is asked before a model that fails it is used."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from lungviewer.services.gate import Gate, GateRow

_NAMED = 3


def _tr(text: str) -> str:
    return QCoreApplication.translate("gate", text)


def gate_title(gate: Gate) -> str:
    """Whether the pack passes the gate of all packs."""
    if gate.passes is None:
        return _tr("Whether this model passes the gate of all models was not measured.")
    if gate.passes:
        return _tr("Passes the gate of all models: {n} of {n} rows.").format(n=gate.judged)
    return _tr("Does not pass the gate of all models: {n} of {all} rows fail.").format(
        n=len(gate.failing), all=gate.judged
    )


def gate_row(row: GateRow) -> str:
    """A row that does not pass."""
    verdict = {"FAIL": _tr("fails"), "NOT MEASURED": _tr("not measured")}.get(row.verdict, row.verdict)
    return _tr("{what}: {verdict}. Wanted {wanted}, reached {reached}.").format(
        what=row.what, verdict=verdict, wanted=row.wanted, reached=row.reached
    )


def doubt(gate: Gate, validated: bool, *, name_rows: bool = False) -> str:
    """Why a person is asked before this model answers; "" when there is no reason. `name_rows`: where they
    do not stand beside it."""
    if not validated:
        why = _tr(
            "It is not validated: its confidence means nothing until it is measured on labelled images."
        )
    elif gate.passes is False:
        why = _tr("It fails {n} of {all} rows of the gate of all models.").format(
            n=len(gate.failing), all=gate.judged
        )
        if name_rows and gate.failing:
            listed = "; ".join(row.what for row in gate.failing[:_NAMED])
            more = "; …" if len(gate.failing) > _NAMED else ""
            why = _tr("{why} They are: {rows}.").format(why=why, rows=listed + more)
    else:
        return ""
    return _tr("{why} Use it all the same?").format(why=why)


def answers() -> tuple[str, str]:
    """Of the question that `doubt` ends with: yes and no."""
    return _tr("Use it all the same"), _tr("Do not use it")
