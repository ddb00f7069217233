"""What a confidence meant on the pack's own validation, in words."""

from __future__ import annotations

from lungviewer.core.model import CalibrationSpec


def how_often_right(calibration: CalibrationSpec, confidence: float) -> str:
    """How many of the validation calls near a confidence were right; "" when the pack has no such bin."""
    for bin_ in calibration.reliability:
        if bin_.n > 0 and bin_.low <= confidence <= bin_.high:
            return (
                f"On held-out images of the kind it was trained on, {bin_.right} of {bin_.n} calls shown at "
                f"{bin_.low:.0%}–{bin_.high:.0%} were right ({calibration.fitted_on}). "
                "For other laboratories see the card."
            )
    return ""
