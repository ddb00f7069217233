"""Synthetic fields and the sample folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from openslide import OpenSlide
from PIL import Image

from lungviewer.cli.main import main
from lungviewer.core.errors import Cancelled, OutputError, OutputUnwritable, UsageError
from lungviewer.core.job import CancellableContext, RecordingContext
from lungviewer.core.paths import bundled
from lungviewer.services.samples import (
    KINDS,
    REFUSAL_KINDS,
    SAMPLE_SLIDE,
    TISSUE_KINDS,
    make_field,
    write_samples,
)

FIELD_224 = 768 * 0.17 / 224  # µm/px of a 224-pixel field of the usual width


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The default samples, as `lungviewer samples` draws them."""
    folder = tmp_path_factory.mktemp("samples")
    assert main(["samples", str(folder)]) == 0
    return sorted(path for path in folder.iterdir() if path.name != SAMPLE_SLIDE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_is_contiguous_rgb_bytes_and_the_same_every_time(kind: str) -> None:
    first = make_field(kind, 3, 96, 1.0)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    assert first.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(first, make_field(kind, 3, 96, 1.0))
    assert not np.array_equal(first, make_field(kind, 4, 96, 1.0))


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "import hashlib; from lungviewer.services.samples import make_field;"
        "print(hashlib.sha256(make_field('adenocarcinoma', 1, 160, 0.8).tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = hashlib.sha256(make_field("adenocarcinoma", 1, 160, 0.8).tobytes()).hexdigest()
    assert there.stdout.strip() == here


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "um_per_px"), [(32, 4.0), (33, 0.17), (64, 0.05), (101, 1.3)])
def test_every_kind_can_be_drawn_at_odd_sizes_and_scales(kind: str, size: int, um_per_px: float) -> None:
    assert make_field(kind, 0, size, um_per_px).shape == (size, size, 3)


@pytest.mark.parametrize("kind", TISSUE_KINDS)
def test_a_field_continues_at_its_opposite_edge_without_a_seam(kind: str) -> None:
    field = make_field(kind, 2, 224, FIELD_224).astype(int)
    inside = np.abs(np.diff(field, axis=0)).mean(axis=(1, 2))
    across = np.abs(field[0] - field[-1]).mean()
    assert across < inside.max() * 1.2


@pytest.mark.parametrize(
    ("kind", "seed", "size", "um_per_px"),
    [("colon", 0, 96, 1.0), ("benign", -1, 96, 1.0), ("benign", 0, 31, 1.0), ("benign", 0, 96, 0.0)],
)
def test_what_cannot_be_drawn_is_refused(kind: str, seed: int, size: int, um_per_px: float) -> None:
    with pytest.raises(UsageError):
        make_field(kind, seed, size, um_per_px)


def test_tissue_absorbs_light_where_nuclei_are_and_glass_does_not() -> None:
    dark = {kind: float((make_field(kind, 1, 224, FIELD_224).min(axis=2) < 90).mean()) for kind in KINDS}
    assert dark["squamous_cell_carcinoma"] > 0.15
    assert dark["adenocarcinoma"] > 0.10
    assert 0.02 < dark["benign"] < dark["adenocarcinoma"]
    assert dark["glass"] == 0


def test_benign_fields_are_mostly_air() -> None:
    for seed in range(3):
        field = make_field("benign", seed, 224, FIELD_224)
        assert (field.min(axis=2) > 200).mean() > 0.35


def test_blur_has_less_detail_than_the_same_tissue_in_focus() -> None:
    def detail(kind: str) -> float:
        grey = make_field(kind, 0, 224, FIELD_224).mean(axis=2)
        return float(np.abs(np.diff(grey, axis=1)).mean())

    assert detail("blur") < 0.4 * detail("adenocarcinoma")


def test_the_folder_is_made_and_every_file_is_labelled_as_synthetic(drawn: list[Path]) -> None:
    assert len(drawn) == 2 * len(TISSUE_KINDS) + 2 + len(REFUSAL_KINDS)
    for path in drawn:
        assert path.name.startswith("synthetic_")
        with Image.open(path) as picture:
            if picture.format == "PNG":
                notes = [picture.info["Description"]]
            else:
                notes = [picture.info["comment"].decode("ascii"), picture.getexif()[0x010E]]
        for note in notes:
            assert note.startswith("SYNTHETIC, drawn by lungviewer")
            assert "not a patient" in note


