"""Every code that a result may carry is told in a sentence, at every door of the program."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungviewer.core.note_sentences import NOTE_SENTENCES, sentence_of
from lungviewer.core.trust import REASON_SENTENCES
from lungviewer.readers import dicom_rules, raster, slide_tiff


def documented(module):
    """The codes that a module's rule lists: a line each, the code first."""
    lines = [re.match(r"([a-z0-9_<>]+) {2,}\S", line) for line in module.__doc__.splitlines()]
    return [found[1].replace("<n>", "3") for found in lines if found]


@pytest.mark.parametrize(
    ("module", "count"), [(raster, 15), (dicom_rules, 8), (slide_tiff, 1)], ids=lambda x: str(x)[:20]
)
def test_every_note_of_a_written_rule_has_a_sentence_of_its_own(module, count):
    codes = documented(module)
    assert len(codes) == count
    for code in codes:
        assert sentence_of(code).endswith(".")
        assert sentence_of(code) != sentence_of(f"un{code}")


def test_a_code_is_a_reason_or_a_note_and_never_both():
    assert not REASON_SENTENCES.keys() & NOTE_SENTENCES.keys()


@given(st.text(min_size=1))
def test_no_code_is_ever_silent(code):
    assert sentence_of(code).strip()


def test_codes_with_numbers_say_them():
    assert sentence_of("slice_2_of_4").startswith("The file has 4 slices; this is the answer for slice 2")
    assert sentence_of("first_frame_of_7") == "The file holds 7 pictures; the first one was read."
