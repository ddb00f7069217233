"""Installing, exporting and writing packs: whole or not at all."""

from __future__ import annotations

import os
import zipfile

import pytest

from lungviewer.core.errors import OutputUnwritable, PackInvalid, PackTampered, PackUnsafe
from lungviewer.packs import install, writer
from lungviewer.packs.store import export_zip, find_packs, install_pack, load_pack
from lungviewer.packs.writer import write_pack
from tests.fixtures.malicious_graphs import malicious_model
from tests.fixtures.malicious_packs import PACKS
from tests.fixtures.packs import PURPLE, tiny_model, tiny_pack, tiny_spec

EXTRA = {"card.md": b"# Card", "evaluation/metrics.json": b"{}"}


def _tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def zipped(tmp_path):
    folder = tiny_pack(tmp_path / "source", score="gaussian", extra=EXTRA)
    export_zip(folder, tmp_path / "pack.zip")
    return tmp_path / "pack.zip"


def test_an_exported_pack_installs_to_the_same_files(zipped, tmp_path):
    entry = install_pack(zipped, tmp_path / "packs")
    assert entry.path == tmp_path / "packs" / "tiny-pack-1.0.0"
    assert _tree(entry.path) == _tree(tmp_path / "source")
    assert load_pack(entry.path).sha256 == load_pack(zipped).sha256


def test_a_folder_installs_like_a_zip(tmp_path):
    entry = install_pack(tiny_pack(tmp_path / "source"), tmp_path / "packs")
    assert [e.name for e in find_packs([tmp_path / "packs"])] == [entry.name]


def test_equal_packs_export_to_equal_bytes(zipped, tmp_path):
    install_pack(zipped, tmp_path / "packs")
    export_zip(tmp_path / "packs" / "tiny-pack-1.0.0", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == zipped.read_bytes()


def test_an_exported_zip_unpacks_into_one_folder(zipped):
    with zipfile.ZipFile(zipped) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"tiny-pack-1.0.0"}


def test_installing_the_same_pack_twice_changes_nothing(zipped, tmp_path):
    first = install_pack(zipped, tmp_path / "packs")
    before = {p: p.stat().st_mtime_ns for p in first.path.rglob("*")}
    assert install_pack(zipped, tmp_path / "packs") == first
    assert {p: p.stat().st_mtime_ns for p in first.path.rglob("*")} == before


def test_another_pack_of_the_same_version_is_refused(zipped, tmp_path):
    install_pack(zipped, tmp_path / "packs")
    other = tiny_pack(tmp_path / "other", temperature=2.0)
    with pytest.raises(PackInvalid, match=r"already another pack with the name tiny-pack@1\.0\.0"):
        install_pack(other, tmp_path / "packs")


@pytest.mark.parametrize("damaged", ["card.md", "pack.json"])
def test_a_damaged_pack_is_replaced(zipped, tmp_path, damaged):
    entry = install_pack(zipped, tmp_path / "packs")
    (entry.path / damaged).write_bytes(b"changed")
    assert install_pack(zipped, tmp_path / "packs") == entry
    assert _tree(entry.path) == _tree(tmp_path / "source")
    assert [p.name for p in (tmp_path / "packs").iterdir()] == [entry.path.name]


def test_an_installed_pack_can_be_read_by_everybody(zipped, tmp_path):
    entry = install_pack(zipped, tmp_path / "packs")
    umask = os.umask(0)
    os.umask(umask)
    assert entry.path.stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.skipif(os.name == "nt", reason="makes pipes and links")
@pytest.mark.parametrize("name", [n for n in PACKS if n.startswith(("a_member", "members", "one_byte"))])
def test_a_malicious_archive_leaves_nothing_behind(name, tmp_path):
    (tmp_path / "in").mkdir()
    packed = PACKS[name][1](tmp_path / "in")
    before = sorted(p for p in tmp_path.rglob("*"))
    with pytest.raises(PACKS[name][0]):
        install_pack(packed, tmp_path / "packs")
    assert sorted(p for p in tmp_path.rglob("*")) == before


class _PowerCut(BaseException):
    """Nothing catches this, as nothing catches a power cut."""


