"""T05: every malicious pack is refused by name, before a runtime is imported, without outside reads.

All packs are loaded in one child process with little memory, which notes what happened. A pack that
hangs or kills it fails every test of this file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.keras_archives import archive
from tests.fixtures.malicious_packs import PACKS as CLASSIFIERS
from tests.fixtures.malicious_packs import good_manifest, stamps, write_zip
from tests.fixtures.malicious_simulators import SIMULATORS
from tests.fixtures.packs import tiny_pack
from tests.fixtures.simulators import tiny_simulator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="makes pipes and links, and limits memory")

PACKS = {**CLASSIFIERS, **SIMULATORS}
ROOT = Path(__file__).parent.parent.parent
_CHILD = """
import json, os, resource, sys, time
from pathlib import Path
import h5py, numpy, onnx  # libraries read their own files when they are first imported
from lungviewer.core.errors import PackError
from lungviewer.packs.kinds import load_any

packs = json.loads(sys.stdin.read())
for warm in ("warm up", "warm up simulator"):
    load_any(Path(packs.pop(warm)))
inside, outside = None, []

def listen(event, arguments):
    if inside and event in ("open", "os.listdir", "os.scandir"):
        if not isinstance(arguments[0], int) and not str(os.fsdecode(arguments[0])).startswith(inside):
            outside.append(str(arguments[0]))
    elif inside and event.split(".")[0] in ("socket", "subprocess", "pickle", "ctypes"):
        outside.append(event)
    elif inside and event in ("os.system", "os.exec", "os.posix_spawn"):
        outside.append(event)

sys.addaudithook(listen)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**29, used + 2**29))
results = {}
for name, path in packs.items():
    inside, outside[:] = path, []
    start = time.perf_counter()
    try:
        load_any(Path(path))
        kind, message, hint = "loaded", "", ""
    except PackError as error:
        kind, message, hint = type(error).__name__, error.message, error.hint
    except BaseException as error:
        kind, message, hint = type(error).__name__, str(error), ""
    seconds = time.perf_counter() - start
    inside = None
    runtimes = sorted({"onnxruntime", "tensorflow", "keras", "torch"} & set(sys.modules))
    results[name] = [kind, message, hint, seconds, list(outside), runtimes]
print(json.dumps(results))
"""

GOOD = (
    *("a folder", "a zip", "a zip with a folder in it", "a Keras pack", "everything a pack may hold"),
    *("a simulator", "a simulator in a zip"),
)


def _good(name: str, folder: Path) -> Path:
    if name == "a zip":
        return write_zip(folder)
    if name == "a zip with a folder in it":
        from lungviewer.packs.store import export_zip

        export_zip(tiny_pack(folder / "pack"), folder / "pack.zip")
        return folder / "pack.zip"
    if name.startswith("a simulator"):
        from lungviewer.packs.store import export_zip

        pack = tiny_simulator(folder / "pack", files={"evaluation/metrics.json": b"{}"})
        if name == "a simulator":
            return pack
        export_zip(pack, folder / "pack.zip")
        return folder / "pack.zip"
    if name == "a Keras pack":
        manifest, files = good_manifest(folder), {"model.keras": archive()}
        (folder / "pack").mkdir()
        (folder / "pack" / "model.keras").write_bytes(files["model.keras"])
        text = json.dumps({**manifest, "runtime": "keras", "files": stamps(files)})
        (folder / "pack" / "pack.json").write_text(text)
        return folder / "pack"
    if name == "everything a pack may hold":
        extra = {
            "card.md": b"# Card",
            "model.keras": archive(),
            "evaluation/metrics.json": b"{}",
            "evaluation/roc-curve.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        }
        return tiny_pack(folder / "pack", score="gaussian", extra=extra)
    return tiny_pack(folder / "pack")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    top = tmp_path_factory.mktemp("malicious")
    paths = {"warm up": str(tiny_pack(top / "warm-up", score="gaussian"))}
    paths["warm up simulator"] = str(tiny_simulator(top / "warm-up-simulator"))
    for number, (name, (_, build)) in enumerate(PACKS.items()):
        folder = top / str(number)
        folder.mkdir()
        paths[name] = str(build(folder).resolve())
    for number, name in enumerate(GOOD):
        folder = top / f"good-{number}"
        folder.mkdir()
        paths[name] = str(_good(name, folder).resolve())
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_there_are_enough_malicious_packs():
    assert len(PACKS) >= 30


@pytest.mark.parametrize("name", PACKS)
def test_a_malicious_pack_is_refused_by_name(outcomes, name):
    kind, message, _, seconds, outside, runtimes = outcomes[name]
    assert kind == PACKS[name][0].__name__, message
    assert outside == []
    assert runtimes == []
    assert seconds < 5  # milliseconds on an idle machine; this is about not hanging


@pytest.mark.parametrize("name", PACKS)
def test_a_refusal_is_a_sentence_without_file_names(outcomes, name):
    _, message, hint, *_ = outcomes[name]
    assert len(message) > 15
    assert message.endswith(".")
    assert message.isprintable()
    assert hint == "" or hint.endswith(".")
    for leak in ("/tmp", "etc/passwd", "evil", "malicious", "Traceback", "secret"):
        assert leak not in message + hint


@pytest.mark.parametrize("name", GOOD)
def test_a_good_pack_is_not_refused(outcomes, name):
    kind, message, _, _, outside, runtimes = outcomes[name]
    assert kind == "loaded", message
    assert outside == []
    assert runtimes == []
