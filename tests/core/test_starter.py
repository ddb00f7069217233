import os
import sys

import pytest

from lungviewer.core.starter import (
    environment_of_others,
    forget_own_libraries,
    own_environment,
    prepare,
    starting_others,
    starting_own,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """This process's environment, put back in the end."""
    before = dict(os.environ)
    for name in ("LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def packaged(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return str(tmp_path)


def test_what_a_packaged_program_starts_gets_the_libraries_of_the_system(packaged, environment):
    environment.setenv("LD_LIBRARY_PATH", packaged)
    forget_own_libraries()
    assert "LD_LIBRARY_PATH" not in os.environ
    environment.setenv("LD_LIBRARY_PATH", "/our/own")
    environment.setenv("LD_LIBRARY_PATH_ORIG", "/the/persons")
    forget_own_libraries()
    assert os.environ["LD_LIBRARY_PATH"] == "/the/persons"
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ


def test_a_source_checkout_keeps_its_environment(environment):
    environment.setenv("LD_LIBRARY_PATH", "/the/persons")
    forget_own_libraries()
    assert os.environ["LD_LIBRARY_PATH"] == "/the/persons"


@pytest.mark.skipif(os.name != "posix", reason="the variable is of the loaders of Linux and its kin")
@pytest.mark.parametrize("given", [own_environment, environment_of_others])
def test_no_process_is_told_to_take_libraries_from_the_current_folder(environment, tmp_path, given):
    theirs = str(tmp_path)
    for told in (f"/no/such/cv2/../../lib64:{theirs}:", f":{theirs}", f".;{theirs};bin", f"{theirs}::"):
        environment.setenv("LD_LIBRARY_PATH", told)
        assert given()["LD_LIBRARY_PATH"] == theirs
    environment.setenv("LD_LIBRARY_PATH", "/no/such/cv2/../../lib64:")
    assert "LD_LIBRARY_PATH" not in given()


def test_python_looks_for_modules_in_the_current_folder_only_for_others():
    before = dict(os.environ)
    prepare()
    assert os.environ["PYTHONSAFEPATH"]
    assert environment_of_others() == before
    with starting_others():
        assert dict(os.environ) == before
    with starting_own():
        assert os.environ["PYTHONSAFEPATH"]


def test_a_persons_own_choice_for_python_is_handed_on(environment):
    environment.setenv("PYTHONSAFEPATH", "1")
    prepare()
    assert environment_of_others()["PYTHONSAFEPATH"] == "1"


def test_a_packaged_programs_processes_ask_for_their_libraries_and_others_see_nothing_of_it(
    packaged, environment
):
    before = dict(os.environ)
    environment.setenv("LD_LIBRARY_PATH", packaged)
    for name in ("_PYI_ARCHIVE_FILE", "_PYI_PARENT_PROCESS_LEVEL", "QT_PLUGIN_PATH", "QML2_IMPORT_PATH"):
        environment.setenv(name, "of the starter")
    forget_own_libraries()
    prepare()
    own = own_environment()
    assert own["PYINSTALLER_RESET_ENVIRONMENT"] == "1"
    assert own["QT_PLUGIN_PATH"] == "of the starter"
    assert environment_of_others() == before
    # One that has not forgotten its own hands them on neither: training's part starts git.
    environment.setenv("LD_LIBRARY_PATH", packaged)
    assert environment_of_others() == before
