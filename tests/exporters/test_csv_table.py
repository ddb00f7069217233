"""The image table: layout, hygiene (T10) and safe replacement (T08)."""

from __future__ import annotations

import csv
import dataclasses
import locale
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lungviewer.core.errors import OutputError, OutputUnwritable
from lungviewer.core.types import ImageRecord, Status
from lungviewer.exporters import csv_table
from lungviewer.exporters.cells import text_cell
from lungviewer.exporters.csv_table import (
    TIME_COLUMNS,
    columns,
    read_image_csv,
    read_records,
    write_image_csv,
)
from tests.contracts.exporter_contract import ExporterContract, room_for

CLASSES = ("adenocarcinoma", "benign", "squamous_cell_carcinoma")

FULL = ImageRecord(
    path="case 1/a.png",
    kind="image",
    status=Status.OK,
    width_px=768,
    height_px=512,
    um_per_px=0.17,
    reason="",
    predicted_class="adenocarcinoma",
    confidence=0.98765432109,
    probabilities={"adenocarcinoma": 0.98765432109, "benign": 0.01, "squamous_cell_carcinoma": 0.0023457},
    trust_score=1.23456,
    tissue_mm2=0.0123456789,
    tumour_share=1.0,
    tiles=2,
    tiles_refused=0,
    top_x=384,
    top_y=256,
    reviewer="Dr. Müller",
    model="lung",
    model_version="1.0",
    seconds=0.12345,
    analysed_at="2025-01-31T10:00:00Z",
)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream, strict=True))


def test_the_columns_are_those_that_were_promised() -> None:
    promised = (
        "path,kind,width_px,height_px,um_per_px,status,reason,predicted_class,confidence,"
        "p_adenocarcinoma,p_benign,p_squamous_cell_carcinoma,trust_score,tissue_mm2,tumour_share,tiles,"
        "tiles_refused,top_x,top_y,review_class,reviewer,reviewed_at,comment,model,model_version,"
        "model_sha256,backend,device,seconds,analysed_at,error"
    )
    assert ",".join(columns(CLASSES)) == promised
    assert set(TIME_COLUMNS) < set(columns(CLASSES))


def test_every_field_of_a_record_has_its_column() -> None:
    names = {field.name for field in dataclasses.fields(ImageRecord)} - {"probabilities"}
    assert names == set(columns(()))


def test_the_bytes_are_utf8_with_mark_and_crlf(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    assert write_image_csv(target, [FULL], CLASSES) == 1
    written = target.read_bytes()
    assert written.startswith(b"\xef\xbb\xbfpath,kind,")
    assert written.count(b"\r\n") == written.count(b"\n") == 2
    assert "Dr. Müller".encode() in written


def test_numbers_are_numeric_with_fixed_decimals(tmp_path: Path) -> None:
    write_image_csv(tmp_path / "t.csv", [FULL], CLASSES)
    header, row = table(tmp_path / "t.csv")
    cells = dict(zip(header, row, strict=True))
    assert cells["um_per_px"] == "0.170000"
    assert cells["confidence"] == cells["p_adenocarcinoma"] == "0.987654"
    assert cells["p_squamous_cell_carcinoma"] == "0.002346"
    assert cells["trust_score"] == "1.2346"
    assert cells["tissue_mm2"] == "0.012346"
    assert cells["tumour_share"] == "1.000000"
    assert cells["seconds"] == "0.123"
    assert (cells["width_px"], cells["tiles_refused"]) == ("768", "0")


def test_what_is_not_known_is_an_empty_cell(tmp_path: Path) -> None:
    bare = ImageRecord(path="a.png", kind="image", status=Status.ERROR, error="truncated")
    write_image_csv(tmp_path / "t.csv", [bare], CLASSES)
    header, row = table(tmp_path / "t.csv")
    filled = {name: cell for name, cell in zip(header, row, strict=True) if cell}
    assert filled == {"path": "a.png", "kind": "image", "status": "error", "error": "truncated"}


def test_probabilities_follow_the_given_classes_not_the_records_order(tmp_path: Path) -> None:
    record = dataclasses.replace(FULL, probabilities={"b": 0.25, "other": 0.5, "a": 0.75})
    write_image_csv(tmp_path / "t.csv", [record], ("a", "b", "c"))
    (row,) = read_image_csv(tmp_path / "t.csv")
    assert (row["p_a"], row["p_b"], row["p_c"]) == ("0.750000", "0.250000", "")
    assert "p_other" not in row


def test_numpy_numbers_and_negative_ones_are_printed_as_numbers(tmp_path: Path) -> None:
    record = dataclasses.replace(
        FULL, confidence=np.float32(0.5), tiles=np.int64(7), trust_score=-2.5, top_x=-3
    )
    write_image_csv(tmp_path / "t.csv", [record], CLASSES)
    (row,) = read_image_csv(tmp_path / "t.csv")
    assert (row["confidence"], row["tiles"]) == ("0.500000", "7")
    assert (row["trust_score"], row["top_x"]) == ("-2.5000", "-3")


def test_names_with_commas_quotes_and_line_breaks_stay_one_cell(tmp_path: Path) -> None:
    names = [
        "a,b.png",
        'say "hi".png',
        "two\nlines.png",
        "cr\rhere.png",
        "crlf\r\n.png",
        " spaced ",
        "😀 עברית.png",
    ]
    write_image_csv(tmp_path / "t.csv", [dataclasses.replace(FULL, path=name) for name in names], CLASSES)
    assert [row["path"] for row in read_image_csv(tmp_path / "t.csv")] == names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=st.text(), comment=st.text(max_size=60), reviewer=st.text(alphabet="=,\"'\r\n\t;a\0", max_size=8))
