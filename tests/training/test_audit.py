"""The audit of a folder: everything planted is found, written down, and a split that leaks is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lungviewer.core.backend import RawOutput
from lungviewer.core.errors import Cancelled
from lungviewer.core.job import NullContext, RecordingContext
from tests.fixtures.coarse_pictures import picture, read_manifest, save, write_coarse_data, write_manifest
from tests.fixtures.packs import tiny_pack
from tests.fixtures.tiny_judge import tiny_judge
from training.__main__ import main
from training.audit import run as audit
from training.audit.findings import ALONE_NOTE
from training.audit.run import AuditRequest, run_audit
from training.data import UNKNOWN_GROUPS_NOTE, open_dataset
from training.errors import DataProblem, LeakageError
from training.split import split_by_group, write_split

pytest.importorskip("sklearn", reason="needs the training extra")

LABELS = ("lung_aca", "lung_n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_coarse_data(tmp_path / "data", LABELS)


def texts(record: dict, level: str) -> str:
    return " ".join(f["text"] for f in record["findings"] if f["level"] == level)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def plant(data: Path, *more: tuple[str, str, str]) -> None:
    write_manifest(data, [*read_manifest(data), *more])


def test_what_is_planted_is_found_and_written_down(data: Path, tmp_path: Path) -> None:
    save(data / "lung_n" / "copy.bmp", picture(0))
    save(data / "lung_aca" / "turned.jpg", np.rot90(picture(101)), quality=85)
    (data / "lung_n" / "cut.png").write_bytes((data / "lung_n" / "00a.png").read_bytes()[:200])
    plant(
        data,
        ("lung_n/copy.bmp", "lung_n", "copies"),
        ("lung_aca/turned.jpg", "lung_aca", "turned"),
        ("lung_n/cut.png", "lung_n", "lung_n_00"),
    )
    out = tmp_path / "out"
    record = run_audit(AuditRequest(data, out), RecordingContext())

    assert record["data"]["images"] == 18
    assert record["files"]["unreadable_per_class"] == {"adenocarcinoma": 0, "benign": 1}
    assert [(row["path"], row["why"]) for row in table(out / "unreadable.csv")] == [
        ("lung_n/cut.png", "damaged or incomplete")
    ]
    assert record["exact"]["sets_in_several_classes"] == 1
    assert {row["path"] for row in table(out / "exact_duplicates.csv")} == {
        "lung_aca/00a.png",
        "lung_n/copy.bmp",
    }
    assert record["files"]["formats"] == {"PNG": 16, "BMP": 1, "JPEG": 1}
    torn = {(row["group_a"], row["group_b"]) for row in table(out / "near_between_groups.csv")}
    assert torn == {("lung_aca_00", "copies"), ("turned", "lung_n_01")}
    assert record["near"]["hash"]["between_classes"] == 4  # both mirrored copies of each are found
    assert record["near"]["hash"]["agreement"]["recall"]["value"] == 1.0
    assert record["classes"]["benign"]["groups_of_one"] == 1
    assert json.loads((out / "audit.json").read_bytes()) == json.loads(json.dumps(record))
    report = (out / "audit.md").read_text()
    for finding in record["findings"]:
        assert finding["text"] in report
    with Image.open(out / "look_alikes.png") as sheet:
        assert sheet.width > 1000


def test_a_tidy_folder_gives_no_warning_but_of_its_smallness(data: Path, tmp_path: Path) -> None:
    record = run_audit(AuditRequest(data, tmp_path / "out"), NullContext())
    warnings = [f["text"] for f in record["findings"] if f["level"] == "warning"]
    groups = [text for text in warnings if "4 groups" in text]
    checks = [text for text in warnings if "image checks" in text]
    shares = [text for text in warnings if text.startswith("25%")]
    assert sorted(warnings) == sorted([*groups, *checks, *shares])
    assert not record["near"]["either"]["between_groups"]
    assert record["groups_if_merged"] is None


def test_without_a_manifest_it_is_said_loudly_and_a_manifest_of_look_alikes_is_offered(
    data: Path, tmp_path: Path
) -> None:
    (data / "manifest.csv").unlink()
    ctx = RecordingContext()
    record = run_audit(AuditRequest(data, tmp_path / "out"), ctx)
    assert UNKNOWN_GROUPS_NOTE in texts(record, "warning")
    assert UNKNOWN_GROUPS_NOTE in [note.text for note in ctx.partials]  # type: ignore[attr-defined]
    assert (record["data"]["groups"], record["groups_if_merged"]) == (16, 8)
    offered = open_dataset(data, tmp_path / "out" / "merged_manifest.csv")
    groups = {s.path: s.group for s in offered.samples}
    assert groups["lung_n/02a.png"] == groups["lung_n/02b.png"] != groups["lung_n/03a.png"]


def test_a_manifest_that_gives_every_file_a_group_of_its_own_is_said_loudly(
    data: Path, tmp_path: Path
) -> None:
    write_manifest(data, [(path, label, path) for path, label, _ in read_manifest(data)])
    record = run_audit(AuditRequest(data, tmp_path / "out"), NullContext())
    assert ALONE_NOTE in texts(record, "warning")


def saved_split(data: Path, tmp_path: Path) -> Path:
    dataset = open_dataset(data)
    write_split(tmp_path / "split.csv", dataset, split_by_group(dataset, 1))
    return tmp_path / "split.csv"


def test_a_split_that_tears_a_group_is_refused_after_the_report_is_written(
    data: Path, tmp_path: Path
) -> None:
    split, out = saved_split(data, tmp_path), tmp_path / "out"
    clean = run_audit(AuditRequest(data, out, split=split), NullContext())
    assert clean["split"] == {"straddling_groups": 0, "exact_across": 0, "near_across": 0, "leaks": False}

    lines = split.read_text().splitlines()
    name, side = lines[1].rsplit(",", 1)
    lines[1] = f"{name},{'test' if side != 'test' else 'train'}"
    split.write_text("\n".join(lines) + "\n")
    with pytest.raises(LeakageError, match="1 groups and 0 sets") as caught:
        run_audit(AuditRequest(data, out, split=split), NullContext())
    assert "png" not in caught.value.sentence
    (torn,) = table(out / "straddling_groups.csv")
    assert torn["group"] == "lung_aca_00"
    assert sorted((torn["train"], torn["validation"], torn["test"])) == ["0", "1", "1"]
    assert len(table(out / "near_across_sides.csv")) == 1
    assert "## Must be corrected" in (out / "audit.md").read_text()


def test_a_split_with_identical_pictures_on_two_sides_is_refused(data: Path, tmp_path: Path) -> None:
    split = saved_split(data, tmp_path)
    sides = {row["path"]: row["side"] for row in table(split)}
    other = next(path for path in sides if sides[path] != sides["lung_aca/00a.png"] and "lung_n" in path)
    save(data / other, picture(0))
    with pytest.raises(LeakageError, match="0 groups and 1 sets"):
        run_audit(AuditRequest(data, tmp_path / "out", split=split), NullContext())
    copies = table(tmp_path / "out" / "copies_across_sides.csv")
    assert {row["path"] for row in copies} == {"lung_aca/00a.png", other}


def test_a_split_of_other_data_is_refused(data: Path, tmp_path: Path) -> None:
    split = saved_split(data, tmp_path)
    plant(data, ("lung_n/new.png", "lung_n", "new"))
    save(data / "lung_n" / "new.png", picture(77))
    with pytest.raises(DataProblem, match="other data"):
        run_audit(AuditRequest(data, tmp_path / "out", split=split), NullContext())


def test_a_folder_in_which_nothing_can_be_read_is_refused_with_a_list(data: Path, tmp_path: Path) -> None:
    for file in data.glob("*/*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(DataProblem, match="None of the images"):
        run_audit(AuditRequest(data, tmp_path / "out"), NullContext())
    assert len(table(tmp_path / "out" / "unreadable.csv")) == 16


def test_a_class_whose_files_are_all_broken_does_not_stop_the_audit(data: Path, tmp_path: Path) -> None:
    for file in data.glob("lung_n/*.png"):
        file.write_bytes(b"no picture")
    record = run_audit(AuditRequest(data, tmp_path / "out"), NullContext())
    assert record["classes"]["benign"]["groups"] == 0
    assert record["shortcuts"] is None
    assert "has 0 groups" in texts(record, "warning")
    assert "Not looked for" in (tmp_path / "out" / "audit.md").read_text()


def test_images_of_the_wrong_kind_are_counted_per_class_by_the_image_checks(
    data: Path, tmp_path: Path
) -> None:
    record = run_audit(AuditRequest(data, tmp_path / "out", modality="ct", input_size=48), NullContext())
    benign = record["checks"]["per_class"]["benign"]
    assert benign["refused"] == benign["images"] == 8
    assert benign["refused_for"] == {"colour": 8}
    assert {row["check"] for row in table(tmp_path / "out" / "refused_by_checks.csv")} == {"colour"}
    assert "colour 8" in texts(record, "warning")


def test_the_same_audit_twice_writes_the_same_bytes(data: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_audit(AuditRequest(data, tmp_path / name, split=saved_split(data, tmp_path)), NullContext())
    written = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert written == sorted(p.name for p in (tmp_path / "two").iterdir())
    for name in written:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_audit_can_be_stopped(data: Path, tmp_path: Path) -> None:
    ctx = RecordingContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        run_audit(AuditRequest(data, tmp_path / "out"), ctx)


# --- by embedding --------------------------------------------------------------------------------------


class Tints:
    """An "embedding" of where which tint is: blind to brightness, as a network may be."""

    def predict(self, batch: np.ndarray) -> RawOutput:
        small = np.stack(
            [cv2.resize(b, (6, 6), interpolation=cv2.INTER_AREA) for b in batch.astype(np.float32)]
        )
        tints = np.diff(small, axis=3).reshape(len(batch), -1)
        nothing = np.zeros((len(batch), 3), np.float32)
        return RawOutput(nothing, nothing, tints)


def test_a_pack_finds_the_shaded_copy_that_the_hash_misses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_coarse_data(tmp_path / "data", LABELS, groups=35)
    plain = picture(50) // 2 + 64
    save(data / "lung_aca" / "plain.png", plain)
    save(data / "lung_n" / "shaded.png", plain + picture(51)[..., :1] // 2 - 64)
    plant(data, ("lung_aca/plain.png", "lung_aca", "plain"), ("lung_n/shaded.png", "lung_n", "shaded"))
    monkeypatch.setattr(audit, "open_pack", lambda _: replace(tiny_judge(), model=Tints()))
    record = run_audit(AuditRequest(data, tmp_path / "out", embed=Path("pack")), NullContext())
    found = record["near"]["embedding"]
    assert (found["dimensions"], found["cosine"]) == (16, 0.97)
    torn = table(tmp_path / "out" / "near_between_groups.csv")
    assert [(row["group_a"], row["group_b"], row["found_by"]) for row in torn] == [
        ("plain", "shaded", "embedding")
    ]


def test_an_embedding_too_short_to_compare_is_said(data: Path, tmp_path: Path) -> None:
    pack = tiny_pack(tmp_path / "pack")
    record = run_audit(AuditRequest(data, tmp_path / "out", embed=pack), NullContext())
    assert record["near"]["embedding"] is None
    assert "too short an embedding" in texts(record, "note")


def test_the_command_prints_the_findings_and_leaves_with_2_when_the_split_leaks(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = saved_split(data, tmp_path)
    options = ["audit", "--data", str(data), "--out", str(tmp_path / "out"), "--split", str(split)]
    assert main(options) == 0
    assert "image checks" in capsys.readouterr().err
    split.write_text(split.read_text().replace(",train", ",test", 1))
    assert main([*options, "--json-lines"]) == 2
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "error"
    assert events[-1]["code"] == "leakage"
