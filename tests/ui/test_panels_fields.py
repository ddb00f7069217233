"""What the panel says of an image of several fields, and of the model beyond its home."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lungviewer.core.types import ImageRecord, Status
from lungviewer.services.elsewhere import Laboratory, Standing, elsewhere_sentence, laboratory_lines
from lungviewer.services.gate import Gate, GateRow
from lungviewer.ui.panels.prediction import PredictionSection
from lungviewer.ui.panels.shown import Phase, Shown, without_call
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.panels.trust_line import TrustSection
from lungviewer.ui.words import fields_read, reason_sentence, reason_word
from tests.fixtures.packs import paint
from tests.fixtures.scans import fake_spec
from tests.fixtures.windows import open_folder

ELSEWHERE = Standing(
    (Laboratory("lab a", 135, 90, 74, 0.73, 0.6, 0.86),),
    Gate(False, 16, (GateRow("a", "b", "c", "FAIL"),) * 2),
)


def answered(status=Status.OK, reason="", **values):
    probabilities = {"tumour_a": 0.1, "tumour_b": 0.0, "benign": 0.9}
    numbers = {"predicted_class": "benign", "confidence": 0.9, "probabilities": probabilities, "tiles": 1}
    record = ImageRecord("image.png", "image", status, reason=reason, **{**numbers, **values})
    return Shown(Phase.ANSWERED, None, record, None, fake_spec(), standing=ELSEWHERE)


@pytest.fixture
def prediction(qtbot):
    section = PredictionSection()
    qtbot.addWidget(section)
    return section


@pytest.fixture
def trust(qtbot):
    section = TrustSection()
    qtbot.addWidget(section)
    return section


def test_beside_what_home_says_stands_what_other_laboratories_say(prediction):
    prediction.show_state(answered())
    assert prediction.elsewhere.text() == elsewhere_sentence(ELSEWHERE) + " See Models."
    assert prediction.elsewhere.toolTip() == laboratory_lines(ELSEWHERE)[0]
    prediction.show_state(replace(answered(), standing=Standing()))
    assert prediction.elsewhere.text() == "This model was not measured on slides of other laboratories."


@pytest.mark.parametrize(
    "state",
    [without_call(answered()), answered(Status.REFUSED, "glass", predicted_class="", confidence=None)],
)
def test_without_a_call_nothing_is_said_about_calls(prediction, state):
    prediction.show_state(state)
    assert prediction.elsewhere.text() == ""


def test_ok_claims_no_more_than_was_measured(trust):
    trust.show_state(answered())
    assert trust.reasons.text() == "No doubt that the program can measure."


def test_a_model_that_fails_its_gate_is_marked_whatever_it_says(trust):
    for state in (answered(), answered(Status.REFUSED, "glass"), without_call(answered())):
        trust.show_state(state)
        assert "misses 2 of the 16 quality goals" in trust.model.text()
    trust.show_state(replace(answered(), standing=Standing((), Gate(True, 16))))
    assert trust.model.text() == ""


def test_a_model_that_nobody_validated_is_marked_once(trust):
    spec = replace(fake_spec(), validated=False)
    sentence = reason_sentence("not_validated")
    trust.show_state(replace(answered(Status.REVIEW, "not_validated"), spec=spec))
    assert (trust.reasons.text(), trust.model.text()) == (sentence, "")
    trust.show_state(replace(answered(Status.REFUSED, "glass"), spec=spec))
    assert trust.model.text() == sentence


def test_a_model_that_did_not_reach_its_aim_is_marked_once_and_its_goals_beside(trust, prediction):
    spec = fake_spec()
    spec = replace(spec, trust=replace(spec.trust, review_below=1.0))
    sentence = reason_sentence("aim_not_met")
    asks = replace(answered(Status.REVIEW, "aim_not_met", confidence=1.0), spec=spec)
    trust.show_state(asks)
    assert (trust.status.text(), trust.reasons.text()) == ("Needs review", sentence)
    assert "misses 2 of the 16 quality goals" in trust.model.text()
    assert sentence not in trust.model.text()
    trust.show_state(replace(answered(Status.REFUSED, "glass"), spec=spec))
    assert trust.model.text().startswith(sentence)
    prediction.show_state(asks)
    assert prediction.number.text() == ">\u00a099.9\u00a0%", "what the model says is still shown"


def test_a_row_of_a_scan_tells_the_share_of_tumour_for_want_of_more():
    record = answered(tiles=20, tiles_refused=6, tumour_share=1 / 7).record
    assert fields_read(record, {}, None) == "14 of 20 fields read; 14\u00a0% of their calls are tumour."
    assert fields_read(replace(record, tumour_share=None), {}, None) == "14 of 20 fields read."


def test_reasons_about_fields_have_words_of_their_own():
    words = [reason_word(code) for code in ("tumour_fields", "fields_disagree", "partly_refused")]
    assert words == ["tumour in fields", "fields disagree", "partly refused"]


# --- regions -----------------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path):
    """Ten fields of one colour and two of others, which the fake model calls otherwise."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    colours = [(90, 80, 190)] * 10 + [(200, 60, 60), (60, 190, 70)]
    Image.fromarray(np.concatenate([paint(c) for c in colours], axis=1)).save(folder / "mixed.png")
    return folder


def test_tumour_fields_of_an_image_called_otherwise_are_one_press_away(qtbot, session, mixed):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.show()
    session.load_model()
    open_folder(qtbot, session, mixed)
    qtbot.waitUntil(lambda: session.spec is not None and panel.settled and len(panel.regions.buttons) == 9)
    record = session.record(session.current)
    assert (record.predicted_class, record.status) == ("benign", Status.REVIEW)
    assert panel.prediction.sentence.text().startswith("12 of 12 fields read: Benign 10, ")
    assert reason_sentence("tumour_fields") in panel.trust.reasons.text()
    assert [caption.text() for caption in panel.regions.captions] == [
        "Tumour A, the only field",
        "Tumour B, the only field",
    ]
    for button, x in zip(panel.regions.buttons, (672.0, 736.0), strict=False):
        with qtbot.waitSignal(panel.jump_asked) as jump:
            button.click()
        assert jump.args == [x, 32.0]
    assert "strongest field called Tumour A" in panel.regions.buttons[0].accessibleName()
    session.select(None)
    qtbot.waitUntil(lambda: panel.regions.captions == [])
    panel.shutdown()