def test_any_text_goes_through_a_csv_reader(tmp_path: Path, name: str, comment: str, reviewer: str) -> None:
    record = dataclasses.replace(FULL, path=name, comment=comment, reviewer=reviewer)
    write_image_csv(tmp_path / "t.csv", [record, FULL], CLASSES)
    header, row, second = table(tmp_path / "t.csv")
    cells = dict(zip(header, row, strict=True))
    assert cells["path"] == text_cell(name)
    assert cells["comment"] == text_cell(comment)
    assert cells["reviewer"] == text_cell(reviewer)
    assert second[0] == FULL.path


def test_no_text_column_lets_a_formula_through(tmp_path: Path) -> None:
    evil = "=cmd|'/c calc'!A1"
    text_fields = [f.name for f in dataclasses.fields(ImageRecord) if f.type == "str"]
    record = dataclasses.replace(FULL, **dict.fromkeys(text_fields, evil))
    write_image_csv(tmp_path / "t.csv", [record], CLASSES)
    header, row = table(tmp_path / "t.csv")
    cells = dict(zip(header, row, strict=True))
    assert len(text_fields) >= 15
    for name in text_fields:
        assert cells[name] == "'" + evil
    assert read_image_csv(tmp_path / "t.csv")[0]["comment"] == evil


def test_a_line_cut_at_semicolons_has_no_live_cell(tmp_path: Path) -> None:
    record = dataclasses.replace(FULL, path='x;=1+1;"=2"\n=3\t@4.png', comment="\n+1")
    write_image_csv(tmp_path / "t.csv", [record], CLASSES)
    text = (tmp_path / "t.csv").read_text("utf-8-sig")
    for line in text.splitlines():
        for cell in line.replace("\t", ";").split(";"):
            assert cell.lstrip(' "')[:1] not in set("=+-@")


