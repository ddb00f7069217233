"""The decoder process: it may hang, crash, run out of memory or lose its parent, and nothing else does."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from lungviewer.core.errors import (
    Cancelled,
    DecoderCrashed,
    DecoderUnavailable,
    DecodeTimeout,
    ImageCorrupt,
    NotAnImage,
    OutOfMemory,
    UnexpectedFailure,
    UsageError,
)
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.readers.raster import open_raster
from lungviewer.readers.worker_messages import announced_size, error_from, receive_bytes
from tests.fixtures import pictures as make

OBEY = "tests.fixtures.decoders:obey"
ROOT = Path(__file__).parent.parent.parent
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="uses what only Linux offers")


@pytest.fixture(scope="module")
def obedient():
    with IsolatedDecoder(deadline_s=60, opener=OBEY) as decoder:
        yield decoder


def pid_of(decoder):
    return int(decoder.open(Path("pid")).info.notes[0])


def decoder_processes():
    return [child for child in psutil.Process().children(recursive=True) if _is_decoder(child)]


def _is_decoder(process):
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def test_pixels_and_facts_are_the_same_as_in_this_process(tmp_path, decoder):
    path = tmp_path / "picture.tif"
    path.write_bytes(make.encode(make.picture(2600, 2200), "TIFF"))  # more than one message of pixels
    here, there = open_raster(path, 0.4), decoder.open(path, 0.4)
    assert there.info == here.info
    np.testing.assert_array_equal(there.read((0, 0), 0, (2600, 2200)), here.read((0, 0), 0, (2600, 2200)))


def test_errors_keep_their_class_message_and_hint(tmp_path, decoder, obedient):
    with pytest.raises(ImageCorrupt) as caught:
        obedient.open(Path("refuse"))
    assert (caught.value.message, caught.value.hint) == ("A reason of its own.", "A hint of its own.")
    path = tmp_path / "text.jpg"
    path.write_bytes(b"text")
    with pytest.raises(NotAnImage) as caught:
        decoder.open(path)
    assert caught.value.hint == NotAnImage.default_hint
    with pytest.raises(UsageError):
        decoder.open(path, 9999.0)


def test_the_process_is_kept_between_files(obedient):
    assert pid_of(obedient) == pid_of(obedient)


def test_a_hanging_decoder_is_ended_at_the_deadline_and_replaced(obedient):
    before = pid_of(obedient)
    with pytest.raises(DecodeTimeout, match=r"0\.3 seconds"):
        obedient.open(Path("hang"), deadline_s=0.3)
    assert pid_of(obedient) != before
    assert not psutil.pid_exists(before)


@pytest.mark.parametrize("way", ["crash", "abort", "exit", "network"])
def test_a_dying_decoder_costs_one_file(obedient, way):
    with pytest.raises(DecoderCrashed):
        obedient.open(Path(way))
    assert pid_of(obedient) > 0


def test_a_mistake_in_a_decoder_is_told_and_the_process_stays(obedient):
    before = pid_of(obedient)
    with pytest.raises(UnexpectedFailure, match="KeyError"):
        obedient.open(Path("bug"))
    assert pid_of(obedient) == before


def test_a_decoder_that_was_killed_while_idle_is_replaced_without_a_word(obedient):
    process = psutil.Process(pid_of(obedient))
    process.kill()
    process.wait(10)
    assert pid_of(obedient) != process.pid


@linux_only
def test_a_decoder_that_takes_too_much_memory_is_refused_and_lives(obedient):
    before = pid_of(obedient)
    with pytest.raises(OutOfMemory):
        obedient.open(Path("hoard"))
    assert pid_of(obedient) == before


def test_the_decoder_cannot_be_heard(obedient, capfd):
    obedient.open(Path("chatter"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_does_not_reach_the_decoder(obedient):
    before = pid_of(obedient)
    os.kill(before, signal.SIGINT)
    assert pid_of(obedient) == before


def test_a_decoder_outlives_the_thread_that_first_needed_it(obedient):
    """Linux would end it with that thread, had that thread started it."""
    obedient.close()
    pids = []
    with IsolatedDecoder(opener=OBEY) as decoder:
        thread = threading.Thread(target=lambda: pids.append(pid_of(decoder)))
        thread.start()
        thread.join()
        assert pid_of(decoder) == pids[0]


def test_several_threads_share_a_few_workers():
    pids, lock = set(), threading.Lock()
    with IsolatedDecoder(workers=2, opener=OBEY) as decoder:

        def work():
            for _ in range(5):
                pid = pid_of(decoder)
                with lock:
                    pids.add(pid)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 1 <= len(pids) <= 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_leaves_no_process_no_thread_and_no_use():
    threads, processes = set(threading.enumerate()), {p.pid for p in decoder_processes()}
    decoder = IsolatedDecoder(opener=OBEY)
    pid_of(decoder)
    assert {p.pid for p in decoder_processes()} > processes
    decoder.close()
    decoder.close()
    assert {p.pid for p in decoder_processes()} == processes
    assert set(threading.enumerate()) <= threads
    with pytest.raises(Cancelled):
        decoder.open(Path("pid"))


def test_closing_an_unused_decoder_starts_nothing():
    processes = {p.pid for p in decoder_processes()}
    IsolatedDecoder(opener=OBEY).close()
    assert {p.pid for p in decoder_processes()} == processes


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_closing_interrupts_a_busy_decoder(tmp_path):
    os.mkfifo(tmp_path / "busy")
    decoder = IsolatedDecoder(deadline_s=60, opener=OBEY)
    pid = pid_of(decoder)
    ended = []

    def hang():
        try:
            decoder.open(tmp_path / "hang")
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=hang)
    thread.start()
    assert (tmp_path / "busy").read_bytes() == b"now"
    decoder.close()
    thread.join(20)
    assert ended == ["cancelled"]
    assert not psutil.pid_exists(pid)


def test_one_file_can_be_opened_by_itself(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(make.png(make.picture(), 2))
    processes = {p.pid for p in decoder_processes()}
    with IsolatedDecoder() as decoder:
        assert decoder.open(path).info.width == 96
    assert {p.pid for p in decoder_processes()} == processes


def test_an_opener_that_cannot_be_loaded_is_an_error_with_a_name():
    decoder = IsolatedDecoder(opener="tests.fixtures.decoders:no_such_thing")
    with decoder, pytest.raises(DecoderUnavailable, match="could not be started"):
        decoder.open(Path("x"))


@pytest.mark.parametrize(
    "answer",
    [
        {"width": 10**6, "height": 10**6},
        {"width": -1, "height": 5},
        {"width": 0, "height": 0},
        {"width": "many", "height": 1},
    ],
)
def test_a_worker_that_announces_nonsense_is_not_believed(answer):
    with pytest.raises(ValueError, match=r"size|invalid literal"):
        receive_bytes(None, (*announced_size(answer), 3))


def test_a_worker_cannot_name_an_error_that_is_not_ours():
    told = {"error": "os", "message": "m", "hint": "h"}
    assert type(error_from(told)) is DecoderCrashed
    assert type(error_from({**told, "error": "annotations"})) is DecoderCrashed
    assert type(error_from({**told, "error": "ImageCorrupt"})) is ImageCorrupt


PROGRAM = textwrap.dedent("""
    import sys, threading
    from pathlib import Path
    from lungviewer.readers.isolated import IsolatedDecoder

    if __name__ == "__main__":
        decoder = IsolatedDecoder(deadline_s=600, opener="tests.fixtures.decoders:obey")
        print(decoder.open(Path("pid")).info.notes[0], flush=True)
        if sys.argv[1] == "hang":
            decoder.open(Path("hang"))
        elif sys.argv[1] == "idle":
            threading.Event().wait()
        elif sys.argv[1] == "forget":
            pass
""")


def start_program(tmp_path, what):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(script), what], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )


@pytest.mark.parametrize("what", ["idle", "hang"])
def test_no_process_is_left_when_the_program_is_killed(tmp_path, what):
    """Killed for good (SIGKILL, TerminateProcess), so that nothing of it can clean up."""
    with start_program(tmp_path, what) as program:
        worker = psutil.Process(int(program.stdout.readline()))
        family = psutil.Process(program.pid).children(recursive=True)
        assert worker in family
        program.kill()
        program.wait(10)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []


def test_a_program_that_forgets_to_close_still_ends_with_everything(tmp_path):
    with start_program(tmp_path, "forget") as program:
        worker = psutil.Process(int(program.stdout.readline()))
        _, complaints = program.communicate(timeout=30)
        assert program.returncode == 0
        assert complaints == b""
        _, alive = psutil.wait_procs([worker], timeout=20)
        assert alive == []
