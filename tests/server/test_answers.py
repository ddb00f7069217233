"""What the web form answers: the same as the command line, in the JSON that other programs expect."""

import base64
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.fixtures.packs import COLOURS, paint
from tests.fixtures.served import ROOT
from tests.server.conftest import png


def said_by_the_command_line(pack, *files):
    command = [
        sys.executable,
        "-m",
        "lungviewer",
        "classify",
        "--json",
        "--pack",
        str(pack),
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_call_has_the_three_fields_that_other_web_forms_have(form, call):
    answer = form.send(call).json()
    assert answer["prediction"] == "tumour_a"
    assert answer["confidence"] == max(answer["all_predictions"].values()) > 0.9
    assert list(answer["all_predictions"]) == ["tumour_a", "tumour_b", "benign"]
    assert sum(answer["all_predictions"].values()) == pytest.approx(1)


def test_a_call_says_what_made_it_and_what_it_is_for(form, call, packs):
    answer = form.send(call).json()
    assert (answer["model"], answer["model_version"]) == ("tiny-tissue", "1.0.0")
    assert len(answer["model_sha256"]) == 64
    assert answer["research_use_only"] is True
    assert "not for diagnosis" in answer["notice"]
    assert answer["status"] == "ok"
    assert answer["overlay"] is None
    assert [r["code"] for r in answer["reasons"]] == ["scale_unknown"]
    assert answer["reasons"][0]["sentence"].endswith(".")


def test_every_code_has_its_sentence_notes_of_the_file_too(form):
    stream = io.BytesIO()
    Image.new("L", (80, 64), 130).save(stream, "PNG")
    reasons = {r["code"]: r["sentence"] for r in form.send(stream.getvalue(), "grey.tif").json()["reasons"]}
    assert reasons["grey"] == "The picture is grey; it was repeated into three colour channels."
    assert {"scale_unknown", "suffix_mismatch"} <= reasons.keys()
    assert all(sentence.endswith(".") for sentence in reasons.values())


def test_a_refused_image_is_an_answer_without_a_call(form, strange):
    response = form.send(strange)
    answer = response.json()
    assert response.status_code == 200
    assert (answer["status"], answer["prediction"], answer["confidence"], answer["label"]) == (
        "refused",
        None,
        None,
        None,
    )
    assert set(answer["all_predictions"]) == {"tumour_a", "tumour_b", "benign"}
    assert answer["reasons"][0]["code"] == "unlike_training"


def test_an_image_that_needs_review_says_so(form, doubtful):
    answer = form.send(doubtful).json()
    assert (answer["status"], answer["reasons"][0]["code"]) == ("review", "low_confidence")


def test_the_answer_is_that_of_the_command_line(form, packs, tmp_path, call, strange, doubtful):
    pictures = {"call.png": call, "strange.png": strange, "doubtful.png": doubtful}
    pictures["mosaic.jpg"] = png(paint(COLOURS[1], 300, 200))  # PNG under another name, several fields
    for name, data in pictures.items():
        (tmp_path / name).write_bytes(data)
    rows = said_by_the_command_line(packs[0], *(tmp_path / name for name in pictures))
    assert len(rows) == 4
    for row, (name, data) in zip(rows, pictures.items(), strict=True):
        answer = form.send(data, name).json()
        assert (answer["prediction"] or "") == row["predicted_class"]
        assert answer["confidence"] == row["confidence"]
        assert answer["all_predictions"] == row["probabilities"]
        assert answer["status"] == row["status"]
        assert "; ".join(r["code"] for r in answer["reasons"]) == row["reason"]
        assert answer["trust_score"] == row["trust_score"]
        assert (answer["fields"], answer["fields_refused"]) == (row["tiles"], row["tiles_refused"])
        assert answer["model_sha256"] == row["model_sha256"]


def test_ten_uploads_at_once_are_answered_as_alone(form):
    pictures = [png(paint(COLOURS[i % 3], seed=i)) for i in range(10)]
    alone = [form.send(p).json()["all_predictions"] for p in pictures]
    with ThreadPoolExecutor(10) as pool:
        together = [r.json()["all_predictions"] for r in pool.map(form.send, pictures)]
    assert together == alone


def test_an_overlay_lies_over_the_picture_as_it_was_read(form, call):
    overlay = form.send(call, overlay="true").json()["overlay"]
    assert picture_in(overlay["picture"]).size == (64, 64)
    assert set(overlay["maps"]) == set(overlay["peaks"]) == {"tumour_a", "tumour_b", "benign"}
    cells = picture_in(overlay["maps"]["tumour_a"])
    assert (cells.size, cells.mode) == ((4, 4), "RGBA")
    assert min(cells.getchannel("A").tobytes()) == 255
    assert overlay["refused"] is None


def test_a_refused_field_is_hatched_and_has_no_colour(form, strange):
    overlay = form.send(strange, overlay="true").json()["overlay"]
    hatching = picture_in(overlay["refused"])
    assert hatching.size == (64, 64)
    assert max(hatching.getchannel("A").tobytes()) > 0
    assert max(picture_in(overlay["maps"]["benign"]).getchannel("A").tobytes()) == 0


def picture_in(uri):
    picture = Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2])))
    picture.load()
    return picture


