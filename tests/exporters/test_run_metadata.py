"""What is kept of a run: complete, without places of this machine, and read back or refused whole."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lungviewer.exporters.run_metadata import RunMetadata, SlideEntry, read_entries, write_run_metadata
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import PROVENANCE

ENTRY = SlideEntry(
    "a/x.svs", "x", "1d" * 32, "2025-01-01T00:00:00+00:00", offset=(4, 5), files=("masks/x.jpg",)
)
RUN = RunMetadata(
    "2025-01-01T00:00:00+00:00",
    tiny_spec(),
    PROVENANCE,
    "A rule.",
    {"overlap": 0.5, "um_per_px": None},
    (ENTRY,),
)


def test_slides_are_read_back(tmp_path):
    write_run_metadata(tmp_path / "r.json", RUN)
    (entry,) = read_entries(tmp_path / "r.json")
    assert replace(entry, offset=tuple(entry.offset), files=tuple(entry.files)) == ENTRY


def test_it_says_what_ran(tmp_path):
    write_run_metadata(tmp_path / "r.json", RUN)
    said = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert said["model"]["sha256"] == PROVENANCE.model_sha256
    assert [c["id"] for c in said["model"]["classes"]] == ["tumour_a", "tumour_b", "benign"]
    assert said["rule"] == "A rule."
    assert said["options"] == {"overlap": 0.5, "um_per_px": None}
    assert "not for diagnosis" in said["use"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("lungviewer", "another"),
        lambda text: text.replace('"identity": "', '"identity": 5, "x": "'),
        lambda text: text.replace('"slides"', '"others"'),
        lambda text: "[" * 100_000,
        lambda text: "",
    ],
    ids=["cut", "foreign", "type", "without", "deep", "empty"],
)
def test_a_file_that_is_damaged_or_foreign_tells_of_no_slides(tmp_path, change):
    write_run_metadata(tmp_path / "r.json", RUN)
    text = (tmp_path / "r.json").read_text("utf-8")
    assert len(read_entries(tmp_path / "r.json")) == 1
    (tmp_path / "r.json").write_text(change(text), "utf-8")
    assert read_entries(tmp_path / "r.json") == ()
    assert read_entries(tmp_path / "none.json") == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_of_that_name_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "r.json")
    assert read_entries(tmp_path / "r.json") == ()


class TestRunMetadata(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write_run_metadata(target, RUN)