@pytest.mark.parametrize("how", ["pretended", "real"])
def test_a_german_locale_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    write_image_csv(tmp_path / "plain.csv", [FULL], CLASSES)
    before = locale.setlocale(locale.LC_ALL)
    if how == "real":
        try:
            locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
        except locale.Error:
            pytest.skip("this machine has no de_DE.UTF-8 locale")
    else:
        german = {**locale.localeconv(), "decimal_point": ",", "thousands_sep": ".", "grouping": [3, 0]}
        monkeypatch.setattr(locale, "localeconv", lambda: german)
        monkeypatch.setattr(locale, "_override_localeconv", german)
        assert locale.format_string("%.2f", 0.5) == "0,50"
    try:
        write_image_csv(tmp_path / "german.csv", [FULL], CLASSES)
    finally:
        locale.setlocale(locale.LC_ALL, before)
    assert (tmp_path / "german.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_records_are_walked_once_and_not_kept(tmp_path: Path) -> None:
    alive = 0
    most = 0

    class Counted(ImageRecord):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def records() -> Iterator[ImageRecord]:
        nonlocal alive, most
        for number in range(300):
            alive += 1
            most = max(most, alive)
            yield Counted(path=f"{number}.png", kind="image", status=Status.OK)

    assert write_image_csv(tmp_path / "t.csv", records(), ()) == 300
    assert most <= 3


def test_a_failure_half_way_leaves_the_old_table_and_no_part_of_the_new(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    write_image_csv(target, [FULL], CLASSES)
    old = target.read_bytes()

    def broken() -> Iterator[ImageRecord]:
        yield from [FULL] * 1000
        raise RuntimeError("journal gone")

    with pytest.raises(RuntimeError, match="journal gone"):
        write_image_csv(target, broken(), CLASSES)
    assert target.read_bytes() == old
    assert os.listdir(tmp_path) == ["t.csv"]


class TestCsvTable(ExporterContract):
    """The shared suite."""

    def write(self, target: Path) -> None:
        write_image_csv(target, [FULL] * 20, CLASSES)


def test_a_disk_that_fills_in_the_middle_of_a_long_table_keeps_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    target.write_bytes(b"old")
    with room_for(100_000), pytest.raises(OutputUnwritable):
        write_image_csv(target, [FULL] * 5000, CLASSES)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["t.csv"]


def test_the_reader_gives_back_what_was_written(tmp_path: Path) -> None:
    write_image_csv(tmp_path / "t.csv", [FULL, FULL], CLASSES)
    rows = read_image_csv(tmp_path / "t.csv")
    assert len(rows) == 2
    assert list(rows[0]) == columns(CLASSES)
    assert rows[0]["path"] == "case 1/a.png"
    assert float(rows[0]["p_benign"]) == 0.01


def test_records_read_and_written_again_are_the_same_bytes(tmp_path: Path) -> None:
    bare = ImageRecord(path="=1+1\n\ud800\x01.png", kind="image", status=Status.ERROR, error="truncated")
    odd = dataclasses.replace(FULL, path="'=a;=b.png", confidence=None, probabilities={}, comment="-5")
    write_image_csv(tmp_path / "a.csv", [FULL, bare, odd], CLASSES)
    records, class_ids = read_records(tmp_path / "a.csv")
    assert class_ids == CLASSES
    assert records[0].status is Status.OK
    assert records[0].probabilities["benign"] == 0.01
    write_image_csv(tmp_path / "b.csv", records, class_ids)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(("name", "cell"), [("status", "fine"), ("tiles", "1.5"), ("confidence", "high")])
def test_a_cell_that_is_not_what_its_column_says_is_refused(tmp_path: Path, name: str, cell: str) -> None:
    write_image_csv(tmp_path / "t.csv", [FULL], CLASSES)
    header, row = table(tmp_path / "t.csv")
    row[header.index(name)] = cell
    with (tmp_path / "t.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([header, row])
    with pytest.raises(OutputError):
        read_records(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"path,kind\r\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbfpath,kind\r\n",
        b"\xef\xbb\xbf" + ",".join(columns(("a",))).encode() + b"\r\nonly,two\r\n",
        b"\xef\xbb\xbf" + ",".join(columns(("a",))).replace("p_a", "q_a").encode() + b"\r\n",
    ],
)
def test_another_kind_of_table_is_refused_by_the_reader(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(OutputError):
        read_image_csv(tmp_path / "t.csv")


@pytest.mark.parametrize("content", [None, b"\xef\xbb\xbf\xff\xfe", b'\xef\xbb\xbf"a" b,c\r\n'])
def test_a_table_that_cannot_be_read_is_said_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(OutputError):
        read_records(tmp_path / "t.csv")


def test_the_module_uses_no_locale_dependent_format() -> None:
    assert "locale" not in vars(csv_table)