def test_a_model_is_chosen_by_id_version_or_modality(form, call):
    for query in ({"pack": "tiny-ct"}, {"pack": "tiny-ct@1.0.0"}, {"modality": "ct"}):
        assert form.send(call, **query).json()["model"] == "tiny-ct"
    assert form.send(call).json()["model"] == "tiny-tissue"
    for query in (
        {"pack": "tiny-ct@9.0.0"},
        {"pack": "nothing"},
        {"pack": "tiny-ct", "modality": "histology"},
    ):
        response = form.send(call, **query)
        assert (response.status_code, response.json()["code"]) == (404, "unknown_pack")


def test_a_scale_that_the_client_knows_counts(form, call):
    answer = form.send(call, um_per_px=2.0).json()
    assert (answer["um_per_px"], answer["um_per_px_source"]) == (2.0, "user")
    assert answer["reasons"] == []


def test_the_packs_are_listed_with_their_classes(form):
    said = form.client.get("/packs").json()
    assert [(p["id"], p["modality"], p["default"]) for p in said["packs"]] == [
        ("tiny-tissue", "histology", True),
        ("tiny-ct", "ct", False),
    ]
    malignant = said["packs"][1]["classes"][1]
    assert malignant == {"id": "malignant", "label": "Malignant", "colour": "#d62728", "role": "tumour"}
    assert said["max_bytes"] == 64 * 1024 * 1024


def test_health_says_what_is_served_and_how_busy_it_is(form):
    said = form.health()
    assert said["status"] == "ok"
    assert said["packs"] == ["tiny-tissue@1.0.0", "tiny-ct@1.0.0"]
    assert (said["waiting"], said["room"]) == (0, 32)


def test_a_batch_gives_one_answer_or_failure_per_file_in_order(form, call, strange):
    files = [("files", ("a.png", call)), ("files", ("b.txt", b"words")), ("files", ("ä.png", strange))]
    items = form.client.post("/predict/batch", files=files).json()
    assert [(i["index"], i["name"], i["status_code"]) for i in items] == [
        (0, "a.png", 200),
        (1, "b.txt", 415),
        (2, "ä.png", 200),
    ]
    assert items[0]["answer"]["prediction"] == "tumour_a"
    assert items[1]["answer"] is None
    assert items[1]["error"]["code"] == "not_an_image"
    assert items[2]["answer"]["status"] == "refused"


def test_the_description_for_programs_names_no_other_place(form):
    described = form.client.get("/openapi.json").json()
    assert {"/predict", "/predict/batch", "/health", "/packs"} == set(described["paths"])
    form_of = described["paths"]["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form_of["schema"]["required"] == ["file"]
    assert described["paths"]["/predict"]["post"]["responses"]["422"]["description"].startswith("The image")
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize(
    "page", ["/", "/docs", "/form.js", "/answer.js", "/viewer.js", "/docs.js", "/style.css"]
)
def test_pages_need_nothing_from_elsewhere(form, page):
    response = form.client.get(page)
    assert response.status_code == 200
    assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in response.text
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_every_page_says_what_it_is_for(form, page):
    assert "Research use only, not for diagnosis." in form.client.get(page).text
