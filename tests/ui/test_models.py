"""The window of models: what is installed, what may be used, and what never is."""

import json
import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from lungviewer.core.errors import PackNotFound
from lungviewer.core.paths import bundled
from lungviewer.packs.store import find_packs
from lungviewer.ui.engine_info import load_engine
from lungviewer.ui.models import work
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.model_windows import (
    SHIPPED_COUNT,
    NoContext,
    good_pack,
    idle,
    open_models,
    own_packs,
    png,
    show,
)
from tests.fixtures.packs import other_pack, tiny_pack
from tests.fixtures.windows import FakeKeeper, load_model

SHIPPED = bundled("models") / "lung-histology-mobilenetv2"
SHIPPED_NAME = next(e.name for e in find_packs([bundled("models")]) if e.spec.modality == "histology")


@pytest.fixture
def own():
    return own_packs()


@pytest.fixture
def good():
    return good_pack()


@pytest.fixture
def window(qtbot, session):
    return open_models(qtbot, session)


@pytest.fixture
def tampered(own):
    folder = shutil.copytree(SHIPPED, own / "tampered")
    statement = json.loads((folder / "pack.json").read_text())
    (folder / "pack.json").write_text(json.dumps(statement | {"id": "tampered", "title": "Tampered"}))
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)
    return folder


def spoken(window):
    return [
        window.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(window.list.count())
    ]


# --- what is shown -------------------------------------------------------------------------------


def test_every_pack_has_a_row_with_what_it_is(qtbot, good, window):
    rows = spoken(window)
    assert len(rows) == SHIPPED_COUNT + 1
    assert any("Lung histology, MobileNetV2" in row for row in rows[:-1])
    assert rows[-1].startswith("Tiny test pack. 1.0.0 · lung · H&E. Tumour A, Tumour B, Benign. Verified")


def test_the_model_in_use_is_shown_first(qtbot, session, own):
    load_model(qtbot, session)
    for name in ("aaa-first", session.spec.id):
        tiny_pack(own / name, pack_id=name, version=session.spec.version)
    window = open_models(qtbot, session)
    assert window.list.currentRow() > 0
    assert window.list.current_entry().spec.id == session.spec.id


def test_card_figures_and_facts_of_the_chosen_pack_are_shown(qtbot, good, window):
    show(qtbot, window, "tiny-pack")
    details = window.details
    assert details.title.text() == "Tiny test pack"
    assert "A card of its own." in details.card.toPlainText()
    titles = [label.text() for label in details.figures.widget().findChildren(QLabel)]
    assert "Confusion matrix" in titles
    facts = "\n".join(label.text() for label in details.facts.widget().findChildren(QLabel))
    for part in ("Tumour A: tumour; id tumour_a", "32 × 32", "2 µm per pixel", "tiny-pack@1.0.0", "card.md"):
        assert part in facts
    sha256 = work.read_pages(good, NoContext()).sha256
    assert sha256[:8] in facts


def test_of_a_ct_pack_the_window_is_told_and_no_scale(qtbot, window):
    show(qtbot, window, "lung-ct")
    facts = "\n".join(label.text() for label in window.details.facts.widget().findChildren(QLabel))
    assert "centre -500 HU, width 1500 HU" in facts
    assert "µm" not in facts


def test_the_shipped_card_is_read_without_sideways_scrolling(qtbot, window):
    window.resize(900, 600)
    show(qtbot, window, "lung-histology")
    assert "When not to trust it" in window.details.card.toPlainText()
    qtbot.waitUntil(lambda: window.details.card.horizontalScrollBar().maximum() == 0)
    assert window.size().width() == 900


def test_a_card_of_a_stranger_fetches_nothing(qtbot, own, window):
    secret = own / "secret.png"
    secret.write_bytes(png())
    card = f"# X\n\n![picture]({secret.as_uri()})\n\n<b>bold</b> [link](https://example.org)\n"
    tiny_pack(own / "tiny-pack-1.0.0", extra={"card.md": card.encode()})
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    view = window.details.card
    assert view.loadResource(2, secret.as_uri()).size().width() == 1  # a picture of nothing
    assert not view.openLinks()
    assert "<b>" in view.toPlainText()


