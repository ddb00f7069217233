"""The window of models: Keras files of other programs."""

import pytest
from PySide6.QtWidgets import QFileDialog

from lungviewer.services import training_process
from lungviewer.ui.models.import_form import ImportForm
from lungviewer.ui.models.import_request import ImportRequest, class_lines, proposed_id
from tests.fixtures.model_windows import SHIPPED_COUNT, idle, open_models


def request(**changes):
    usual = {
        "file": "/some/model.keras",
        "id": "my-model",
        "classes": ("Adenocarcinoma: tumour", "Benign"),
        "input_size": 224,
        "modality": "histology",
        "stain": "H&E",
        "scaling": "-1-1",
        "um_per_px": 0.0,
    }
    return ImportRequest(**(usual | changes))


def test_a_whole_request_has_no_problem_and_becomes_arguments(tmp_path):
    assert request().problem() == ""
    given = request(um_per_px=0.58).arguments(tmp_path)
    assert given[:2] == ["import-keras", "/some/model.keras"]
    for part in (
        "--classes=Adenocarcinoma:tumour,Benign",
        "--scaling=-1-1",
        "--um-per-px=0.58",
        "--stain=H&E",
    ):
        assert part in given
    assert f"--out={tmp_path / 'my-model'}" in given
    assert not any(
        part.startswith(("--um-per-px", "--stain")) for part in request(modality="ct").arguments(tmp_path)
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"file": ""}, "Choose"),
        ({"file": "/x/model.onnx"}, ".keras"),
        ({"id": "My Model"}, "name"),
        ({"id": ""}, "name"),
        ({"classes": ("Only one",)}, "two classes"),
        ({"classes": ("A", "a")}, "twice"),
        ({"classes": ("A", "B: cancer")}, "cancer"),
        ({"classes": ("A", "B, C")}, "B, C"),
        ({"classes": ("A", "…")}, "…"),
    ],
)
def test_what_is_wrong_with_a_request_is_a_sentence(qapp, changes, word):
    assert word in request(**changes).problem()


def test_lines_and_names_are_taken_as_people_write_them(tmp_path):
    assert class_lines("  A: tumour \n\n B\n") == ("A: tumour", "B")
    assert proposed_id(tmp_path / "My Best_Model (2).keras") == "my-best-model-2"


@pytest.fixture
def form(qtbot, monkeypatch):
    monkeypatch.setattr(training_process, "has_tensorflow", lambda: True)
    form = ImportForm()
    qtbot.addWidget(form)
    form.show()
    return form


def test_the_form_says_what_is_missing_and_answers_when_nothing_is(qtbot, monkeypatch, form):
    assert not form.go.isEnabled()
    assert form.message.text() == "Choose the model's file."
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/some/Lung Model.keras", ""))
    form.browse.click()
    assert form.name.text() == "lung-model"
    assert "two classes" in form.message.text()
    form.classes.setPlainText("Tumour\nBenign")
    assert form.message.text() == ""
    with qtbot.waitSignal(form.answered) as heard:
        form.go.click()
    assert heard.args[0].classes == ("Tumour", "Benign")
    assert not form.isVisible()


def test_without_tensorflow_the_form_says_how_to_get_it(qtbot, monkeypatch):
    monkeypatch.setattr(training_process, "has_tensorflow", lambda: False)
    form = ImportForm()
    qtbot.addWidget(form)
    form.file.setText("/some/model.keras")
    form.name.setText("my-model")
    form.classes.setPlainText("Tumour\nBenign")
    form.show()
    assert "TensorFlow" in form.message.text()
    assert "pip install" in form.message.text()
    assert not form.go.isEnabled()


def test_a_model_that_cannot_be_imported_is_told_and_leaves_nothing(qtbot, tmp_path, session):
    window = open_models(qtbot, session)
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no model")
    window.controller.import_model(request(file=str(broken)))
    assert window.controller.busy.can_stop
    idle(qtbot, window, timeout=120_000)
    assert window.told[-1].kind == "error"
    assert window.list.count() == SHIPPED_COUNT
