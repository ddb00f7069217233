"""Failures of the training module, by name. File lists are carried as data, never inside the sentence."""

from __future__ import annotations

from collections.abc import Sequence

from lungviewer.core.errors import LungviewerError, UsageError


class DataProblem(UsageError):
    """The training data cannot be used as it is. `listed` names the files or groups meant."""

    code = "training_data"

    def __init__(self, message: str, *, hint: str | None = None, listed: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.listed = tuple(listed)


class LeakageError(DataProblem):
    """A group, or the very same picture, lies on two sides of a split. `listed` names them."""

    code = "leakage"
    default_hint = "Correct the groups in manifest.csv; figures from such a split would mean nothing."


class ParityError(LungviewerError):
    """The exported model does not compute what the trained one does."""

    code = "parity"
    default_hint = "The pack was not written. Please report it with what `lungviewer doctor` prints."


class ImportRefused(UsageError):
    """A foreign model file cannot be turned into a pack."""

    code = "import_refused"


class NotQuantisable(UsageError):
    """No eight-bit version of this model can be made or measured here."""

    code = "not_quantisable"


class GateFailed(LungviewerError):
    """A pack was measured, and does not reach everything that a pack must reach."""

    code = "gate"
    default_hint = "Such a pack is not shipped silently: its card must say which rows fail, and why."
