"""Simulator packs: read and written as classifiers' are, listed apart from them, never taken for one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lungviewer.core.errors import OtherKindOfPack, PackInvalid, PackNotFound, PackNotReproducible
from lungviewer.core.simulator import Stage, stage_label
from lungviewer.packs.kinds import is_simulator, load_any, read_pack_file, verify_any
from lungviewer.packs.simulator_catalogue import find_simulators, simulators_to_choose
from lungviewer.packs.simulator_loading import load_simulator
from lungviewer.packs.simulator_manifest import dump_simulator, parse_simulator
from lungviewer.packs.simulator_writer import write_simulator
from lungviewer.packs.store import export_zip, find_packs, install_pack, load_pack, resolve_pack
from lungviewer.services.progression import Simulator
from tests.fixtures.packs import npz_bytes, tiny_pack
from tests.fixtures.simulators import (
    STAGES,
    generator_model,
    golden_arrays,
    simulator_files,
    simulator_spec,
    tiny_simulator,
)


@pytest.fixture
def both(tmp_path):
    """A folder with a classifier and a simulator."""
    folder = tmp_path / "packs"
    folder.mkdir()
    tiny_pack(folder / "classifier")
    tiny_simulator(folder / "simulator")
    return folder


def test_what_was_written_is_read_back(tmp_path):
    folder = tiny_simulator(tmp_path / "simulator")
    pack = load_simulator(folder)
    assert replace(pack.spec, files={}) == simulator_spec()
    assert set(pack.spec.files) == set(simulator_files())
    assert parse_simulator(dump_simulator(pack.spec)) == pack.spec
    assert pack.name == "tiny-simulator@1.0.0"
    assert pack.generator == simulator_files()["generator.onnx"]
    assert (pack.spec.first, pack.spec.last) == (0.0, 2.0)


def test_equal_simulators_give_equal_bytes(tmp_path):
    one, other = (tiny_simulator(tmp_path / name) for name in ("one", "other"))
    assert (one / "pack.json").read_bytes() == (other / "pack.json").read_bytes()


def test_a_simulator_that_does_not_verify_is_not_written(tmp_path):
    with pytest.raises(PackInvalid, match="ONNX model"):
        write_simulator(tmp_path / "new", simulator_spec(), {**simulator_files(), "generator.onnx": b"no"})
    with pytest.raises(PackInvalid, match="name"):
        write_simulator(tmp_path / "new", simulator_spec(), {**simulator_files(), "model.onnx": b""})
    assert list(tmp_path.iterdir()) == []


def test_simulators_and_classifiers_are_listed_apart(both):
    assert [entry.name for entry in find_packs([both])] == ["tiny-pack@1.0.0"]
    assert [entry.name for entry in find_simulators([both])] == ["tiny-simulator@1.0.0"]


def test_a_pack_that_is_neither_is_listed_once(both):
    (both / "empty").mkdir()
    assert [entry.name for entry in find_packs([both])] == ["tiny-pack@1.0.0", "empty"]
    assert len(find_simulators([both])) == 1


def test_a_broken_simulator_is_listed_among_simulators_with_its_error(both):
    text = (both / "simulator" / "pack.json").read_text()
    (both / "simulator" / "pack.json").write_text(text.replace('"latent": 3', '"latent": 0'))
    (entry,) = find_simulators([both])
    assert "latent" in entry.error.message
    assert [entry.name for entry in find_packs([both])] == ["tiny-pack@1.0.0"]
    with pytest.raises(PackNotFound):
        simulators_to_choose([both])


def test_a_simulator_is_never_the_default_model(both):
    assert resolve_pack(None, [both]) == both / "classifier"
    with pytest.raises(PackNotFound):
        resolve_pack(None, [both], modality="ct")


@pytest.mark.parametrize("name", ["tiny-simulator", "tiny-simulator@1.0.0", "path"])
def test_choosing_a_simulator_to_classify_is_refused_in_words(both, name):
    chosen = resolve_pack(str(both / "simulator") if name == "path" else name, [both])
    with pytest.raises(OtherKindOfPack) as caught:
        load_pack(chosen)
    assert "progression simulator" in caught.value.message
    assert "classif" in caught.value.message
    assert caught.value.code == "pack_invalid"


def test_choosing_a_classifier_to_simulate_is_refused_in_words(both):
    with pytest.raises(OtherKindOfPack, match="classifies"):
        load_simulator(both / "classifier")


def test_the_newest_simulator_that_came_with_the_program_is_opened_unasked(tmp_path):
    mine, bundled = tmp_path / "mine", tmp_path / "bundled"
    for folder in (mine, bundled):
        folder.mkdir()
    tiny_simulator(mine / "own", pack_id="own-simulator", version="9.0.0")
    assert [each.path for each in simulators_to_choose([mine, bundled])] == [mine / "own"]
    for version in ("1.0.0", "1.10.0", "2.0.0-rc.1"):
        tiny_simulator(bundled / version, version=version)
    assert simulators_to_choose([mine, bundled])[0].path == bundled / "1.10.0"


def test_without_a_simulator_it_is_said_how_to_get_one(tmp_path):
    with pytest.raises(PackNotFound) as caught:
        simulators_to_choose([tmp_path])
    assert "install" in caught.value.hint


def test_a_simulator_travels_as_a_zip(both, tmp_path):
    export_zip(both / "simulator", tmp_path / "travels.zip")
    entry = install_pack(tmp_path / "travels.zip", tmp_path / "mine")
    assert entry.path == tmp_path / "mine" / "tiny-simulator-1.0.0"
    assert load_simulator(entry.path).sha256 == load_simulator(both / "simulator").sha256
    assert install_pack(tmp_path / "travels.zip", tmp_path / "mine").path == entry.path
    assert [e.name for e in find_simulators([tmp_path / "mine"])] == ["tiny-simulator@1.0.0"]


def test_either_kind_is_recognised_verified_and_read(both):
    assert is_simulator(both / "simulator")
    assert not is_simulator(both / "classifier")
    assert read_pack_file(both / "simulator", "card.md") == b"# Tiny\n"
    for name in ("simulator", "classifier"):
        assert load_any(both / name).spec.id == f"tiny-{'simulator' if name == 'simulator' else 'pack'}"
        assert all(result.passed for result in verify_any(both / name))
    assert [r.name for r in verify_any(both / "simulator")] == [
        *("pack.json", "files", "hashes", "models", "examples"),
    ]


def test_verifying_ends_with_what_is_wrong(both):
    (both / "simulator" / "encoder.onnx").write_bytes(b"changed")
    results = verify_any(both / "simulator")
    assert [(r.name, r.passed) for r in results] == [("pack.json", True), ("files", False)]


def test_a_simulator_that_draws_otherwise_than_it_says_is_not_used(tmp_path):
    files = simulator_files()
    arrays = dict(golden_arrays(files["generator.onnx"], files["encoder.onnx"]))
    arrays["image"] = np.roll(arrays["image"], 9, axis=2)
    folder = tiny_simulator(tmp_path / "simulator", files={"golden.npz": npz_bytes(arrays)})
    with pytest.raises(PackNotReproducible):
        Simulator.open(load_simulator(folder))


def test_places_between_stages_have_words():
    assert [stage_label(STAGES, place) for place in (0, 0.5, 1, 1.25, 2)] == [
        *("Normal", "Normal – Benign", "Benign", "Benign – Malignant", "Malignant"),
    ]
    assert stage_label((Stage("a", "A", 0.0), Stage("b", "B", 3.0)), 2.9999) == "B"


def test_a_generator_of_the_encoders_size_is_asked_for(tmp_path):
    with pytest.raises(PackInvalid, match="64"):
        tiny_simulator(tmp_path / "s", files={"generator.onnx": generator_model(96).SerializeToString()})
