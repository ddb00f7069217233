"""T11 for DICOM: no word of a patient reaches a log, a message, an output or a file."""

import logging

import pytest

from lungviewer.core.errors import ImageError
from lungviewer.readers.ct_header import read_slice_header
from lungviewer.readers.ct_series import series_in
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.opening import open_ct, open_image, read_thumbnail
from tests.fixtures.dicoms import phantom, slice_dataset, to_bytes

WORD = "CANARYWO"
_DATE = "20260102"
"""Becomes the word in the file: pydicom would complain while it is written."""

PATIENT = {
    "PatientName": f"{WORD}^A",
    "PatientID": WORD,
    "PatientBirthDate": _DATE,
    "PatientComments": WORD,
    "InstitutionName": WORD,
    "ReferringPhysicianName": f"{WORD}^B",
    "StudyDescription": WORD,
    "SeriesDescription": WORD,
    "AccessionNumber": WORD,
    "OperatorsName": WORD,
    "StationName": WORD,
    "StudyID": WORD,
    "PatientWeight": "1",
}


@pytest.fixture
def named(tmp_path):
    """Slices with the word in every field that names somebody, and in fields that are read as numbers."""

    def written(**changes):
        whole = to_bytes(slice_dataset(phantom(), **PATIENT, **changes))
        return whole.replace(_DATE.encode(), WORD.encode())

    plain = written()
    contents = {
        "whole": plain,
        "cut": plain[:-50],
        "cut_early": plain[:700],
        "modality": written(Modality=WORD),
        "no_units": written(RescaleType=WORD),
        "colour": written(PhotometricInterpretation=WORD),
        "charset": plain.replace(b"\x08\0\x08\0CS", b"\x08\0\x05\0CS"),
        "weight": plain.replace(b"\x30\x10DS\2\0001 ", b"\x30\x10DS\2\0C "),
        "position": plain.replace(b"\x32\0DS\x0c\x000.0\\0.0\\0.0", b"\x32\0DS\x0c\0CANARYWO\\0."),
    }
    assert plain.count(WORD.encode()) == len(PATIENT) - 1
    paths = []
    for name, content in contents.items():
        path = tmp_path / f"{WORD}_{name}.dcm"
        path.write_bytes(content)
        paths.append(path)
    return paths


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    for variable in ("TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def test_words_of_a_patient_reach_no_log_no_message_and_no_file(named, elsewhere, caplog, capfd, recwarn):
    caplog.set_level(logging.DEBUG)
    opened, told = 0, []
    with IsolatedDecoder() as decoder:
        for path in named:
            told.append(repr(read_slice_header(path)).replace(str(path), ""))
            try:
                with open_image(path, isolated=decoder) as source:
                    told += [str(source.info.notes), source.info.identity, str(source.values(0).max())]
                    opened += 1
                read_thumbnail(path, 32, decoder)
            except ImageError as error:
                told.append(error.sentence)
    assert opened >= 3
    series = series_in(named)
    with open_ct(series[0]) as source:
        told += [source.info.identity, str(source.info.notes)]
    assert WORD not in "".join(told)
    assert WORD not in caplog.text
    assert WORD not in "".join(capfd.readouterr())
    assert [str(each.message) for each in recwarn if WORD in str(each.message)] == []
    assert list(elsewhere.rglob("*")) == []


def test_the_identifiers_of_a_file_are_not_told(tmp_path, shared_data):
    (series,) = series_in(sorted((shared_data / "ct_dicom" / "series_a").iterdir()))
    with open_ct(series) as source:
        said = repr(source.info) + repr(source.series)
    assert "1.3.6.1.4.1.14519" not in said
    assert "LIDC-IDRI" not in said
