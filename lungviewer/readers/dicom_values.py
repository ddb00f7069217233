"""Values of DICOM elements as plain numbers and short texts: nothing is converted by a library that would
quote what it finds odd, because that could name a patient."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Elements = Mapping[int, Any]
"""Elements by tag, with `value` (bytes, as stored) and `is_little_endian`: of `dicom_walk`, or of
pydicom, where a value may also be a sequence."""

_MOST_TEXT_BYTES = 4096
"""Numbers and codes are short; longer values of such an element are somebody's mistake or trap."""


def be_quiet() -> None:
    """pydicom quotes values that it finds odd in warnings and logs: they could name a patient."""
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    logger = logging.getLogger("pydicom")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


def elements_of(found: Dataset) -> Elements:
    """What pydicom has read, nothing converted, so that nothing warns."""
    return {int(element.tag): element for element in found.elements()}


def raw(found: Elements, tag: int) -> tuple[bytes, bool]:
    """A value as it is stored, and whether little end first."""
    element = found.get(tag)
    value = getattr(element, "value", None)
    return (value if isinstance(value, bytes) else b""), bool(getattr(element, "is_little_endian", True))


def text(found: Elements, tag: int) -> str:
    """A code or UID; what is not ASCII in it is replaced."""
    return raw(found, tag)[0][:_MOST_TEXT_BYTES].decode("ascii", "replace").strip(" \0")


def texts(found: Elements, tag: int) -> tuple[str, ...]:
    """The values of an element of several; () if there are none."""
    whole = text(found, tag)
    return tuple(part.strip(" \0") for part in whole.split("\\")) if whole else ()


def binary(found: Elements, tag: int, signed: bool = False) -> int | None:
    """A number that is stored in two or four bytes (US, SS, UL, SL); None if there is none."""
    value, little = raw(found, tag)
    if len(value) < 2:
        return None
    return int.from_bytes(value[: 4 if len(value) == 4 else 2], "little" if little else "big", signed=signed)


def decimals(found: Elements, tag: int) -> tuple[float, ...]:
    """Numbers written as text (DS, IS); () if there are none, or one of them is none."""
    try:
        numbers = tuple(float(part) for part in texts(found, tag))
    except ValueError:
        return ()
    return numbers if all(map(math.isfinite, numbers)) else ()


def whole_number(found: Elements, tag: int) -> int | None:
    """A whole number written as text (IS); None if there is none."""
    numbers = decimals(found, tag)
    return int(numbers[0]) if numbers and numbers[0] == int(numbers[0]) else None


def items(found: Elements, tag: int) -> Iterator[Elements]:
    """The items of a sequence; none if it is missing or no sequence."""
    if tag not in found:
        return
    from pydicom.dataelem import RawDataElement, convert_raw_data_element
    from pydicom.sequence import Sequence

    element = found[tag]
    if isinstance(element, RawDataElement):
        element = convert_raw_data_element(element)
    value = getattr(element, "value", None)
    if isinstance(value, Sequence):
        yield from map(elements_of, value)


def first_item(found: Elements, tag: int) -> Elements:
    """The first item of a sequence, or an empty one."""
    return next(items(found, tag), {})
