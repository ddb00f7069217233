"""Headers that are walked over state what pydicom reads of them, whatever has happened to them."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from lungviewer.core.errors import ImageCorrupt
from lungviewer.readers import dicom_facts
from lungviewer.readers.dicom_facts import read_facts
from lungviewer.readers.dicom_walk import walk
from tests.fixtures.dicoms import frames_dataset, item, phantom, slice_dataset, to_bytes

PIXELS = 0x7FE00010
PIECES = [b"\xff" * 4, b"\xfe\xff\0\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0", b"SQ\0\0", b"UN\0\0" + b"\xff" * 4]
"""Lengths, items, ends and kinds of values, to be found where they do not belong."""


def nested() -> bytes:
    """Sequences of undefined length within each other, with items of either kind, and a set of characters."""
    found = slice_dataset(phantom(8), SpecificCharacterSet="ISO_IR 100", PixelPaddingValue=0)
    found.ReferencedStudySequence = [
        item(ReferencedSOPInstanceUID="1.2", PurposeOfReferenceCodeSequence=[item(CodeValue="1"), Dataset()])
    ]
    found["ReferencedStudySequence"].is_undefined_length = True
    inner = found.ReferencedStudySequence[0]
    inner.is_undefined_length_sequence_item = True
    inner["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    inner.SpecificCharacterSet = "ISO_IR 100"
    found.RequestAttributesSequence = [item(RequestedProcedureID="A")]
    found["RequestAttributesSequence"].is_undefined_length = True
    return to_bytes(found)


def implicit() -> bytes:
    found = slice_dataset(phantom(8), RequestAttributesSequence=[item(RequestedProcedureID="A")])
    found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return to_bytes(found)


WHOLE = [nested(), implicit()]


def walked(content: bytes):
    return walk(content, frozenset({0x00280010}), PIXELS)


def facts(content: bytes) -> object:
    try:
        return read_facts(content)
    except ImageCorrupt:
        return "damaged"


def by_pydicom(content: bytes, monkeypatch) -> object:
    with monkeypatch.context() as without:
        without.setattr(dicom_facts, "walk", lambda *_: None)
        return facts(content)


@pytest.mark.parametrize("content", WHOLE, ids=["nested", "implicit"])
def test_ordinary_headers_are_walked_over(content, monkeypatch):
    found = walked(content)
    assert found.tag == PIXELS
    assert found.found[0x00280010].value == b"\x08\0"
    assert content[found.offset :] == content[-128:]
    assert read_facts(content) == by_pydicom(content, monkeypatch)


def test_real_headers_are_walked_over_and_state_the_same(shared_data, monkeypatch):
    paths = sorted((shared_data / "ct_dicom").rglob("*.dcm"))
    heads = {path: path.read_bytes()[: 1 << 16] for path in paths if "1.2.1.99" not in path.name}
    assert all(walked(heads[path]) for path in paths if path.parent.name == "series_a")
    assert sum(walked(head) is not None for head in heads.values()) >= 40
    for head in heads.values():
        assert read_facts(head) == by_pydicom(head, monkeypatch)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(1000),
        WHOLE[0][:400],
        WHOLE[0].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0"),
        WHOLE[0].replace(b"ISO_IR 100", b"ISO_IR X00"),
        to_bytes(frames_dataset([phantom(8)] * 2)),
    ],
    ids=["nothing", "no prefix", "cut", "big endian", "characters", "a wanted sequence"],
)
def test_unusual_headers_are_left_to_pydicom(content):
    assert walk(content, frozenset({0x52009229}), PIXELS) is None


@given(st.data())
def test_damaged_headers_state_what_pydicom_reads(data):
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(128, len(content) - 130))
        change = data.draw(
            st.one_of(
                st.binary(min_size=1, max_size=1).map(lambda new: (1, new)),
                st.integers(1, 4).map(lambda count: (count, b"")),
                st.sampled_from(PIECES).map(lambda new: (0, new)),
            )
        )
        content[at : at + change[0]] = change[1]
    event(f"walked over: {walked(bytes(content)) is not None}")
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert facts(bytes(content)) == by_pydicom(bytes(content), monkeypatch)