def test_a_plot_that_would_fill_memory_is_left_out(own):
    folder = tiny_pack(
        own / "big", extra={"evaluation/roc.png": png(5000, 4000), "evaluation/curves.png": png(300, 200)}
    )
    assert [plot.name for plot in work.read_pages(folder, NoContext()).plots] == ["curves"]


def test_a_plot_is_as_wide_as_there_is_room_and_never_wider_than_it_is(qtbot, own, window):
    tiny_pack(own / "tiny", extra={"evaluation/roc.png": png(2000, 1000), "evaluation/a.png": png(40, 30)})
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    window.details.tabs.setCurrentIndex(1)
    small, large = (w for w in window.details.figures.widget().findChildren(QLabel) if w.accessibleName())
    qtbot.waitUntil(lambda: large.height() > 100)
    assert small.height() == 30
    assert large.width() <= window.details.figures.viewport().width()
    assert large.height() == pytest.approx(large.width() / 2, abs=1)


def test_a_folder_that_is_no_pack_says_why(qtbot, own, window):
    (own / "junk").mkdir()
    (own / "junk" / "pack.json").write_text("{}")
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "junk")
    assert window.details.standing.text().startswith("Cannot be used: pack.json")
    assert not window.use_button.isEnabled()
    assert not window.export_button.isEnabled()


def test_without_any_pack_the_window_says_so(qtbot, monkeypatch, session):
    monkeypatch.setattr(work, "pack_dirs", list)
    window = open_models(qtbot, session)
    assert window.details.title.text() == "No model"
    assert not window.use_button.isEnabled()


def test_the_pack_that_answers_is_marked(qtbot, own, session, window):
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_info is not None, timeout=20_000)
    spec = session.engine_info.spec
    tiny_pack(own / "same", spec=spec)
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, spec.id)
    assert window.details.standing.text().startswith("In use")
    assert not window.use_button.isEnabled()
    assert not window.remove_button.isEnabled()


def test_a_pack_that_nobody_validated_says_so(qtbot, own, window):
    tiny_pack(own / "tiny", validated=False)
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    assert "Not validated" in window.details.standing.text()
    assert window.use_button.isEnabled()


def test_a_pack_that_did_not_reach_its_aim_says_that_all_its_answers_ask_for_review(qtbot, own, window):
    tiny_pack(own / "tiny", review_below=1.0)
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    assert "did not reach its aim" in window.details.standing.text()
    facts = "\n".join(label.text() for label in window.details.facts.widget().findChildren(QLabel))
    assert "every answer, however sure" in facts
    assert window.use_button.isEnabled()


# --- use -----------------------------------------------------------------------------------------


def test_a_pack_that_verifies_is_used_and_remembered(qtbot, good, settings, window):
    show(qtbot, window, "tiny-pack")
    window.use_button.click()
    idle(qtbot, window)
    assert settings.current.pack == "tiny-pack@1.0.0"
    assert SettingsStore().current.pack == "tiny-pack@1.0.0"


def test_a_tampered_pack_is_shown_as_such_and_never_loaded(qtbot, tampered, settings, window):
    show(qtbot, window, "tampered")
    assert "model.onnx is not the file that pack.json lists" in window.details.standing.text()
    assert not window.use_button.isEnabled()
    window.controller.use(window.list.current_entry())  # whatever way is found
    idle(qtbot, window)
    assert settings.current.pack == ""
    assert window.told[-1].kind == "error"
    assert "This model is not loaded." in window.told[-1].text


