"""Reviews by content, beside a scan's table, and how often people and program agree."""

from __future__ import annotations

import csv
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lungviewer.core.errors import Cancelled, ImageError, OutputUnwritable, UsageError
from lungviewer.core.job import CancellableContext, NullContext
from lungviewer.core.types import ImageRecord, Status
from lungviewer.services.agreement import agreement, agreement_sentences, kappa, wilson
from lungviewer.services.reviewing import (
    draft_review,
    export_reviewed_csv,
    find_reviews,
    identify,
)
from lungviewer.store.review_entry import OTHER, Action
from lungviewer.store.reviews import ReviewLog
from tests.contracts.exporter_contract import room_for
from tests.fixtures.reviewing import draft
from tests.fixtures.scans import comparable, draw_images, rows, run_scan

CTX = NullContext()


@pytest.fixture
def log(tmp_path: Path) -> ReviewLog:
    return ReviewLog(tmp_path / "data" / "reviews.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_images(tmp_path / "images", 6, every_bad=6)
    return tmp_path / "images"


@pytest.fixture
def report(folder: Path, tmp_path: Path) -> Path:
    run_scan(folder, tmp_path / "report.csv")
    return tmp_path / "report.csv"


def review(log: ReviewLog, path: Path, action: Action, chosen: str = "", **more: str) -> None:
    log.append(draft_review(identify(path), None, more.pop("reviewer", "Ann"), action, chosen, **more))


def test_an_image_is_known_by_its_content_whatever_its_name_or_time(folder: Path, tmp_path: Path) -> None:
    original = folder / "image_00000.jpg"
    moved = tmp_path / "elsewhere.dat"
    shutil.copyfile(original, moved)
    os.utime(moved, (1, 1))
    assert identify(moved) == identify(original)
    assert identify(moved).bytes == original.stat().st_size
    changed = bytearray(moved.read_bytes())
    changed[len(changed) // 2] ^= 1
    moved.write_bytes(changed)
    assert identify(moved) != identify(original)


def test_a_file_that_cannot_be_read_says_so_and_reading_can_be_stopped(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "gone", tmp_path / "pipe", tmp_path):
        with pytest.raises(ImageError):
            identify(path)
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        identify(folder / "image_00000.jpg", ctx.check)


def test_a_draft_holds_the_answer_of_the_time_and_no_name(folder: Path) -> None:
    record = ImageRecord(
        path="Smith, John/a.png",
        kind="png",
        status=Status.REVIEW,
        predicted_class="benign",
        confidence=0.6,
        model="m",
        model_version="2",
        model_sha256="e" * 64,
    )
    made = draft_review(identify(folder / "image_00001.png"), record, "Ann", Action.ACCEPT, "benign")
    assert (made.call, made.confidence, made.status, made.pack_id) == ("benign", 0.6, "review", "m")
    assert "Smith" not in repr(made)
    unanswered = draft_review(identify(folder / "image_00001.png"), None, "Ann", Action.OVERRIDE, "benign")
    assert (unanswered.call, unanswered.status, unanswered.pack_sha256) == ("", "", "")


def test_only_files_of_a_reviewed_size_are_read(folder: Path, log: ReviewLog, monkeypatch) -> None:
    files = [(path.name, path) for path in sorted(folder.iterdir())]
    assert find_reviews(files, log, CTX) == {}
    review(log, files[2][1], Action.OVERRIDE, "benign")
    read: list[Path] = []
    monkeypatch.setattr(
        "lungviewer.services.reviewing.identify",
        lambda path, check: (read.append(path), identify(path, check))[1],
    )
    found = find_reviews([*files, ("gone", folder / "gone")], log, CTX)
    assert list(found) == [files[2][0]]
    sizes = {path.stat().st_size for _, path in files}
    assert len(read) == 1 or len(sizes) < len(files)


def test_the_reviewed_table_is_the_scans_with_reviews_and_the_scans_stays(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path
) -> None:
    before = report.read_bytes()
    paths = sorted(folder.iterdir())
    review(log, paths[0], Action.FIRST_READ, "benign")
    review(log, paths[0], Action.OVERRIDE, OTHER, comment="=crush\nartefact")
    review(log, paths[1], Action.COMMENT, comment="ask Bob", reviewer="Bob")
    review(log, paths[2], Action.FIRST_READ, "benign")
    target = tmp_path / "reviewed.csv"
    told = export_reviewed_csv(report, folder, log, target, CTX)
    assert report.read_bytes() == before
    first, second, third, fourth = rows(target)[:4]
    assert (first["review_class"], first["reviewer"]) == (OTHER, "Ann")
    assert first["comment"] == "'=crush artefact"
    assert first["reviewed_at"] == log.latest(identify(paths[0]).sha256).time
    assert (second["review_class"], second["reviewer"], second["comment"]) == ("", "Bob", "ask Bob")
    assert (third["review_class"], third["reviewer"]) == ("", "Ann")
    assert fourth["reviewer"] == fourth["reviewed_at"] == ""
    assert told.missing == 0
    assert told.head == log.head()
    reviewing = ("review_class", "reviewer", "reviewed_at", "comment")
    assert rows(target, without=reviewing) == rows(report, without=reviewing)


def test_a_table_without_reviews_is_copied_byte_for_byte(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path
) -> None:
    export_reviewed_csv(report, folder, log, tmp_path / "r.csv", CTX)
    assert comparable(tmp_path / "r.csv") == comparable(report)


def test_renamed_and_moved_images_keep_their_review(folder: Path, log: ReviewLog, tmp_path: Path) -> None:
    review(log, folder / "image_00003.png", Action.OVERRIDE, "benign")
    (folder / "image_00003.png").rename(folder / "renamed.png")
    moved = folder.rename(tmp_path / "moved")
    run_scan(moved, tmp_path / "second.csv")
    export_reviewed_csv(tmp_path / "second.csv", moved, log, tmp_path / "r.csv", CTX)
    reviewed = {row["path"]: row["review_class"] for row in rows(tmp_path / "r.csv")}
    assert reviewed["renamed.png"] == "benign"


def test_rows_whose_files_are_elsewhere_are_counted_and_never_looked_for_outside(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path
) -> None:
    (folder / "image_00004.jpg").unlink()
    text = report.read_text("utf-8").replace("image_00000.jpg", "../images/image_00000.jpg")
    report.write_text(text, "utf-8", newline="")
    review(log, folder / "image_00000.jpg", Action.OVERRIDE, "benign")
    told = export_reviewed_csv(report, folder, log, tmp_path / "r.csv", CTX)
    assert told.missing == 2
    assert told.agreement.reviewed == 0


def test_a_review_of_another_picture_with_a_rows_name_does_not_come_beside_the_row(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    draw_images(other, 1, size=96)  # image_00000.jpg
    shutil.copy(folder / "image_00001.png", other)
    for path in other.iterdir():
        review(log, path, Action.OVERRIDE, "benign")
    told = export_reviewed_csv(report, other, log, tmp_path / "r.csv", CTX)
    assert list(told.histories) == ["image_00001.png"]
    assert told.agreement.reviewed == 1
    assert told.missing == 5
    assert {row["path"] for row in rows(tmp_path / "r.csv") if row["reviewer"]} == {"image_00001.png"}


@pytest.mark.parametrize("target", ["report.csv", "images/image_00001.png", "notes.txt"])
def test_no_other_file_is_replaced(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path, target: str
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    before = (tmp_path / target).read_bytes()
    with pytest.raises(UsageError):
        export_reviewed_csv(report, folder, log, tmp_path / target, CTX)
    assert (tmp_path / target).read_bytes() == before


def test_a_missing_folder_and_a_full_disk_are_said(
    folder: Path, report: Path, log: ReviewLog, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        export_reviewed_csv(report, tmp_path / "nowhere", log, tmp_path / "r.csv", CTX)
    with room_for(300), pytest.raises(OutputUnwritable):
        export_reviewed_csv(report, folder, log, tmp_path / "r.csv", CTX)
    assert not (tmp_path / "r.csv").exists()


def test_odd_names_are_matched(tmp_path: Path, log: ReviewLog) -> None:
    folder = tmp_path / "odd"
    names = [b"plain.png", "עברית \u202e.png".encode(), b"\xff\xfe.png", b"=1+1\n.png", b"back\\slash.png"]
    for path, name in zip(draw_images(folder, 5), names, strict=True):
        path.rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    for path in folder.iterdir():
        review(log, path, Action.OVERRIDE, "benign")
    run_scan(folder, tmp_path / "report.csv")
    told = export_reviewed_csv(tmp_path / "report.csv", folder, log, tmp_path / "r.csv", CTX)
    assert told.missing == 0
    assert [row["review_class"] for row in rows(tmp_path / "r.csv")] == ["benign"] * 5


# --- figures -----------------------------------------------------------------------------------------


def made(number: int, call: str) -> ImageRecord:
    status = Status.OK if call else Status.REFUSED
    return ImageRecord(
        path=str(number), kind="png", status=status, predicted_class=call, model_sha256="f" * 64
    )


def entries(tmp_path: Path, *steps: tuple[Action, str]) -> tuple:
    log = ReviewLog(tmp_path / "figures.sqlite")
    return tuple(log.append(draft(action=action, chosen=chosen)) for action, chosen in steps)


def test_figures_count_reviewed_images_only(tmp_path: Path) -> None:
    records = [made(0, "a"), made(1, "a"), made(2, "b"), made(3, ""), made(4, "b")]
    histories = {
        "0": entries(tmp_path, (Action.ACCEPT, "a")),
        "1": entries(tmp_path, (Action.ACCEPT, "a"), (Action.OVERRIDE, "b")),
        "2": entries(tmp_path, (Action.FIRST_READ, "b"), (Action.OVERRIDE, OTHER)),
        "3": entries(tmp_path, (Action.OVERRIDE, "a")),
    }
    histories["0"] = (replace(histories["0"][0], pack_sha256="e" * 64),)
    figures = agreement(records, histories)
    assert (figures.images, figures.reviewed, figures.accepted, figures.overridden) == (5, 4, 1, 3)
    assert (figures.compared, figures.agreed, figures.elsewhere) == (3, 1, 1)
    assert (figures.read_first, figures.read_alike) == (1, 1)
    text = " ".join(agreement_sentences(figures))
    assert "4 of 5 images were reviewed" in text
    assert "1 of 3 reviewed images for which" in text
    assert "reviewed images only" in text
    assert "1 of 1 agree" in text


def test_only_first_reads_of_who_had_not_seen_the_answer_count(tmp_path: Path) -> None:
    accepted, reread = (Action.ACCEPT, "a"), (Action.REREAD, "b")
    histories = {
        "0": entries(tmp_path, reread),
        "1": entries(tmp_path, accepted, (Action.FIRST_READ, "b")),
        "2": entries(tmp_path, reread, (Action.FIRST_READ, "a")),
    }
    records = [made(number, "a") for number in range(3)]
    assert agreement(records, histories).read_first == 0
    other = replace(histories["1"][1], reviewer="Bob")
    assert agreement(records, {"1": (histories["1"][0], other)}).read_first == 1


def test_a_first_read_counts_once_though_two_copies_of_the_image_are_in_the_table(tmp_path: Path) -> None:
    read = entries(tmp_path, (Action.FIRST_READ, "a"), (Action.ACCEPT, "a"))
    figures = agreement([made(0, "a"), made(1, "a")], {"0": read, "1": read})
    assert (figures.read_first, figures.read_alike) == (1, 1)


def test_without_reviews_there_is_nothing_to_say() -> None:
    figures = agreement([made(0, "a")], {})
    assert figures.share is None
    assert figures.kappa is None
    assert agreement_sentences(figures) == ()


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # Newcombe 1998, Stat Med 17:857–872, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for successes, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(successes, trials)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)


def test_kappa_is_that_of_the_textbook_and_knows_its_limits() -> None:
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    found = kappa(pairs)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert kappa(pairs) == found
    assert kappa([]) is None
    assert kappa([("a", "a")] * 30) is None
    few = kappa([("a", "a"), ("b", "a")])
    assert (few.low, few.high) == (None, None)
    assert math.isclose(kappa([("a", "b"), ("b", "a")]).value, -1.0)


def test_the_table_has_one_header(folder: Path, report: Path, log: ReviewLog, tmp_path: Path) -> None:
    export_reviewed_csv(report, folder, log, tmp_path / "r.csv", CTX)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert sum(row[0] == "path" for row in csv.reader(stream)) == 1
