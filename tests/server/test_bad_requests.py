"""Wrong, damaged and hostile uploads: a status, a code and a sentence each, and the server lives on."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.hostile import OK, make_corpus
from tests.fixtures.packs import COLOURS, paint
from tests.server.conftest import png


def refused(response, status, code):
    said = response.json()
    assert set(said) == {"error", "code", "hint"}
    assert (response.status_code, said["code"]) == (status, code)
    assert said["error"].endswith(".")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"no image at all", 415, "not_an_image"),
        (b"%PDF-1.7\n", 415, "unsupported_format"),
        (b"\x89PNG\r\n\x1a\n and no more", 422, "truncated"),
        (b"II*\0broken", 422, "truncated"),
    ],
)
def test_files_that_are_no_good_image_are_refused_by_name(form, content, status, code):
    refused(form.send(content), status, code)


def test_a_cut_picture_is_refused(form):
    whole = png(paint(COLOURS[0]))
    refused(form.send(whole[: len(whole) // 2]), 422, "truncated")


def test_a_picture_of_the_simulator_is_refused(form):
    """Its bars are enough: the text is gone."""
    from lungviewer.core.synthetic import bars

    pixels = paint(COLOURS[0], 600, 400)
    pixels[:14] = bars(600)[:, :, None]
    refused(form.send(png(pixels)), 422, "synthetic")


def test_a_picture_of_too_few_pixels_is_refused(form):
    refused(form.send(png(paint(COLOURS[0], 8, 8))), 422, "too_small")


def test_a_whole_slide_is_refused_with_advice(form):
    from lungviewer.core.paths import bundled

    slide = (bundled("resources") / "samples" / "synthetic_slide_1.tiff").read_bytes()
    response = form.send(slide, "slide.tiff")
    refused(response, 415, "unsupported_format")
    assert "slide" in response.json()["error"]


def test_requests_that_make_no_sense_are_told_in_the_same_form(form, call):
    post = form.client.post
    refused(post("/predict", files={"other": ("a.png", call)}), 422, "missing_file")
    refused(post("/predict/batch", files={"file": ("a.png", call)}), 422, "missing_file")
    two = [("file", ("a.png", call)), ("file", ("b.png", call))]
    refused(post("/predict", files=two), 422, "too_many_files")
    many = [("files", (f"{i}.png", b"x")) for i in range(65)]
    refused(post("/predict/batch", files=many), 422, "too_many_files")
    refused(post("/predict", content=call), 415, "not_a_form")
    refused(post("/predict", json={"file": "a"}), 415, "not_a_form")
    for content, kind in (
        (b"--b\r\nno header\r\n", "multipart/form-data; boundary=b"),
        (b"nothing of a form", "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf',
            "multipart/form-data; boundary=b",
        ),
        (b"x", f"multipart/form-data; boundary={'b' * 5000}"),
    ):
        refused(post("/predict", content=content, headers={"content-type": kind}), 400, "broken_form")
    refused(form.send(call, modality="mri"), 422, "wrong_option")
    refused(form.send(call, um_per_px=1e9), 422, "wrong_option")
    refused(form.client.get("/nothing"), 404, "no_such_page")
    refused(form.client.get("/predict"), 405, "no_such_page")
    refused(form.client.get("/docs/../form.html"), 404, "no_such_page")


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_a_form_of_very_many_parts_is_refused_at_its_first_ones(form, path):
    body = b"--b\r\nA:b\r\n\r\n\r\n" * 140_000 + b"--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = form.client.post(path, content=body, headers=headers)
    refused(response, 400, "broken_form")
    assert "parts" in response.json()["error"]


def test_some_other_fields_beside_the_image_do_no_harm(form, call):
    others = [(f"note{i}", (None, b"x")) for i in range(16)]
    assert form.client.post("/predict", files=[*others, ("file", ("a.png", call))]).status_code == 200


def test_every_hostile_file_gets_its_code_or_an_answer_and_the_server_lives(form, tmp_path):
    corpus = [f for f in make_corpus(tmp_path) if f.path.is_file() and os.access(f.path, os.R_OK)]
    corpus = [f for f in corpus if not f.path.is_symlink()]
    assert len(corpus) >= 110

    def outcome(file):
        # Names that no form can carry were tried from the file system.
        name = "hostile" + os.path.splitext(os.fsencode(file.path))[1].decode("ascii", "replace")
        response = form.send(file.path.read_bytes(), name)
        code = OK if response.status_code == 200 else response.json()["code"]
        opened = response.status_code == 200 or code == "too_small"
        fine = (OK if opened else code) in file.outcomes and response.status_code < 500
        return None if fine else (file.label, response.status_code, code, sorted(file.outcomes))

    with ThreadPoolExecutor(4) as pool:
        assert [wrong for wrong in pool.map(outcome, corpus) if wrong] == []
    assert form.health()["waiting"] == 0
    assert form.kept() == []
