"""What the comparison of a model in eight bits with the one in float came to, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.int8_check import LEAST_MAP_CORRELATION, MOST_FALL_POINTS

INT8_TITLE = "In eight bits"
"""Of the card's section."""


def int8_summary(record: Mapping[str, Any]) -> str:
    """A few sentences for a card or a terminal; `record` is what `int8_record` gave."""
    verdict = (
        "The pack ships an eight-bit model beside the float one"
        if record["shipped"]
        else f"The pack ships NO eight-bit model: it may lose at most {MOST_FALL_POINTS} points and its maps "
        f"must keep a correlation of at least {LEAST_MAP_CORRELATION} with those of the float model"
    )
    span = record["fall_interval"]
    interval = "no interval" if span is None else f"95 % interval {span[0]:.2f} to {span[1]:.2f}"
    return (
        f"{verdict}. On {record['images']} test images of {record['groups']} groups, split by "
        f"{record['split_unit']}, accuracy before refusal is {record['accuracy_int8']:.4f} in eight bits and "
        f"{record['accuracy_fp32']:.4f} in float: a fall of {record['fall_points']:.2f} points ({interval}). "
        f"Maps of the called class: correlation {record['map_correlation']:.3f}. The class is the same for "
        f"{record['agreement']:.1%} of the images, the status (ok, review, refused) for "
        f"{record['status_agreement']:.1%}; eight bits refuse {record['refused_int8']:.1%}, float "
        f"{record['refused_fp32']:.1%}. Where this was measured eight bits were "
        f"{record['speed_ratio']:.1f} times as fast; {record['bytes'] / 1e6:.1f} instead of "
        f"{record['bytes_fp32'] / 1e6:.1f} MB. Thresholds and all other figures are those of the float model."
    )
