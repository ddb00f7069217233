"""The table of CT slices."""

from __future__ import annotations

import pytest

from lungviewer.core.errors import OutputUnwritable
from lungviewer.core.types import Prediction, Provenance, Status
from lungviewer.exporters.csv_table import is_image_csv
from lungviewer.exporters.series_csv import SliceRow, is_series_csv, write_series_csv

MADE_BY = Provenance("lung-ct", "1.0", "f" * 64, "onnx", "cpu", "1")
CALL = Prediction(Status.REVIEW, ("low_confidence",), {"a": 0.25, "=b": 0.75}, "=b", 0.75, 1.5)


def test_the_table_is_what_it_has_always_been(tmp_path):
    rows = [
        SliceRow(1, 1, "=one.dcm", 0, -12.5, 7, CALL),
        SliceRow(
            *(1, 2, "two, three.dcm", 3, None, None, None),
            "truncated",
            "The file ends in the middle of its pixels.",
        ),
        SliceRow.of_file("=report.dcm", "unsupported_format", "It is a report."),
    ]
    assert write_series_csv(tmp_path / "a.csv", iter(rows), ("a", "=b"), MADE_BY) == 3
    made_by = f"lung-ct,1.0,{'f' * 64},onnx,cpu"
    assert (tmp_path / "a.csv").read_bytes().decode("utf-8-sig").split("\r\n") == [
        "series,slice,path,frame,position_mm,instance,status,reason,predicted_class,confidence,p_a,p_'=b,"
        "trust_score,model,model_version,model_sha256,backend,device,error",
        f"1,1,'=one.dcm,0,-12.500,7,review,low_confidence,'=b,0.750000,0.250000,0.750000,1.5000,{made_by},",
        f'1,2,"two, three.dcm",3,,,error,truncated,,,,,,{made_by},The file ends in the middle of its pixels.',
        f",,'=report.dcm,,,,error,unsupported_format,,,,,,{made_by},It is a report.",
        "",
    ]


def test_it_is_told_from_other_tables(tmp_path):
    write_series_csv(tmp_path / "a.csv", (), ("a",), MADE_BY)
    assert is_series_csv(tmp_path / "a.csv")
    assert not is_image_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("series,slice")
    assert not is_series_csv(tmp_path / "b.csv")
    assert not is_series_csv(tmp_path / "none.csv")


def test_an_old_table_stays_whole_when_a_row_cannot_be_made(tmp_path):
    write_series_csv(tmp_path / "a.csv", (), ("a",), MADE_BY)
    before = (tmp_path / "a.csv").read_bytes()

    def rows():
        yield SliceRow(1, 1, "a.dcm", 0, None, None, CALL)
        raise OutputUnwritable("stopped")

    with pytest.raises(OutputUnwritable):
        write_series_csv(tmp_path / "a.csv", rows(), ("a",), MADE_BY)
    assert (tmp_path / "a.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
