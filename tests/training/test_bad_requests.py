"""What is wrong with a request is said before anything is read, trained or overwritten."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from lungviewer.core.errors import PackInvalid
from lungviewer.packs.writer import replaceable, write_pack
from tests.training.conftest import TinyRun
from training.__main__ import main
from training.about import About
from training.commands.common import about_of, add_about
from training.errors import DataProblem
from training.prepare import check_places, refuse_unfit


def test_only_a_pack_or_nothing_is_replaced_by_a_pack(tmp_path: Path, tiny_run: TinyRun) -> None:
    mine = tmp_path / "docs"
    mine.mkdir()
    assert replaceable(mine)
    assert replaceable(tmp_path / "new")
    assert replaceable(tiny_run.result.pack)
    (mine / "thesis.txt").write_text("years of work")
    assert not replaceable(mine)
    assert not replaceable(mine / "thesis.txt")
    with pytest.raises(PackInvalid):
        write_pack(mine, tiny_run.result.spec, {}, replace_existing=True)
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_a_run_does_not_write_among_the_data_nor_over_what_is_no_pack(tmp_path: Path) -> None:
    data, docs = tmp_path / "data", tmp_path / "docs"
    docs.mkdir()
    (docs / "thesis.txt").write_text("x")
    for out in (data, data / "run"):
        with pytest.raises(DataProblem, match="within the data folder"):
            check_places(data, out, tmp_path / "pack")
    with pytest.raises(DataProblem, match="something that is no pack"):
        check_places(data, tmp_path / "run", docs)
    check_places(data, tmp_path / "data2", tmp_path / "pack")


def test_images_that_could_never_be_called_are_told_before_training() -> None:
    refuse_unfit(["", "no_colour"])
    with pytest.raises(DataProblem, match=r"Every image fails an image check \(no_colour\)") as caught:
        refuse_unfit(["no_colour"] * 3)
    assert "--modality ct" in caught.value.sentence


def parsed(*arguments: str) -> About:
    parser = argparse.ArgumentParser()
    add_about(parser)
    return about_of(parser.parse_args(arguments))


def test_another_input_size_keeps_the_field() -> None:
    usual = About()
    assert parsed("--input-size", "112").field_um == pytest.approx(usual.field_um)
    assert parsed("--input-size", "112", "--um-per-px", "0.5").field_um == 56
    assert parsed("--modality", "ct").modality == "ct"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--epochs", "-1"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "-1"),
        ("--patience", "-1"),
        ("--members", "0"),
        ("--input-size", "0"),
        ("--um-per-px", "-1"),
        ("--views", "x"),
    ],
)
def test_numbers_that_make_no_sense_are_bad_use(
    wrong: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fit", "--data", str(tmp_path), "--out", str(tmp_path / "run"), *wrong])
    assert caught.value.code == 2
    assert wrong[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cut", "block_12"], "would stay random"),
        (["--weights", "none.h5"], "does not exist"),
    ],
)
def test_a_beginning_that_is_random_and_frozen_is_refused(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--data", str(tmp_path), "--out", str(tmp_path / "run"), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
