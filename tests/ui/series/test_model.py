"""By which model a CT series is answered in the window."""

from PIL import Image

from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.modality import ModalityOffer
from tests.fixtures.packs import PINK, paint
from tests.fixtures.series_windows import finished, opened
from tests.fixtures.windows import open_folder


def test_the_model_suits_what_is_open_where_nobody_chose_one(qtbot, session, folder, histology):
    heard = []
    session.noticed.connect(heard.append)
    opened(qtbot, session, folder)
    finished(qtbot, session)
    assert session.spec.modality == "ct"
    open_folder(qtbot, session, histology)
    qtbot.waitUntil(lambda: session.spec is not None and session.spec.modality == "histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    told = [notice.text for notice in heard if notice.topic == "modality"]
    assert [text.partition(":")[0] for text in told] == [
        "What is open is CT",
        "What is open is not a CT series",
    ]
    assert session.settings.current.modality == ""


def test_a_chosen_pack_stays_and_the_other_model_is_offered(qtbot, session, folder, histology):
    session.settings.update(pack="histology")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: heard != [])
    assert session.record(session.current).reason == "ct_slice"
    ((notice, action, button),) = heard
    assert notice.text == "This is CT, and the model that is in use reads histology."
    assert button == "Use the CT model"
    offer.take(action)
    finished(qtbot, session)
    settings = session.settings.current
    assert (settings.pack, settings.modality, settings.packs_aside) == ("", "ct", {"histology": "histology"})
    session.model.use("histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    assert session.settings.current.pack == "histology"
    assert session.settings.current.packs_aside == {}


def test_an_offer_is_taken_back_when_another_way_was_taken_to_the_other_model(
    qtbot, session, folder, histology
):
    session.settings.update(pack="histology")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: heard != [])
    session.settings.update(pack="ct")
    finished(qtbot, session)
    assert [(notice.text, action) for notice, action, _ in heard[1:]] == [("", "")]
    assert heard[1][0].topic == heard[0][0].topic


def test_a_picture_in_colour_is_offered_the_histology_model(qtbot, session, histology):
    session.model.use("ct")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, histology)
    qtbot.waitUntil(lambda: heard != [])
    assert session.record(session.current).reason.startswith("colour")
    ((_, action, button),) = heard
    assert button == "Use the histology model"
    offer.take(action)
    qtbot.waitUntil(lambda: session.spec is not None and session.spec.modality == "histology")
    qtbot.waitUntil(lambda: session.record(session.current) is not None)
    assert session.record(session.current).predicted_class
    assert len(heard) == 1


def test_a_remembered_ct_pack_is_told_with_a_button_for_every_tissue_image(qtbot, session, histology):
    Image.fromarray(paint(PINK, 64, 64)).save(histology / "second.png")
    session.settings.update(pack="ct", modality="ct", notice_seen=False)
    window = MainWindow(session)
    qtbot.addWidget(window)
    try:
        window.show()
        opened(qtbot, session, histology)
        for path in session.files:
            session.select(path)
            qtbot.waitUntil(lambda: window.notices._action.text() == "Use the histology model")
            assert window.notices._action.isVisible()
            assert "in colour" in window.notices._text.text()
            window.notices._next()  # put away for this image
        assert "in colour" not in "".join(window.notices.texts())
    finally:
        window.close()


def test_without_a_ct_model_nothing_switches_and_that_is_said(qtbot, session, panel, folder, monkeypatch):
    for place in ("listing", "engine_info"):
        monkeypatch.setattr(f"lungviewer.ui.{place}.has_default", lambda modality: modality == "histology")
    offer, heard = ModalityOffer(session), []
    offer.offered.connect(lambda *said: heard.append(said))
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: heard != [])
    assert session.spec.modality == "histology"
    ((notice, action, button),) = heard
    assert (action, button) == ("", "")
    assert notice.text.endswith("No model for CT is installed.")
    qtbot.waitUntil(lambda: panel.settled)
    assert panel.trust.reasons.text() == "This is a CT slice; this model reads histology."
    assert panel.prediction.bars.bars == ()
    assert panel.trust.strangeness.isHidden()


def test_the_status_line_speaks_of_millimetres_once_a_ct_model_answers(qtbot, session, histology):
    window = MainWindow(session)
    qtbot.addWidget(window)
    try:
        opened(qtbot, session, histology)
        image = window.status_line._image
        qtbot.waitUntil(lambda: image.whole_text().endswith("µm per pixel unknown"), timeout=20_000)
        session.model.use("ct")
        qtbot.waitUntil(lambda: image.whole_text().endswith("mm per pixel unknown"), timeout=20_000)
    finally:
        window.close()


def test_title_and_status_name_the_series_and_its_model(qtbot, session, folder, monkeypatch):
    window = MainWindow(session)
    qtbot.addWidget(window)
    try:
        opened(qtbot, session, folder)
        finished(qtbot, session)
        assert window.windowTitle() == "Series 3 · 8 slices · CT model"
        said = window.status_line._model.text()
        assert said.startswith("tiny-ct 1.0.0")
        image = window.status_line._image
        qtbot.waitUntil(lambda: "mm" in image.whole_text(), timeout=20_000)
        assert image.whole_text() == "Series 3 · 8 slices · 64 × 64 pixels · 0.7 mm per pixel"
    finally:
        window.close()