def test_one_sample_is_not_square_and_one_states_its_scale(drawn: list[Path]) -> None:
    shapes, scales = set(), []
    for path in drawn:
        with Image.open(path) as picture:
            shapes.add(picture.size)
            if picture.format == "PNG" and "dpi" in picture.info:
                scales.append(25400 / picture.info["dpi"][0])
    assert shapes == {(512, 512), (768, 512)}
    assert scales == [pytest.approx(768 * 0.17 / 512, rel=1e-6)]


def test_formats_take_turns(tmp_path: Path) -> None:
    written = write_samples(tmp_path, 2, 64, formats=("png", "jpeg"))
    benign = [path.name for path in written if "benign" in path.name]
    assert benign == ["synthetic_benign_1.png", "synthetic_benign_2.jpg"]


def test_the_bundled_samples_are_what_the_code_draws(drawn: list[Path]) -> None:
    folder = bundled("resources") / "samples"
    assert sorted(p.name for p in folder.iterdir()) == sorted([*(p.name for p in drawn), SAMPLE_SLIDE])
    assert sum(p.stat().st_size for p in folder.iterdir()) < 4_000_000
    for path in drawn:
        with Image.open(path) as new, Image.open(folder / path.name) as old:
            assert (new.size, new.format) == (old.size, old.format), path.name
            difference = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16))
        # Another processor or libjpeg may round differently; another picture differs by 30 and more.
        assert difference.mean() < 1.5, path.name


def test_the_bundled_slide_is_what_the_code_draws(drawn: list[Path]) -> None:
    shipped = bundled("resources") / "samples" / SAMPLE_SLIDE
    with OpenSlide(drawn[0].parent / SAMPLE_SLIDE) as new, OpenSlide(shipped) as old:
        assert new.level_dimensions == old.level_dimensions
        assert float(old.properties["openslide.mpp-x"]) == pytest.approx(0.5)
        level = new.level_dimensions[1]
        pixels = [np.asarray(slide.read_region((0, 0), 1, level), np.int16) for slide in (new, old)]
    assert np.abs(pixels[0] - pixels[1]).mean() < 1.5


def test_existing_samples_are_never_overwritten(tmp_path: Path) -> None:
    victim = tmp_path / "synthetic_pen_1.jpg"
    victim.write_bytes(b"mine")
    with pytest.raises(OutputError) as caught:
        write_samples(tmp_path, 1, 64)
    assert victim.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [victim]
    assert tmp_path.name not in caught.value.sentence


def test_other_files_in_the_folder_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("keep")
    write_samples(tmp_path / "new" / "folder", 0, 64)
    write_samples(tmp_path, 0, 64)
    assert (tmp_path / "notes.txt").read_text() == "keep"


def test_a_dangling_link_of_a_samples_name_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "synthetic_glass_1.jpg").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError):
        write_samples(tmp_path, 0, 64)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable):
        write_samples(tmp_path / "file" / "folder", 0, 64)


@pytest.mark.parametrize("arguments", [(-1, 64), (1, 63), (1, 5000)])
def test_senseless_sizes_and_counts_are_refused(tmp_path: Path, arguments: tuple[int, int]) -> None:
    with pytest.raises(UsageError):
        write_samples(tmp_path, *arguments)


@pytest.mark.parametrize("formats", [(), ("gif",), ("jpeg", "bmp")])
def test_formats_that_are_not_written_are_refused(tmp_path: Path, formats: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        write_samples(tmp_path, 1, 64, formats)


def test_progress_is_told_and_stopping_is_heard(tmp_path: Path) -> None:
    ctx = RecordingContext()
    written = write_samples(tmp_path / "a", 0, 64, ctx=ctx)
    assert ctx.steps[-1][:2] == (len(written), len(written))
    stopped = CancellableContext()
    stopped.cancel()
    with pytest.raises(Cancelled):
        write_samples(tmp_path / "b", 0, 64, ctx=stopped)
    assert os.listdir(tmp_path / "b") == []
