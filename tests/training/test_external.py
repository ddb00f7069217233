"""Foreign data that cannot be evaluated on is refused in a sentence, before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lungviewer.core.job import NullContext
from tests.fixtures.tiny_judge import tiny_judge
from tests.training.conftest import TinyRun
from training.adapt import AdaptRequest, run_adapt
from training.errors import DataProblem
from training.external import external_records, is_external, read_external
from training.pipeline import run_fit

HEADER = "path,label,set,group,um_per_px"
GOOD = "a.png,lung_aca,lab,slide 1,0.5"


def foreign(folder: Path, *lines: str) -> Path:
    """A folder with a.png and a manifest of these lines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.png").write_bytes(b"no picture")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_rows_carry_class_set_group_and_scale(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADER, GOOD, "a.png,benign,lab,slide 2,")
    first, second = read_external(folder, ("benign", "adenocarcinoma"))
    assert (first.file, first.target, first.set, first.group) == (folder / "a.png", 1, "lab", "slide 1")
    assert (first.um_per_px, second.um_per_px, second.target) == (0.5, None, 0)
    assert len(read_external(foreign(tmp_path, "path,label,set,group", "a.png,benign,l,g"), ("benign",))) == 1


@pytest.mark.parametrize(
    ("lines", "told", "listed"),
    [
        (("path,label,um_per_px", "a.png,lung_aca,0.5"), "lacks the column set, group", ()),
        ((HEADER,), "names no images", ()),
        ((HEADER, GOOD, "a.png,lung_aca,,slide"), "1 rows .* empty cell", ("a.png",)),
        ((HEADER, GOOD, "a.png"), "1 rows .* empty cell", ("a.png",)),
        ((HEADER, GOOD, "a.png,colon,lab,s,0.5"), "1 rows .* not a class .*'colon'", ("a.png",)),
        ((HEADER, GOOD, 'a.png,lung_aca,lab,s,"0,5"'), "1 rows .* no number above 0", ("a.png",)),
        (
            (HEADER, "a.png,lung_aca,lab,s,0", "a.png,lung_aca,lab,s,nan"),
            "2 rows .* no number",
            ("a.png",) * 2,
        ),
        ((HEADER, GOOD, "b.png,lung_aca,lab,s,0.5"), "1 rows .* not there", ("b.png",)),
    ],
)
def test_what_does_not_hold_is_counted_and_listed(
    lines: tuple[str, ...], told: str, listed: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(DataProblem, match=told) as caught:
        read_external(foreign(tmp_path, *lines), ("adenocarcinoma",))
    assert caught.value.listed == listed
    assert ".png" not in caught.value.sentence


def test_a_manifest_that_is_missing_or_no_text_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="has no manifest"):
        read_external(tmp_path, ("benign",))
    (tmp_path / "manifest.csv").write_bytes(b"path,label,set,group\n\xff\xfe")
    assert not is_external(tmp_path)
    with pytest.raises(DataProblem, match="has no manifest"):
        read_external(tmp_path, ("benign",))


def test_a_foreign_file_that_is_no_image_is_a_sentence(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADER, "a.png,benign,lab,s,0.5")
    with pytest.raises(DataProblem, match="external data cannot be used: not an image"):
        external_records(tiny_judge(), folder, NullContext())


@pytest.mark.parametrize("adapting", [False, True])
def test_training_does_not_start_when_it_could_not_be_evaluated(
    adapting: bool, tiny_run: TinyRun, tmp_path: Path
) -> None:
    fit = replace(tiny_run.request, out=tmp_path / "run")
    request = (
        AdaptRequest(tiny_run.result.pack, fit.data, fit.out, settings=fit.settings) if adapting else fit
    )
    start = run_adapt if adapting else run_fit
    with pytest.raises(DataProblem, match="'organ' holds no images"):
        start(replace(request, strange={"organ": tmp_path / "nowhere"}))
    with pytest.raises(DataProblem, match="not there"):
        start(replace(request, external=foreign(tmp_path / "f", HEADER, "b.png,lung_aca,lab,s,")))
    assert (fit.out / "external.csv").read_text() == "b.png\n"
    assert not list(fit.out.glob("*.npz"))
