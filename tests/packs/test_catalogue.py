"""Finding packs and understanding which one a person means."""

from __future__ import annotations

import random

import pytest

from lungviewer.cli.options import sentence_with_options
from lungviewer.core.errors import PackNotFound
from lungviewer.packs.store import find_packs, resolve_pack
from tests.fixtures.packs import tiny_pack

VERSIONS = ["2.0.0", "1.10.0", "1.9.0", "1.9.0-rc.2-b", "1.9.0-rc.11", "1.9.0-rc.2", "1.9.0-beta", "1.9.0-1"]
"""Newest first, by the rules of semver.org."""


@pytest.fixture
def two(tmp_path):
    """A person's own folder and the one that came with the program."""
    for name in ("mine", "bundled"):
        (tmp_path / name).mkdir()
    return [tmp_path / "mine", tmp_path / "bundled"]


def test_packs_are_listed_by_id_newest_version_first(two):
    shuffled = random.Random(1).sample(VERSIONS, len(VERSIONS))
    for version in shuffled:
        tiny_pack(two[1] / f"v{version}", version=version)
    tiny_pack(two[1] / "zz", pack_id="another-pack")
    names = [entry.name for entry in find_packs(two)]
    assert names == ["another-pack@1.0.0", *(f"tiny-pack@{version}" for version in VERSIONS)]


def test_of_two_equal_versions_the_first_folder_wins(two):
    for folder in two:
        tiny_pack(folder / "pack")
    (entry,) = find_packs(two)
    assert entry.path == two[0] / "pack"


def test_a_broken_pack_is_listed_with_its_error(two):
    tiny_pack(two[0] / "b")
    (two[0] / "a").mkdir()
    (two[0] / "c").mkdir()
    (two[0] / "c" / "pack.json").write_text('{"schema": "lungviewer-pack/9"}')
    good, empty, future = find_packs(two)
    assert (good.error, good.spec.id) == (None, "tiny-pack")
    assert (empty.spec, empty.name) == (None, "a")
    assert "pack.json" in empty.error.message
    assert "Update lungviewer" in future.error.sentence


def test_hidden_folders_files_and_missing_places_are_passed_over(two, tmp_path):
    tiny_pack(two[0] / ".lungviewer-unfinished")
    (two[0] / "notes.txt").touch()
    assert find_packs([*two, tmp_path / "nowhere"]) == []


def test_only_pack_json_is_read(two):
    folder = tiny_pack(two[0] / "pack")
    (folder / "model.onnx").write_bytes(b"tampered")
    (entry,) = find_packs(two)
    assert entry.error is None


def test_a_manifest_that_is_a_link_is_a_broken_pack(two):
    folder = tiny_pack(two[0] / "pack")
    (folder / "pack.json").rename(two[1] / "elsewhere.json")
    (folder / "pack.json").symlink_to(two[1] / "elsewhere.json")
    (entry,) = find_packs(two)
    assert entry.error.code == "pack_unsafe"


def test_an_id_means_its_newest_release(two):
    for version in ("1.0.0", "1.2.0", "1.3.0-rc.1"):
        tiny_pack(two[0] / version, version=version)
    assert resolve_pack("tiny-pack", two) == two[0] / "1.2.0"
    assert resolve_pack("tiny-pack@1.0.0", two) == two[0] / "1.0.0"
    assert resolve_pack("tiny-pack@1.3.0-rc.1", two) == two[0] / "1.3.0-rc.1"


def test_a_path_means_itself(two, tmp_path):
    folder = tiny_pack(tmp_path / "somewhere")
    assert resolve_pack(str(folder), two) == folder


def test_no_name_means_the_only_validated_histology_pack(two):
    tiny_pack(two[0] / "a", pack_id="own-import", validated=False)
    tiny_pack(two[0] / "b", pack_id="lung-ct", modality="ct")
    tiny_pack(two[1] / "c", pack_id="lung-histology")
    assert resolve_pack(None, two) == two[1] / "c"


def test_no_name_takes_a_pack_that_is_not_validated_only_when_there_is_no_other(two):
    tiny_pack(two[0] / "a", pack_id="own-import", validated=False)
    assert resolve_pack(None, two) == two[0] / "a"


def test_no_name_does_not_choose_between_two_models(two):
    tiny_pack(two[0] / "a", pack_id="lung-a")
    tiny_pack(two[0] / "b", pack_id="lung-b")
    with pytest.raises(PackNotFound, match=r"lung-a@1\.0\.0, lung-b@1\.0\.0") as caught:
        resolve_pack(None, two)
    assert "Choose one of them (--pack)" in sentence_with_options(caught.value)


def test_no_name_means_the_model_that_came_with_the_program_whatever_was_added(two):
    tiny_pack(two[0] / "a", pack_id="adapted")
    tiny_pack(two[1] / "b", pack_id="lung-histology")
    tiny_pack(two[1] / "c", pack_id="lung-ct", modality="ct")
    assert resolve_pack(None, two) == two[1] / "b"
    tiny_pack(two[0] / "d", pack_id="lung-histology", version="1.1.0")
    assert resolve_pack(None, two) == two[0] / "d"


def test_what_is_not_found_is_answered_with_what_there_is(two):
    with pytest.raises(PackNotFound, match="No pack is installed"):
        resolve_pack("lung", two)
    tiny_pack(two[0] / "a")
    (two[0] / "broken").mkdir()
    with pytest.raises(PackNotFound, match=r"tiny-pack@1\.0\.0\. 1 that cannot be used"):
        resolve_pack("lung", two)
    with pytest.raises(PackNotFound):
        resolve_pack("tiny-pack@9.9.9", two)


def test_no_name_means_the_default_pack_of_the_modality_that_is_asked_for(two):
    tiny_pack(two[1] / "a", pack_id="lung-histology")
    with pytest.raises(PackNotFound, match=r"There is no CT pack\. Installed: lung-histology@1\.0\.0"):
        resolve_pack(None, two, modality="ct")
    tiny_pack(two[1] / "b", pack_id="lung-ct", modality="ct")
    tiny_pack(two[0] / "c", pack_id="own-ct", modality="ct")
    assert resolve_pack(None, two, modality="ct") == two[1] / "b"
    assert resolve_pack(None, two) == two[1] / "a"
    assert resolve_pack("own-ct", two, modality="histology") == two[0] / "c"