@pytest.mark.parametrize("step", range(8))
def test_an_interrupted_installation_leaves_nothing_visible(step, zipped, tmp_path, monkeypatch):
    """Stop at each write, without any cleaning up, and install again afterwards."""
    calls = iter(range(1_000))

    def cut(*arguments):
        if next(calls) == step:
            raise _PowerCut
        return real(*arguments)

    real = install.write_synced
    monkeypatch.setattr(install, "write_synced", cut)
    monkeypatch.setattr(install.shutil, "rmtree", lambda *a, **k: None)
    packs = tmp_path / "packs"
    try:
        install_pack(zipped, packs)
    except _PowerCut:
        assert find_packs([packs]) == []
        assert all(path.name.startswith(".") for path in packs.iterdir())
    monkeypatch.undo()
    install_pack(zipped, packs)
    assert [e.error for e in find_packs([packs])] == [None]


def test_what_a_killed_installation_left_is_removed_a_day_later(zipped, tmp_path):
    packs = tmp_path / "packs"
    old, new = packs / ".lungviewer-old", packs / ".lungviewer-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    install_pack(zipped, packs)
    assert not old.exists()
    assert new.exists()


def test_two_installations_at_once_give_one_pack(zipped, tmp_path, monkeypatch):
    """The other one finishes just before ours would get its name."""
    packs = tmp_path / "packs"

    def late(hidden, final):
        monkeypatch.setattr(install, "publish", real)
        install_pack(zipped, packs)
        real(hidden, final)

    real = install.publish
    monkeypatch.setattr(install, "publish", late)
    assert install_pack(zipped, packs).error is None
    assert [p.name for p in packs.iterdir()] == ["tiny-pack-1.0.0"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(zipped, tmp_path):
    (tmp_path / "packs").mkdir(mode=0o500)
    with pytest.raises(OutputUnwritable):
        install_pack(zipped, tmp_path / "packs")


def test_a_place_that_is_a_file_is_not_written_to(zipped, tmp_path):
    (tmp_path / "packs").write_text("a file")
    with pytest.raises(OutputUnwritable):
        install_pack(zipped, tmp_path / "packs")
    assert (tmp_path / "packs").read_text() == "a file"


def test_a_damaged_pack_is_not_exported(tmp_path):
    folder = tiny_pack(tmp_path / "pack")
    (folder / "model.onnx").write_bytes(b"x" * (folder / "model.onnx").stat().st_size)
    with pytest.raises(PackTampered):
        export_zip(folder, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


# --- writing ------------------------------------------------------------------------------------------


def _model(**options):
    return {"model.onnx": tiny_model(**options).SerializeToString()}


def test_writing_returns_the_stamps(tmp_path):
    spec = write_pack(tmp_path / "pack", tiny_spec(), _model())
    assert load_pack(tmp_path / "pack").spec == spec
    assert spec.files["model.onnx"].bytes == (tmp_path / "pack" / "model.onnx").stat().st_size


def test_a_pack_that_would_be_refused_is_not_written(tmp_path):
    with pytest.raises(PackUnsafe):
        write_pack(tmp_path / "pack", tiny_spec(), {"model.onnx": malicious_model("a_branch")})
    with pytest.raises(PackInvalid):
        write_pack(tmp_path / "pack", tiny_spec(), {**_model(), "../escape.png": b""})
    with pytest.raises(PackInvalid):
        write_pack(tmp_path / "pack", tiny_spec(score="gaussian"), _model())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_replaced_only_when_asked(tmp_path):
    target = tiny_pack(tmp_path / "pack", extra={"card.md": b"old"})
    with pytest.raises(PackInvalid, match="already"):
        write_pack(target, tiny_spec(), _model())
    write_pack(target, tiny_spec(version="2.0.0"), _model(), replace_existing=True)
    assert load_pack(target).spec.version == "2.0.0"
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


def test_an_old_pack_stays_when_its_replacement_fails(tmp_path, monkeypatch):
    target = tiny_pack(tmp_path / "pack")
    before = _tree(target)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write_synced", full)
    with pytest.raises(OutputUnwritable, match="No space left"):
        write_pack(target, tiny_spec(version="2.0.0"), _model(), replace_existing=True)
    assert _tree(target) == before
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


def test_another_number_of_classes_is_refused_when_written(tmp_path):
    with pytest.raises(PackInvalid, match="logits"):
        write_pack(tmp_path / "pack", tiny_spec(), _model(colours=[PURPLE, PURPLE]))
