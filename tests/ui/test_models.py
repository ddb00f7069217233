"""The window of models: what is installed, what may be used, and what never is."""

import json
import shutil

import pytest
from PySide6.QtCore import QFile, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox

from lungviewer.core.errors import PackNotFound
from lungviewer.core.paths import bundled, user_packs_dir
from lungviewer.packs.store import export_zip, find_packs
from lungviewer.services import training_process
from lungviewer.ui.engine_info import load_engine
from lungviewer.ui.models import work
from lungviewer.ui.models.import_form import ImportForm
from lungviewer.ui.models.import_request import ImportRequest, class_lines, proposed_id
from lungviewer.ui.models.window import ModelsWindow
from lungviewer.ui.session import ViewerSession
from lungviewer.ui.settings import SettingsStore
from tests.fixtures.packs import tiny_pack
from tests.fixtures.windows import FakeKeeper

SHIPPED = bundled("models") / "lung-histology-mobilenetv2"
SHIPPED_NAME = find_packs([bundled("models")])[0].name


def png(width=40, height=30):
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    image.save(buffer, "PNG")
    return buffer.data().data()


@pytest.fixture
def own():
    """The person's own packs."""
    folder = user_packs_dir()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def good(own):
    return tiny_pack(
        own / "tiny-pack-1.0.0",
        extra={"card.md": b"# Tiny\n\nA card of its own.\n", "evaluation/confusion.png": png()},
    )


@pytest.fixture
def tampered(own):
    folder = shutil.copytree(SHIPPED, own / "tampered")
    statement = json.loads((folder / "pack.json").read_text())
    (folder / "pack.json").write_text(json.dumps(statement | {"id": "tampered", "title": "Tampered"}))
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)
    return folder


@pytest.fixture
def notices(session):
    heard = []
    session.noticed.connect(heard.append)
    return heard


@pytest.fixture
def window(qtbot, session):
    window = ModelsWindow(session)
    window.told = []
    window.controller.told.connect(window.told.append)
    qtbot.addWidget(window, before_close_func=lambda w: w.shutdown())
    window.show()
    idle(qtbot, window)
    return window


def idle(qtbot, window):
    """Everything that was begun is done."""
    controller = window.controller
    qtbot.waitUntil(lambda: controller.busy is None and not controller.session.file_jobs.busy, timeout=30_000)


def show(qtbot, window, name):
    rows = [row for row, entry in enumerate(window.controller.entries) if entry.name.startswith(name)]
    window.list.setCurrentRow(rows[0])
    idle(qtbot, window)


def spoken(window):
    return [
        window.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(window.list.count())
    ]


# --- what is shown -------------------------------------------------------------------------------


def test_every_pack_has_a_row_with_what_it_is(qtbot, good, window):
    assert len(spoken(window)) == 2
    assert "Lung histology, MobileNetV2" in spoken(window)[0]
    assert spoken(window)[1].startswith(
        "Tiny test pack. 1.0.0 · lung · H&E. Tumour A, Tumour B, Benign. Verified"
    )


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


class NoContext:
    def check(self):
        pass


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
    assert view.loadResource(2, secret.as_uri()) is None
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
    window = ModelsWindow(session)
    qtbot.addWidget(window, before_close_func=lambda w: w.shutdown())
    window.show()
    idle(qtbot, window)
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
    assert load_engine(NothingAtAll(), settings.current.engine_choice).pack == SHIPPED_NAME
    settings.update(pack=SHIPPED_NAME)
    with pytest.raises(PackNotFound):
        load_engine(NothingAtAll(), settings.current.engine_choice)


# --- install, export, remove -----------------------------------------------------------------------


@pytest.fixture
def zip_file(tmp_path):
    target = tmp_path / "tiny.zip"
    export_zip(tiny_pack(tmp_path / "elsewhere"), target)
    return target


def test_a_zip_is_installed_once_however_often_it_is_given(qtbot, monkeypatch, zip_file, window):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(zip_file), ""))
    for words in ("tiny-pack@1.0.0 is installed.", "tiny-pack@1.0.0 was installed already."):
        window.install_button.click()
        idle(qtbot, window)
        assert window.told[-1].text == words
        assert window.list.current_entry().name == "tiny-pack@1.0.0"
        assert window.list.count() == 2
    assert [path.name for path in user_packs_dir().iterdir()] == ["tiny-pack-1.0.0"]


def test_a_zip_that_is_none_is_told_and_leaves_nothing(qtbot, monkeypatch, tmp_path, window):
    (tmp_path / "no.zip").write_bytes(b"no zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "no.zip"), ""))
    window.install_button.click()
    idle(qtbot, window)
    assert window.told[-1].kind == "error"
    assert window.list.count() == 1
    assert window.install_button.isEnabled()


def test_an_exported_zip_can_be_installed(qtbot, monkeypatch, good, tmp_path, window):
    show(qtbot, window, "tiny-pack")
    target = tmp_path / "out.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    window.export_button.click()
    idle(qtbot, window)
    assert work.install(target, frozenset()).entry.name == "tiny-pack@1.0.0"


def answer(qtbot, window, yes):
    """Answer the question that the window asks."""
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None)
    box = window.findChild(QMessageBox)
    wanted = QMessageBox.ButtonRole.AcceptRole if yes else QMessageBox.ButtonRole.RejectRole
    next(b for b in box.buttons() if box.buttonRole(b) == wanted).click()


def test_an_own_pack_is_moved_to_the_trash_after_asking(qtbot, monkeypatch, good, window):
    moved = []
    monkeypatch.setattr(
        QFile, "moveToTrash", lambda path: moved.append(path) or bool(shutil.rmtree(path) or 1)
    )
    show(qtbot, window, "tiny-pack")
    window.remove_button.click()
    answer(qtbot, window, yes=False)
    assert moved == []
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    window.remove_button.click()
    answer(qtbot, window, yes=True)
    idle(qtbot, window)
    assert moved == [str(good)]
    assert window.list.count() == 1


def test_where_there_is_no_trash_it_asks_again_before_deleting(qtbot, monkeypatch, good, window):
    monkeypatch.setattr(QFile, "moveToTrash", lambda path: False)
    show(qtbot, window, "tiny-pack")
    window.remove_button.click()
    answer(qtbot, window, yes=True)
    idle(qtbot, window)
    assert good.exists()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None)
    answer(qtbot, window, yes=True)
    idle(qtbot, window)
    assert not good.exists()


def test_a_shipped_pack_cannot_be_removed(qtbot, window):
    show(qtbot, window, "lung-histology")
    assert not window.remove_button.isEnabled()
    for remove in (work.delete, work.move_to_trash):
        with pytest.raises(work.UsageError):
            remove(SHIPPED)
    assert SHIPPED.is_dir()


# --- import --------------------------------------------------------------------------------------


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


def test_a_model_that_cannot_be_imported_is_told_and_leaves_nothing(qtbot, tmp_path, window):
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no model")
    window.controller.import_model(request(file=str(broken)))
    assert window.controller.busy.can_stop
    idle_long(qtbot, window)
    assert window.told[-1].kind == "error"
    assert window.list.count() == 1


def idle_long(qtbot, window):
    qtbot.waitUntil(lambda: window.controller.busy is None, timeout=120_000)
