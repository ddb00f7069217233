"""What the window says of a slide: while it is mapped, when it is done, and to a blinded reviewer."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QWidget

from lungviewer.core.errors import ImageCorrupt, SpacingUnknown
from lungviewer.core.slide_summary import rule_sentence
from lungviewer.core.types import Status
from lungviewer.services.export_kinds import USUAL_KINDS, ExportKind
from lungviewer.services.slide_result import MapOptions
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.mapping import words
from lungviewer.ui.mapping.export import ExportDialog
from lungviewer.ui.mapping.mapper import MapNumbers
from lungviewer.ui.mapping.pictures import Photograph, PicturesDialog
from lungviewer.ui.mapping.tissue import Looked, try_threshold
from lungviewer.ui.panels.side import SidePanel
from lungviewer.ui.qimage import rgb_image
from lungviewer.ui.session import ViewerSession
from tests.fixtures.mapping import FakeSlides, make_slides
from tests.fixtures.slide_maps import overview, slide_map
from tests.fixtures.windows import FakeKeeper, load_model, open_folder


@pytest.fixture
def slides(monkeypatch):
    slides = FakeSlides()
    slides.install(monkeypatch)
    return slides


@pytest.fixture
def session(settings):
    session = ViewerSession(settings, keeper=FakeKeeper(), mapping_keeper=FakeKeeper())
    yield session
    assert session.close()


@pytest.fixture
def folder(tmp_path):
    make_slides(tmp_path / "cases", "a", "b")
    return tmp_path / "cases"


@pytest.fixture
def panel(qtbot, session):
    panel = SidePanel(session)
    qtbot.addWidget(panel)
    panel.resize(330, 640)
    panel.show()
    yield panel
    panel.shutdown()


def opened(qtbot, session, folder):
    load_model(qtbot, session)
    open_folder(qtbot, session, folder, answers=False)
    qtbot.waitUntil(lambda: session.record(session.current) is not None, timeout=20_000)
    return session.current


def wait_complete(qtbot, session, panel=None):
    qtbot.waitUntil(lambda: session.mapping.map is not None and session.mapping.map.complete, timeout=20_000)
    qtbot.waitUntil(lambda: not session.mapping.running and (panel is None or panel.settled), timeout=20_000)


# --- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "text"),
    [(0.0, "0 %"), (0.0001, "<0.1 %"), (0.034, "3.4 %"), (0.34, "34 %"), (0.9999, ">99.9 %"), (1.0, "100 %")],
)
def test_shares_of_an_area(part, text):
    assert words.share(part).replace("\u00a0", " ") == text


@pytest.mark.parametrize(("mm2", "text"), [(0.04, "0.04 mm²"), (1.23, "1.2 mm²"), (123.4, "123 mm²")])
def test_areas(mm2, text):
    assert words.area(mm2).replace("\u00a0", " ") == text


def test_how_far_a_map_is():
    numbers = MapNumbers(34, 100, 120.4, 130.0)
    assert words.how_far(numbers, False).replace("\u00a0", " ") == (
        "Mapping… 34 % · about 2 min left · 120 tiles/s"
    )
    assert words.how_far(numbers, True) == "Stopping…"
    assert words.how_far(MapNumbers(), False) == "Mapping begins…"
    # Never all of it before it is.
    assert words.done(999, 1000).replace("\u00a0", " ") == "99 %"


def test_what_stands_of_a_map():
    whole = slide_map()
    assert words.standing(whole).startswith(f"Mapped: {whole.wanted} tiles, 2025-01-01 00:00 UTC")
    assert words.standing(slide_map(looked_at=0)).startswith("Not mapped yet: ")
    assert "10 of " in words.standing(slide_map(looked_at=10))
    assert words.standing(replace(whole, wanted=0, tiles={})) == "No tissue was found, so nothing was mapped."


def test_what_was_refused_is_told_with_reasons_most_first():
    summary = slide_map().summary
    head, listed = words.refused_lines(summary)
    assert f"{summary.tiles_refused} tiles" in head
    assert "pen marks" in listed
    assert words.refused_lines(replace(summary, tiles_refused=0)) == []


# --- the panel ---------------------------------------------------------------------------------------


def test_the_section_is_there_for_slides_only(qtbot, session, slides, folder, panel, pictures):
    open_folder(qtbot, session, pictures)
    qtbot.waitUntil(lambda: panel.settled)
    assert panel._slide.isHidden()
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: not panel._slide.isHidden())


def test_a_complete_map_is_told_in_areas(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    slide, section = session.mapping.map, panel.slide
    qtbot.waitUntil(lambda: section.how_far.text() == words.standing(slide))
    assert set(section.numbers) == set(session.spec.class_ids)
    for class_id, (area, share) in section.numbers.items():
        assert area.text() == words.area(slide.summary.class_mm2[class_id])
        assert share.text() == words.share(slide.summary.class_share[class_id])
    assert section.tissue.text() == words.tissue_line(slide.summary)
    assert section.rule.text() == rule_sentence(session.spec)
    assert section.toggle.isHidden()
    assert section.bar.isHidden()


def test_the_tumour_share_stands_where_images_have_their_confidence(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    path, prediction = session.current, panel.prediction
    assert prediction.headline.text() == "No call: little tissue"
    assert prediction.number.text() == ""
    unclear = replace(session.record(path), reason="tumour_unclear")
    called = replace(unclear, status=Status.REVIEW, predicted_class="tumour_a", reason="slide_not_validated")
    for row, said in ((unclear, "No call: some tumour tiles"), (called, "Tumour A found")):
        session._answers.rows[path] = row
        session.outcome_changed.emit(path)
        qtbot.waitUntil(lambda said=said: prediction.headline.text() == said)
        assert prediction.number.text() == words.share(session.mapping.map.summary.tumour_share)
        assert prediction.word.text() == "of the analysed tissue called tumour"
    assert "There is no confidence" in prediction.sentence.text()
    assert not prediction.bars.isVisible()
    assert "confidence" not in prediction.number.label.accessibleName().lower()


def test_while_it_grows_the_panel_says_how_far_and_offers_to_stop(qtbot, session, slides, folder, panel):
    slides.stop_at = 5
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: panel.slide.bar.value() == 5, timeout=20_000)
    assert panel.slide.how_far.text().startswith("Mapping… ")
    assert panel.slide.toggle.text() == "Stop"
    qtbot.waitUntil(lambda: "cut out when the map is complete" in panel.regions.text.text())
    panel.slide.toggle.click()
    qtbot.waitUntil(lambda: panel.slide.toggle.text() == "Go on mapping", timeout=20_000)
    assert "5 of " in panel.slide.how_far.text()
    slides.stop_at = None
    panel.slide.toggle.click()
    wait_complete(qtbot, session, panel)


def test_a_slide_of_which_nothing_was_looked_at_is_not_called_refused(qtbot, session, slides, folder, panel):
    session.settings.update(map_opened_slides=False)
    path = opened(qtbot, session, folder)
    record = session.record(path)
    row = replace(record, status=Status.REFUSED, reason="not_finished", tiles=0)
    session._answers.rows[path] = row
    session.outcome_changed.emit(path)
    qtbot.waitUntil(lambda: panel.settled)
    assert panel.trust.status.text() == "Nothing to judge yet."
    assert panel.slide.toggle.text() == "Map slide"
    assert not panel.slide.export.isEnabled()


def test_the_check_of_an_explanation_says_why_it_is_not_offered(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    assert "not offered for whole slides" in panel.check.intro.text()
    assert panel.check.button.isHidden()


def test_the_panel_chooses_what_is_shown_of_a_slide(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    explanation = panel.explanation
    assert explanation.layer_box.isVisible()
    assert explanation.legend.text().startswith("What each tile was called")
    assert explanation.class_box.toolTip()
    session.explaining.set_layer("probability")
    assert explanation.legend.text().startswith("Probability of ")
    assert not explanation.class_box.toolTip()
    explanation.layer_box.activated.emit(explanation.layer_box.findData("activation"))
    assert session.explaining.layer == "activation"
    assert explanation.legend.text().startswith("Evidence for ")
    session.explaining.set_layer("calls")
    assert explanation.legend.text().startswith("What each tile was called")
    assert not explanation.class_box.isEnabled()
    assert explanation.strip.isHidden()


def test_provenance_tells_how_the_slide_was_looked_at(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    facts, slide = panel.provenance.facts(), session.mapping.map
    assert facts["Tiles"].startswith(f"{slide.wanted} of {slide.wanted}, 64 µm")
    assert facts["Overlap"].replace("\u00a0", " ") == "0 %"
    assert facts["Objective"] == "20× (says the file)"
    assert facts["Read at"] == "level 1, 2 µm/px"
    assert facts["Tissue from"] == "0.200 (automatic)"


def test_a_slide_without_a_scale_offers_to_set_it(qtbot, session, slides, folder, panel):
    slides.problem = SpacingUnknown("The slide does not state its µm per pixel.")
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: panel.slide.scale.isVisible())
    assert panel.slide.toggle.isHidden()
    assert panel.slide.more_section.isHidden()
    assert panel.slide.how_far.text().startswith("Not mapped: ")
    with qtbot.waitSignal(panel.slide.scale_asked):
        panel.slide.scale.click()
    session.set_scale(session.current, 0.5)
    wait_complete(qtbot, session, panel)
    assert panel.slide.scale.isHidden()


def test_a_failure_of_mapping_is_told_in_the_panel(qtbot, session, slides, folder, panel):
    slides.mapping_problem = ImageCorrupt("The slide is damaged.")
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: panel.slide.problem.isVisible(), timeout=20_000)
    assert panel.slide.problem.text() == session.mapping.error.sentence


# --- how it is looked at -----------------------------------------------------------------------------


@pytest.fixture
def tried(monkeypatch):
    """Thresholds that were tried, and no slide behind them."""
    asked = []

    def look(path, looked, threshold, decoder, ctx):
        asked.append(threshold)
        made = slide_map(columns=6, rows=5)
        looked = looked or Looked(path, overview(made, 200), made.info.width, made.info.height)
        return try_threshold(path, looked, threshold, decoder, ctx)

    monkeypatch.setattr("lungviewer.ui.mapping.trial.try_threshold", look)
    return asked


def test_a_threshold_is_shown_before_it_counts(qtbot, session, slides, folder, panel, tried):
    path = opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    more = panel.slide.more
    assert not more.apply.isEnabled()
    with qtbot.waitSignal(session.mapping.trial.found) as found:
        more.threshold.setValue(50)
    assert found.args[0].threshold == pytest.approx(0.1)
    assert more.apply.isEnabled()
    assert "plans the tiles anew" in more.hint.text()
    assert session.mapping.wish(path).tissue_threshold is None
    with qtbot.waitSignal(session.mapping.trial.found) as found:
        more.apply.click()
    assert found.args[0] is None
    wait_complete(qtbot, session, panel)
    assert session.mapping.map.options.tissue_threshold == pytest.approx(0.1)
    more.automatic.click()
    more.apply.click()
    wait_complete(qtbot, session, panel)
    assert session.mapping.map.options == MapOptions()


def test_of_many_thresholds_the_last_one_is_shown(qtbot, session, slides, folder, panel, tried):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    told = []
    session.mapping.trial.found.connect(told.append)
    for value in range(20, 60):
        panel.slide.more.threshold.setValue(value)
    last = panel.slide.more.chosen.tissue_threshold
    qtbot.waitUntil(lambda: bool(told) and told[-1].threshold == last)
    assert len(tried) <= 3


def test_half_overlap_is_applied(qtbot, session, slides, folder, panel):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session, panel)
    more = panel.slide.more
    more.overlap.setCurrentIndex(more.overlap.findData(0.5))
    more.overlap.activated.emit(more.overlap.currentIndex())
    more.apply.click()
    wait_complete(qtbot, session, panel)
    assert session.mapping.map.options.overlap == 0.5


# --- the window --------------------------------------------------------------------------------------


@pytest.fixture
def window(qtbot, settings, session, slides, folder, monkeypatch):
    settings.update(notice_seen=True)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def spoken(window):
    """Every word on the screen, and every one for screen readers."""
    widgets = [w for w in window.findChildren(QWidget) if w.isVisible()]
    texts = [w.text() for w in widgets if isinstance(w, QLabel)]
    return " ".join(
        [*texts, *(f"{w.accessibleName()} {w.accessibleDescription()} {w.toolTip()}" for w in widgets)]
    )


def test_the_status_bar_says_how_far_and_stops(qtbot, session, slides, folder, window):
    slides.stop_at = 4
    assert window.mapping_status.isHidden()
    opened(qtbot, session, folder)
    qtbot.waitUntil(lambda: window.mapping_status.bar.value() == 4, timeout=20_000)
    assert window.mapping_status.text.text().startswith("Mapping… ")
    with qtbot.waitSignal(session.mapping.mapper.ended):
        window.mapping_status.stop.click()
    qtbot.waitUntil(window.mapping_status.isHidden)


def test_actions_are_offered_where_they_can_do_something(qtbot, session, slides, folder, window):
    actions = window.actions_.by_id
    names = ("map-slide", "export-map", "next-layer", "tissue-outline", "show-label")
    assert not any(actions[name].isEnabled() for name in names)
    session.settings.update(map_opened_slides=False)
    opened(qtbot, session, folder)
    assert actions["map-slide"].isEnabled()
    assert actions["show-label"].isEnabled()
    assert not actions["export-map"].isEnabled()
    actions["map-slide"].trigger()
    wait_complete(qtbot, session)
    assert not actions["map-slide"].isEnabled()
    assert actions["export-map"].isEnabled()
    actions["next-layer"].trigger()
    assert session.explaining.layer == "probability"


def test_a_blinded_reviewer_is_told_nothing_of_the_map(qtbot, session, slides, folder, window):
    session.settings.update(reviewer="A. B.", blinded=True)
    slides.stop_at = 10
    opened(qtbot, session, folder)
    side = window.side
    qtbot.waitUntil(lambda: side.slide.bar.value() == 10, timeout=20_000)
    qtbot.waitUntil(lambda: side.settled, timeout=20_000)
    assert side.prediction.headline.text() in ("Answer hidden", "Looking…")
    assert side.prediction.number.text() == ""
    assert side.slide.numbers == {}
    assert not side.slide.tissue.isVisible()
    assert not side.slide.refused.isVisible()
    assert not side.slide.export.isEnabled()
    assert not window.actions_.by_id["export-map"].isEnabled()
    assert not side.regions.isVisible()
    assert window.viewer.furniture.legend.isHidden()
    said = spoken(window)
    assert "of the analysed tissue called tumour" not in said
    assert not any(words.area(mm2) in said for mm2 in session.mapping.map.summary.class_mm2.values() if mm2)
    slides.stop_at = None
    wait_complete(qtbot, session)
    qtbot.waitUntil(lambda: side.settled)
    assert side.slide.numbers == {}
    session.settings.update(blinded=False)
    qtbot.waitUntil(lambda: bool(side.slide.numbers))


def test_the_map_yields_to_the_viewer(window, session):
    assert session.mapping.mapper.yield_to == window.viewer.busy_reading


# --- dialogs -----------------------------------------------------------------------------------------


def test_a_map_is_exported_into_a_folder(qtbot, session, slides, folder, tmp_path, window):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session)
    window.actions_.by_id["export-map"].trigger()
    dialog = window.windows._made["export"]
    assert set(dialog.chosen) == set(USUAL_KINDS)
    for kind, box in dialog.boxes.items():
        box.setChecked(kind in (ExportKind.CSV, ExportKind.GEOJSON))
    target = tmp_path / "maps"
    dialog.folder.take(target)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.said.isVisible(), timeout=20_000)
    assert dialog.said.text() == "2 files of this slide were written, with a table of slides and what ran."
    assert (target / "model-outputs-csv" / "a.csv").is_file()
    written = [file.read_text("utf-8", "replace") for file in target.glob("*.*")]
    assert written
    assert not any(str(folder) in text for text in written)  # a folder may name a person
    assert (target / "model-outputs-geojson" / "a.geojson").is_file()
    assert dialog.open_folder.isVisible()


def test_an_export_that_cannot_be_written_says_so(qtbot, session, slides, folder, tmp_path):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session)
    dialog = ExportDialog(session, session.current)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.folder.take(folder)  # of the slide itself
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.said.isVisible(), timeout=20_000)
    assert dialog.said.symbol.name == "error"
    assert dialog.start.isEnabled()
    assert sorted(p.name for p in folder.iterdir()) == ["a.svs", "b.svs"]


def test_nothing_is_exported_without_a_kind(qtbot, session, slides, folder):
    opened(qtbot, session, folder)
    wait_complete(qtbot, session)
    dialog = ExportDialog(session, session.current)
    qtbot.addWidget(dialog)
    assert dialog.start.isEnabled()
    for box in dialog.boxes.values():
        box.setChecked(False)
    assert not dialog.start.isEnabled()


class _Label:
    associated = ("label", "macro")

    def associated_image(self, name):
        if name == "macro":
            raise ImageCorrupt("This picture is damaged.")
        return np.full((40, 60, 3), 200, np.uint8)

    def close(self):
        pass


def test_label_and_macro_are_shown_on_request_only(qtbot, session, slides, folder, monkeypatch):
    read = []
    monkeypatch.setattr(
        "lungviewer.ui.mapping.pictures.opening.open_slide",
        lambda path, decoder: read.append(path) or _Label(),
    )
    path = opened(qtbot, session, folder)
    dialog = PicturesDialog(session, path)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "may name the patient" in dialog.words.text()
    assert read == []
    dialog.show_button.click()
    qtbot.waitUntil(lambda: any(not w.pixmap().isNull() for w in dialog.findChildren(QLabel)))
    texts = [w.text() for w in dialog.findChildren(QLabel)]
    assert "label" in texts
    assert any("This picture is damaged." in text for text in texts)
    session.select(folder / "b.svs")
    assert not dialog.isVisible()
    assert all(w.pixmap().isNull() for w in dialog.findChildren(QLabel))
    qtbot.waitUntil(lambda: session.record(folder / "b.svs") is not None)


def test_the_setting_is_in_the_dialog(qtbot, session, slides, window):
    window.windows.show_settings()
    dialog = window.windows._made["settings"]
    assert dialog.images.map_slides.isChecked()
    dialog.images.map_slides.setChecked(False)
    dialog.apply()
    assert not session.settings.current.map_opened_slides
    dialog.close()


def test_a_photograph_is_turned_by_a_quarter(qtbot):
    photograph = Photograph("label", rgb_image(np.full((40, 60, 3), 200, np.uint8)))
    qtbot.addWidget(photograph)
    photograph.turn.click()
    assert (photograph.label.pixmap().width(), photograph.label.pixmap().height()) == (40, 60)
