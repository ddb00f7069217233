"""What a newcomer sees first: the shipped pack on the shipped samples."""

import pytest

from lungviewer.core.job import NullContext
from lungviewer.core.paths import bundled, pack_dirs
from lungviewer.packs.store import find_packs, load_pack, resolve_pack
from lungviewer.services.doctor import examine
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.scan import ScanOptions, scan_folder
from tests.fixtures.scans import rows

SAMPLES = bundled("resources") / "samples"


@pytest.fixture(autouse=True)
def no_packs_of_this_machines_user(tmp_path, monkeypatch):
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "data"))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    engine = InferenceEngine.open(load_pack(resolve_pack(None, [bundled("models")])), "cpu")
    report = tmp_path_factory.mktemp("scan") / "samples.csv"
    summary = scan_folder([SAMPLES], engine, report, ScanOptions(), NullContext())
    assert not summary.stopped
    return {row["path"]: row for row in rows(report)}


def test_every_sample_is_a_row_without_an_error(table):
    assert set(table) == {path.name for path in SAMPLES.iterdir()}
    assert not [row for row in table.values() if row["status"] == "error"]


@pytest.mark.parametrize("fault", ["glass", "blur", "pen"])
def test_the_samples_that_show_a_refusal_are_refused_for_that_reason(table, fault):
    (row,) = (row for name, row in table.items() if fault in name)
    assert row["status"] == "refused"
    assert row["reason"].split("; ")[0] == fault
    assert row["predicted_class"] == row["confidence"] == ""
    assert float(row["p_benign"]) >= 0  # kept as data


def test_every_row_says_which_model_made_it(table):
    pack = load_pack(resolve_pack(None, [bundled("models")]))
    assert {row["model_sha256"] for row in table.values()} == {pack.sha256}


def test_shipped_packs_are_small_say_how_they_were_split_and_have_a_card():
    entries = find_packs([bundled("models")])
    assert entries
    for entry in entries:
        assert entry.error is None
        assert sum(stamp.bytes for stamp in entry.spec.files.values()) < 40_000_000
        assert entry.spec.provenance.split_unit == "group"
        assert {"card.md", "golden.npz", "evaluation/metrics.json"} <= set(entry.spec.files)
        card = (entry.path / "card.md").read_text(encoding="utf-8")
        assert "not for diagnosis" in card


def test_the_doctor_finds_this_installation_sound():
    findings = list(examine(pack_dirs(), NullContext(), selftest=True))
    assert [f for f in findings if f.good is False] == []
    assert any("images/s" in f.text for f in findings)
    assert any(f.topic.strip() == "samples" and f.good for f in findings)


def test_the_doctor_names_a_damaged_pack(tmp_path):
    (tmp_path / "packs" / "broken").mkdir(parents=True)
    (tmp_path / "packs" / "broken" / "pack.json").write_text("{}")
    bad = [f for f in examine([tmp_path / "packs"], NullContext()) if f.good is False]
    assert len(bad) == 1
    assert "broken" in bad[0].topic
