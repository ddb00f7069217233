"""The window of models: packs come, travel and go."""

import shutil

import pytest
from PySide6.QtCore import QFile
from PySide6.QtWidgets import QFileDialog, QMessageBox

from lungviewer.core.paths import bundled, user_packs_dir
from lungviewer.packs.store import export_zip, load_pack
from lungviewer.ui.models import work
from lungviewer.ui.session import ViewerSession
from tests.fixtures.model_windows import SHIPPED_COUNT, good_pack, idle, open_models, show
from tests.fixtures.packs import tiny_pack
from tests.fixtures.simulators import tiny_simulator
from tests.fixtures.windows import FakeKeeper

SHIPPED = bundled("models") / "lung-histology-mobilenetv2"


@pytest.fixture
def good():
    return good_pack()


@pytest.fixture
def window(qtbot, session):
    return open_models(qtbot, session)


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
        assert window.list.count() == SHIPPED_COUNT + 1
    assert [path.name for path in user_packs_dir().iterdir()] == ["tiny-pack-1.0.0"]


def test_a_simulator_is_installed_and_never_listed_as_a_model(qtbot, monkeypatch, tmp_path, window):
    export_zip(tiny_simulator(tmp_path / "elsewhere"), tmp_path / "simulator.zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "simulator.zip"), ""))
    before = window.list.count()
    window.install_button.click()
    idle(qtbot, window)
    assert "tiny-simulator@1.0.0 is installed. It is a progression simulator" in window.told[-1].text
    assert window.list.count() == before
    assert [path.name for path in user_packs_dir().iterdir()] == ["tiny-simulator-1.0.0"]


def test_a_zip_that_is_none_is_told_and_leaves_nothing(qtbot, monkeypatch, tmp_path, window):
    (tmp_path / "no.zip").write_bytes(b"no zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "no.zip"), ""))
    window.install_button.click()
    idle(qtbot, window)
    assert window.told[-1].kind == "error"
    assert window.list.count() == SHIPPED_COUNT
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
    assert window.list.count() == SHIPPED_COUNT


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


@pytest.fixture
def damaged(good, settings):
    """The chosen pack, of which something was lost."""
    (good / "card.md").write_bytes(b"changed")
    settings.update(pack="tiny-pack@1.0.0")
    return good


class Refusing(FakeKeeper):
    """Cannot open what the window finds damaged."""

    def get(self, choice):
        if choice.pack:
            load_pack(user_packs_dir() / "tiny-pack-1.0.0")
        return super().get(choice)


@pytest.fixture
def refusing(qtbot, damaged, settings):
    session = ViewerSession(settings, keeper=Refusing())
    session.load_model()
    qtbot.waitUntil(lambda: session.engine_error is not None, timeout=20_000)
    yield session
    assert session.close()


def test_a_damaged_pack_is_put_right_by_installing_it_again(qtbot, damaged, refusing, zip_file, tmp_path):
    export_zip(good_pack_again(tmp_path), tmp_path / "good.zip")
    window = open_models(qtbot, refusing)
    show(qtbot, window, "tiny-pack")
    assert "Cannot be used" in window.details.standing.text()
    window.controller.install(tmp_path / "good.zip")
    idle(qtbot, window)
    assert window.told[-1].text == "tiny-pack@1.0.0 is installed."
    qtbot.waitUntil(lambda: refusing.engine_info is not None, timeout=20_000)


def good_pack_again(folder):
    return tiny_pack(folder / "again", extra={"card.md": b"# Tiny\n\nA card of its own.\n"})


def test_a_damaged_own_pack_can_be_removed_though_it_is_chosen(
    qtbot, monkeypatch, damaged, refusing, settings
):
    monkeypatch.setattr(QFile, "moveToTrash", lambda path: not shutil.rmtree(path))
    window = open_models(qtbot, refusing)
    show(qtbot, window, "tiny-pack")
    window.remove_button.click()
    answer(qtbot, window, yes=True)
    idle(qtbot, window)
    assert not damaged.exists()
    assert settings.current.pack == ""
    qtbot.waitUntil(lambda: refusing.engine_info is not None, timeout=20_000)


def test_a_shipped_pack_cannot_be_removed(qtbot, window):
    show(qtbot, window, "lung-histology")
    assert not window.remove_button.isEnabled()
    for remove in (work.delete, work.move_to_trash):
        with pytest.raises(work.UsageError):
            remove(SHIPPED)
    assert SHIPPED.is_dir()
