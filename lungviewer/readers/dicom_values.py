"""Values of DICOM elements as plain numbers and short texts: nothing is converted by a library that would
quote what it finds odd, because that could name a patient."""

from __future__ import annotations

import functools
import logging
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

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


def raw(found: Dataset, tag: int) -> tuple[bytes, bool]:
    """A value as it is stored, and whether little end first: nothing is converted, so nothing warns."""
    element = found.get_item(tag) if tag in found else None
    value = getattr(element, "value", None)
    return (value if isinstance(value, bytes) else b""), bool(getattr(element, "is_little_endian", True))


def text(found: Dataset, tag: int) -> str:
    """A code or UID; what is not ASCII in it is replaced."""
    return raw(found, tag)[0][:_MOST_TEXT_BYTES].decode("ascii", "replace").strip(" \0")


def texts(found: Dataset, tag: int) -> tuple[str, ...]:
    """The values of an element of several; () if there are none."""
    whole = text(found, tag)
    return tuple(part.strip(" \0") for part in whole.split("\\")) if whole else ()


def binary(found: Dataset, tag: int, signed: bool = False) -> int | None:
    """A number that is stored in two or four bytes (US, SS, UL, SL); None if there is none."""
    value, little = raw(found, tag)
    if len(value) < 2:
        return None
    return int.from_bytes(value[: 4 if len(value) == 4 else 2], "little" if little else "big", signed=signed)


def decimals(found: Dataset, tag: int) -> tuple[float, ...]:
    """Numbers written as text (DS, IS); () if there are none, or one of them is none."""
    try:
        numbers = tuple(float(part) for part in texts(found, tag))
    except ValueError:
        return ()
    return numbers if all(map(math.isfinite, numbers)) else ()


def whole_number(found: Dataset, tag: int) -> int | None:
    """A whole number written as text (IS); None if there is none."""
    numbers = decimals(found, tag)
    return int(numbers[0]) if numbers and numbers[0] == int(numbers[0]) else None


def items(found: Dataset, tag: int) -> Iterator[Dataset]:
    """The items of a sequence; none if it is missing or no sequence."""
    from pydicom.dataelem import RawDataElement, convert_raw_data_element
    from pydicom.sequence import Sequence

    if tag not in found:
        return
    element = found.get_item(tag)
    if isinstance(element, RawDataElement):
        # Not found[tag], which would convert elements beside it, too.
        element = convert_raw_data_element(element)
    value = getattr(element, "value", None)
    if isinstance(value, Sequence):
        yield from value


def first_item(found: Dataset, tag: int) -> Dataset:
    """The first item of a sequence, or an empty one, not to be written to."""
    first = next(items(found, tag), None)
    return _empty() if first is None else first


@functools.cache
def _empty() -> Dataset:
    """Made once: that takes as long as reading a field."""
    from pydicom.dataset import Dataset

    return Dataset()
