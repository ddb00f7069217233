import os
import sys
import threading

import pytest

from lungviewer.core import starter
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
    for name in ("LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG", "PYTHONSAFEPATH", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(starter, "_prepared", False)
    monkeypatch.setattr(starter, "_found", {})
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
@pytest.mark.parametrize(
    ("told", "handed_on"),
    [
        ("/cv2/../../lib64:/theirs:", "/cv2/../../lib64:/theirs"),
        (":/theirs", "/theirs"),
        (".;/theirs;bin", "/theirs"),
        ("/theirs::", "/theirs"),
        ("/usr/$LIB:$ORIGIN/x:/not/mounted/yet", "/usr/$LIB:$ORIGIN/x:/not/mounted/yet"),
        ("/" + "x" * 300, "/" + "x" * 300),
        (":.", None),
    ],
)
def test_no_process_is_told_to_take_libraries_from_the_current_folder(environment, given, told, handed_on):
    environment.setenv("LD_LIBRARY_PATH", told)
    assert given().get("LD_LIBRARY_PATH") == handed_on


@pytest.mark.skipif(os.name != "posix", reason="the variable is of the loaders of Linux and its kin")
def test_what_comes_later_is_kept_from_own_processes_and_not_handed_to_others(environment):
    environment.setenv("LD_LIBRARY_PATH", "/theirs:")
    prepare()
    environment.setenv("LD_LIBRARY_PATH", "/cv2/lib64:/theirs:")  # as OpenCV does
    environment.setenv("OPENBLAS_NUM_THREADS", "1")  # as we do
    assert own_environment()["LD_LIBRARY_PATH"] == "/cv2/lib64:/theirs"
    with starting_others():
        assert os.environ["LD_LIBRARY_PATH"] == "/theirs:"
        assert "OPENBLAS_NUM_THREADS" not in os.environ
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["PYTHONSAFEPATH"] == "lungviewer"


def test_a_program_that_only_uses_us_gets_its_environment_back(environment):
    environment.setenv("LD_LIBRARY_PATH", "/theirs:")
    before = dict(os.environ)
    for start in (starting_own, starting_others, starting_own):
        with start():
            pass
        assert dict(os.environ) == before


def test_what_other_threads_set_meanwhile_stays():
    """And nobody who copies the environment stumbles over what is taken away."""
    prepare()
    over = threading.Event()

    def start():
        while not over.is_set():
            with starting_others():
                pass

    thread = threading.Thread(target=start)
    thread.start()
    try:
        for number in range(3000):
            os.environ["LUNGVIEWER_TEST"] = str(number)
            own_environment()
            assert environment_of_others()["LUNGVIEWER_TEST"] == str(number)
            assert os.environ.pop("LUNGVIEWER_TEST") == str(number)
    finally:
        over.set()
        thread.join()


def test_starting_within_starting_does_not_hang():
    with starting_others(), starting_own():
        assert os.environ["PYTHONSAFEPATH"]


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
        environment.setenv(name, packaged + "/of the starter")
    forget_own_libraries()
    prepare()
    own = own_environment()
    assert own["PYINSTALLER_RESET_ENVIRONMENT"] == "1"
    assert own["QT_PLUGIN_PATH"] == packaged + "/of the starter"
    assert environment_of_others() == before
    # One that has not forgotten its own hands them on neither: training's part starts git.
    environment.setenv("LD_LIBRARY_PATH", packaged)
    assert environment_of_others() == before


def test_a_persons_own_plug_ins_of_qt_are_handed_on(packaged, environment):
    environment.setenv("QT_PLUGIN_PATH", "/the/persons")
    assert environment_of_others()["QT_PLUGIN_PATH"] == "/the/persons"
