"""What a confidence meant on the pack's own validation, in words."""

from __future__ import annotations

from lungviewer.core.model import CalibrationSpec


def how_often_right(calibration: CalibrationSpec, confidence: float) -> str:
    """ "Of 98 validation calls shown at 95–97 %, 94 were right.", or "" when the pack has no such bin."""
    for bin_ in calibration.reliability:
        if bin_.n > 0 and bin_.low <= confidence <= bin_.high:
            return (
                f"Of {bin_.n} validation calls shown at {bin_.low:.0%}–{bin_.high:.0%}, "
                f"{bin_.right} were right ({calibration.fitted_on})."
            )
    return ""
