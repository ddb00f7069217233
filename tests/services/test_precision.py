"""The eight-bit model of a pack: chosen by name, told in every row, refused where it does not reproduce."""

from dataclasses import replace

import numpy as np
import pytest

from lungviewer.core.errors import DeviceUnavailable, PackNotReproducible, UsageError
from lungviewer.core.job import NullContext
from lungviewer.packs.loading import PackReader
from lungviewer.packs.store import load_pack
from lungviewer.services.doctor import examine
from lungviewer.services.engine import InferenceEngine
from tests.fixtures.int8 import golden_arrays, int8_pack, tiny_int8
from tests.fixtures.packs import COLOURS, paint, tiny_pack
from tests.fixtures.scans import LENIENT, draw_images, rows, run_scan


@pytest.fixture
def pack(tmp_path):
    return load_pack(int8_pack(tmp_path / "tiny", checks=LENIENT))


def fields():
    return np.stack([paint(c, 32, 32, seed=9) for c in COLOURS])


def test_eight_bits_are_another_model_with_the_same_calls(pack):
    answers = {}
    for precision in ("fp32", "int8"):
        engine = InferenceEngine.open(pack, "cpu", precision=precision)
        answers[precision] = [a.prediction for a in engine.analyse(fields(), [None] * 3)]
        engine.close()
    assert [p.predicted for p in answers["fp32"]] == [p.predicted for p in answers["int8"]]
    assert [p.confidence for p in answers["fp32"]] != [p.confidence for p in answers["int8"]]


def test_full_precision_is_what_is_taken_without_being_asked(pack):
    engine = InferenceEngine.open(pack, "cpu")
    assert engine.provenance.backend == "onnx"
    engine.close()


def test_a_pack_without_an_eight_bit_model_says_so(tmp_path):
    plain = load_pack(tiny_pack(tmp_path / "plain"))
    assert plain.precisions == ("fp32",)
    with pytest.raises(UsageError, match="no int8 model"):
        InferenceEngine.open(plain, "cpu", precision="int8")


def test_eight_bits_run_on_the_processor_only(pack):
    engine = InferenceEngine.open(pack, "auto", precision="int8")
    assert (engine.provenance.device, engine.provenance.backend) == ("cpu", "onnx int8")
    engine.close()
    with pytest.raises(DeviceUnavailable, match="processor only"):
        InferenceEngine.open(pack, "cuda", precision="int8")


@pytest.mark.parametrize(("moved", "good"), [(0.05, True), (0.4, False)])
def test_eight_bits_must_reproduce_within_a_wider_tolerance(tmp_path, moved, good):
    folder = int8_pack(tmp_path / "moved", golden_arrays(moved=moved))
    pack = load_pack(folder)
    InferenceEngine.open(pack, "cpu").close()
    if good:
        InferenceEngine.open(pack, "cpu", precision="int8").close()
    else:
        with pytest.raises(PackNotReproducible, match="int8"):
            InferenceEngine.open(pack, "cpu", precision="int8")
    findings = {f.topic: f.good for f in examine([tmp_path], NullContext(), selftest=True)}
    assert findings["  onnx on cpu"]
    assert findings["  samples"]
    assert findings["  onnx int8 on cpu"] == findings["  samples in int8"] == good


def test_a_keras_pack_hands_over_no_eight_bit_model(tmp_path):
    with PackReader(int8_pack(tmp_path / "tiny")) as reader:
        reader.read_manifest()
        reader.read_files()
        assert reader.model_int8 == tiny_int8()
        reader.spec = replace(reader.spec, runtime="keras")
        assert reader.model_int8 is None


def test_every_row_tells_the_precision_and_another_one_starts_over(pack, tmp_path):
    folder, report = tmp_path / "images", tmp_path / "report.csv"
    draw_images(folder, 4)
    engines = {p: InferenceEngine.open(pack, "cpu", precision=p) for p in pack.precisions}
    assert run_scan(folder, report, engine=engines["fp32"]).done == 4
    assert {r["backend"] for r in rows(report)} == {"onnx"}
    assert run_scan(folder, report, engine=engines["int8"]).done == 4
    assert {r["backend"] for r in rows(report)} == {"onnx int8"}
    assert run_scan(folder, report, engine=engines["int8"]).done == 0
    for engine in engines.values():
        engine.close()


def test_eight_bits_give_the_same_numbers_for_every_batch_and_thread_count(pack):
    many = np.concatenate([fields()] * 4)
    answers = []
    for threads, batch in ((1, 12), (2, 12), (4, 1)):
        engine = InferenceEngine.open(pack, "cpu", threads, precision="int8")
        parts = [many[i : i + batch] for i in range(0, len(many), batch)]
        found = [r for part in parts for r in engine.analyse(part, [None] * len(part))]
        answers.append([(r.prediction.probabilities, r.cam.tobytes()) for r in found])
        engine.close()
    assert answers[0] == answers[1] == answers[2]
