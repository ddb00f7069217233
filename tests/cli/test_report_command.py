"""`lungviewer report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungviewer.cli.main import main
from lungviewer.core.paths import user_review_log
from lungviewer.services.reviewing import draft_review, identify
from lungviewer.store.review_entry import Action
from lungviewer.store.reviews import ReviewLog
from tests.fixtures.scans import draw_images, rows, run_scan


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    draw_images(tmp_path / "images", 4)
    run_scan(tmp_path / "images", tmp_path / "t.csv", overlays=tmp_path / "overlays")
    return tmp_path


@pytest.mark.parametrize("suffix", [".html", ".pdf", ".HTM"])
def test_a_report_is_made_and_told(scanned: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    target = scanned / f"r{suffix}"
    assert main(["report", str(scanned / "t.csv"), "-o", str(target)]) == 0
    assert target.stat().st_size > 2000
    told = capsys.readouterr().out
    assert "4 images, 0 reviewed, 0 pictures." in told
    assert "Research use only" in told


def test_reviews_and_pictures_are_added_when_folders_are_named(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = identify(scanned / "images" / "image_00001.png")
    log = ReviewLog(user_review_log())
    log.append(draft_review(identity, None, "Ann", Action.OVERRIDE, "benign"))
    assert scanned in log.path.parents
    folders = [
        "--images",
        str(scanned / "images"),
        "--overlays",
        str(scanned / "overlays"),
        "--pictures",
        "3",
    ]
    assert main(["report", str(scanned / "t.csv"), "-o", str(scanned / "r.html"), *folders]) == 0
    assert "4 images, 1 reviewed" in capsys.readouterr().out
    assert main(["report", str(scanned / "t.csv"), "-o", str(scanned / "r.csv"), *folders[:2]]) == 0
    assert "1 of 4 images were reviewed" in capsys.readouterr().out
    assert [row["review_class"] for row in rows(scanned / "r.csv")] == ["", "benign", "", ""]


def test_bad_requests_are_sentences(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for table, target in (
        ("t.csv", "r.docx"),
        ("t.csv", "new.csv"),
        ("t.csv", "t.csv"),
    ):
        assert main(["report", str(scanned / table), "-o", str(scanned / target)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("lungviewer: ")
        assert "Traceback" not in said
        assert str(scanned) not in said
