"""CT over HTTP: slices for the CT model, refusals by name, nothing of a patient in an answer."""

import json
import struct
import zlib

import pytest

from lungviewer.core.synthetic import MARK
from tests.fixtures.dicoms import phantom, slice_dataset, to_bytes


def test_a_slice_is_answered_by_the_ct_model(form):
    answer = form.send(to_bytes(slice_dataset(phantom())), "slice.dcm", modality="ct", overlay="true").json()
    assert (answer["kind"], answer["model"]) == ("ct", "tiny-ct")
    assert set(answer["all_predictions"]) == {"benign", "malignant", "normal"}
    assert answer["um_per_px"] == pytest.approx(700)
    assert answer["overlay"]["picture"].startswith("data:image/jpeg")


def test_a_slice_in_dicom_needs_no_word_about_its_kind_alone_or_among_others(form, call):
    slice_ = to_bytes(slice_dataset(phantom()))
    assert form.send(slice_, "slice").json()["model"] == "tiny-ct"
    sent = [("files", ("a.dcm", slice_)), ("files", ("b.png", call))]
    both = form.client.post("/predict/batch", files=sent).json()
    models = [item["answer"]["model"] for item in both]
    assert models[0] == "tiny-ct" != models[1]


def test_models_refuse_the_images_of_the_other_kind_by_name(form, call):
    slice_ = to_bytes(slice_dataset(phantom()))
    answer = form.send(slice_, modality="histology").json()
    assert (answer["status"], answer["reasons"][0]["code"]) == ("refused", "ct_slice")
    answer = form.send(call, modality="ct").json()
    assert (answer["status"], answer["reasons"][0]["code"]) == ("refused", "colour")


@pytest.mark.filterwarnings("ignore:.*exceeds the maximum length")  # of the library that writes the file
def test_no_patient_field_is_in_an_answer_or_the_log(form):
    names = {"PatientName": "CANARY^SMITH", "PatientID": "CANARY1", "BodyPartExamined": "CANARY-SMITH-JOHN"}
    named = slice_dataset(phantom(), StudyDescription="CANARY2", **names)
    response = form.send(to_bytes(named), "CANARY.dcm", modality="ct", overlay="true")
    assert response.status_code == 200
    assert "CANARY" not in response.text + form.said()


def test_real_slices_are_answered_whatever_their_encoding(form, shared_data):
    folder = shared_data / "ct_dicom" / "transfer_syntaxes"
    answers = {}
    for path in sorted(folder.glob("*.dcm")):
        response = form.send(path.read_bytes(), "slice.dcm", modality="ct")
        assert response.status_code in (200, 415, 422), path.name
        if response.status_code == 200:
            answers[path.name] = response.json()["all_predictions"]
    assert len(answers) >= 12
    lossless = {json.dumps(a) for name, a in answers.items() if "Endian" in name or "Lossless" in name}
    assert len(lossless) == 1


def test_pictures_of_the_simulator_are_refused(form, call):
    at = call.index(b"IDAT") - 4
    text = b"tEXtlungviewer\0" + MARK.encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    response = form.send(call[:at] + chunk + call[at:])
    assert (response.status_code, response.json()["code"]) == (422, "synthetic")