def test_a_pack_whose_files_are_as_listed_but_that_does_not_reproduce_is_not_used(
    qtbot, own, settings, window
):
    other_pack(own / "other")
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "other")
    window.use_button.click()
    idle(qtbot, window)
    assert settings.current.pack == ""
    assert window.told[-1].kind == "error"
    assert "do not reproduce" in window.told[-1].text
    assert "Cannot be used" in window.details.standing.text()


def test_a_pack_that_is_changed_after_the_list_was_made_is_not_used(qtbot, good, settings, window):
    show(qtbot, window, "tiny-pack")
    assert window.use_button.isEnabled()
    data = bytearray((good / "model.onnx").read_bytes())
    data[50] ^= 1
    (good / "model.onnx").write_bytes(data)
    window.use_button.click()
    idle(qtbot, window)
    assert settings.current.pack == ""
    assert "Cannot be used" in window.details.standing.text()


def test_eight_bits_are_given_up_for_a_pack_that_has_none(qtbot, good, settings, window):
    settings.update(precision="int8")
    show(qtbot, window, "tiny-pack")
    window.controller.use(window.list.current_entry())
    idle(qtbot, window)
    assert (settings.current.pack, settings.current.precision) == ("tiny-pack@1.0.0", "fp32")


FAILED = {
    "passes": False,
    "rows": [
        {"what": "error among calls", "wanted": "≤ 0.02", "reached": "0.035", "verdict": "FAIL"},
        {"what": "calls at home", "wanted": "≥ 0.9", "reached": "0.94", "verdict": "pass"},
        {"what": "accuracy", "wanted": "published", "reached": "0.95", "verdict": "published"},
    ],
}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"extra": {"evaluation/metrics.json": json.dumps({"gate": FAILED}).encode()}}, "fails 1 of 2 rows"),
        ({"validated": False}, "not validated"),
    ],
)
def test_a_doubtful_pack_is_used_only_after_a_question(qtbot, own, settings, window, changes, why):
    tiny_pack(own / "doubtful", **changes)
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    window.use_button.click()
    idle(qtbot, window)
    assert why in window.question.sentence.text()
    window.question.no.click()
    assert not window.question.isVisible()
    assert settings.current.pack == ""
    window.use_button.click()
    idle(qtbot, window)
    window.question.yes.click()
    assert settings.current.pack == "tiny-pack@1.0.0"
    assert not window.question.isVisible()


def test_a_question_about_one_pack_is_gone_when_another_is_shown(qtbot, own, window):
    tiny_pack(own / "doubtful", validated=False)
    window.controller.refresh()
    idle(qtbot, window)
    show(qtbot, window, "tiny-pack")
    window.use_button.click()
    idle(qtbot, window)
    assert window.question.isVisible()
    show(qtbot, window, "lung-histology")
    assert not window.question.isVisible()


class NothingThere(FakeKeeper):
    """Knows the shipped pack only."""

    def get(self, choice):
        if choice.pack != SHIPPED_NAME:
            raise PackNotFound("There is no such pack.")
        return super().get(choice)


def test_a_chosen_pack_that_is_gone_gives_the_shipped_one_with_a_notice(qtbot, settings):
    settings.update(pack="gone@1.0.0")
    session = ViewerSession(settings, keeper=NothingThere())
    heard = []
    session.noticed.connect(heard.append)
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_info is not None, timeout=20_000)
    assert settings.current.pack == SHIPPED_NAME
    assert [n.kind for n in heard] == ["warning"]
    assert heard[0].text.startswith("There is no such pack. lung-histology")
    assert session.close()


class NothingAtAll(FakeKeeper):
    def get(self, choice):
        raise PackNotFound("There is no such pack.")


def test_a_shipped_pack_that_cannot_be_found_either_is_an_error(settings):
    settings.update(pack="gone@1.0.0")
    assert load_engine(NothingAtAll(), settings.current.engine_choice).pack == SHIPPED_NAME
    for chosen in (SHIPPED_NAME, ""):
        settings.update(pack=chosen)
        with pytest.raises(PackNotFound):
            load_engine(NothingAtAll(), settings.current.engine_choice)
