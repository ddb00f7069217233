"""What a confidence meant on the pack's own validation, in words."""

from __future__ import annotations

import math

from lungviewer.core.model import CalibrationSpec

FEWEST_CALLS = 20
"""Of fewer calls a share says next to nothing: 2 of 2 are right by chance, however doubtful."""

_Z = 1.959964  # of a normal distribution, for 95 %


def how_often_right(calibration: CalibrationSpec, confidence: float) -> str:
    """How many of the validation calls near a confidence were right; "" when the pack has no such bin."""
    for bin_ in calibration.reliability:
        if bin_.n > 0 and bin_.low <= confidence <= bin_.high:
            shown_at = share_range(bin_.low, bin_.high)
            if bin_.n < FEWEST_CALLS:
                return (
                    f"Too few calls were shown at {shown_at} on held-out images of the kind it was trained "
                    f"on to say how often that is right ({bin_.n}, of which {bin_.right} right)."
                )
            interval = share_range(*wilson_interval(bin_.right, bin_.n))
            fitted_on = calibration.fitted_on
            groups = "; a group is all images of one original or patient" if "group" in fitted_on else ""
            return (
                f"On held-out images of the kind it was trained on, {bin_.right} of {bin_.n} calls shown at "
                f"{shown_at} were right ({interval}, each image counted by itself; {fitted_on}{groups})."
            )
    return ""


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), as if each of the `n` were drawn by itself."""
    centre = (right + _Z**2 / 2) / (n + _Z**2)
    half = _Z / (n + _Z**2) * math.sqrt(right * (n - right) / n + _Z**2 / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def share_range(low: float, high: float) -> str:
    """ "80–90 %"."""
    return f"{low * 100:.0f}–{high * 100:.0f}\u00a0%"
