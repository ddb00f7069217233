"""T01, T11, T15 for readers: every file of the hostile corpus ends as it must, and stays as it was."""

import hashlib
import logging
import os
import traceback
from pathlib import Path

import numpy as np
import pytest

from lungviewer.core.errors import ImageError
from lungviewer.readers.opening import is_candidate, open_image
from lungviewer.readers.raster import open_raster
from tests.fixtures import pictures as make
from tests.fixtures.hostile import OK


def outcome(opener, path):
    """("ok", notes) or (code, the error); anything that is no ImageError fails the test."""
    try:
        source = opener(path)
    except ImageError as error:
        return error.code, error
    info = source.info
    pixels = source.read((0, 0), 0, (info.width, info.height))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (info.height, info.width, 3)
    source.close()
    return OK, frozenset(info.notes)


def stamps(paths):
    found = {}
    for path in paths:
        status = path.lstat()
        content = b""
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
            content = hashlib.sha256(path.read_bytes()).digest()
        found[path] = (content, status.st_mtime_ns, status.st_ctime_ns, status.st_mode, status.st_size)
    return found


def test_the_corpus_is_large_and_small_enough(corpus):
    assert len(corpus) >= 120
    assert len({file.path for file in corpus}) == len(corpus)
    files = [file.path for file in corpus if file.path.is_file() and not file.path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 30_000_000


@pytest.mark.parametrize("way", ["in this process", "in the decoder process", "as the program does"])
def test_every_hostile_file_ends_as_expected(corpus, decoder, way):
    openers = {
        "in this process": open_raster,
        "in the decoder process": decoder.open,
        "as the program does": lambda path: open_image(path, isolated=decoder),
    }
    wrong = []
    for file in corpus:
        code, detail = outcome(openers[way], file.path)
        expected = file.outcomes if way == "as the program does" else file.as_picture
        if code not in expected or (code == OK and detail != file.notes):
            wrong.append((file.label, code, detail))
    assert wrong == []


def test_both_ways_say_the_same_about_every_file(corpus, decoder):
    for file in corpus:
        here, here_detail = outcome(open_raster, file.path)
        there, there_detail = outcome(decoder.open, file.path)
        assert here == there, file.label
        if here == OK:
            assert here_detail == there_detail, file.label
        else:
            assert here_detail.sentence == there_detail.sentence, file.label


def test_a_scan_would_report_on_exactly_the_candidates(corpus):
    wrong = [file.label for file in corpus if is_candidate(file.path) != file.candidate]
    assert wrong == []


@pytest.mark.parametrize("isolated", [False, True])
def test_hostile_files_of_other_projects_give_pixels_or_a_named_error(shared_hostile, decoder, isolated):
    assert len(shared_hostile) == 72
    codes = [outcome(decoder.open if isolated else open_raster, path)[0] for path in shared_hostile]
    assert codes.count(OK) >= 3
    assert set(codes) <= {
        OK,
        "truncated",
        "corrupt",
        "too_large",
        "not_an_image",
        "unsupported_format",
        "unsupported_pixels",
    }


def test_slides_and_dicom_of_other_projects_are_read_whole_or_refused_by_name(shared_data, decoder):
    paths = [p for p in (shared_data / "slides").iterdir() if p.is_file()]
    paths += sorted((shared_data / "ct_dicom" / "transfer_syntaxes").iterdir())
    codes = {path.name: outcome(decoder.open, path)[0] for path in paths}
    assert codes["cmu_small_region.svs"] == "unsupported_format"
    assert codes["broken.svs"] == "not_an_image"
    # Neither slices nor slides are plain pictures: they have readers of their own.
    assert all(code == "unsupported_format" for name, code in codes.items() if name.endswith(".dcm"))


def test_no_file_is_changed_and_none_appears(corpus, decoder):
    folder = corpus[0].path.parent
    before, listing = stamps(file.path for file in corpus), sorted(folder.iterdir())
    for file in corpus:
        outcome(open_raster, file.path)
        outcome(decoder.open, file.path)
        is_candidate(file.path)
    assert stamps(file.path for file in corpus) == before
    assert sorted(folder.iterdir()) == listing


def test_a_read_only_folder_is_enough(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    path = folder / "tile.png"
    path.write_bytes(make.png(make.picture(), 2))
    path.chmod(0o400)
    folder.chmod(0o500)
    before = folder.stat().st_mtime_ns
    try:
        assert open_raster(path).info.width == 96
        assert folder.stat().st_mtime_ns == before  # nothing was made beside it, not even for a moment
    finally:
        folder.chmod(0o700)


def test_decoders_do_not_chatter(corpus, decoder, capfd):
    for file in corpus:
        outcome(lambda path: open_image(path, isolated=decoder), file.path)
    assert capfd.readouterr() == ("", "")


def test_errors_do_not_tell_what_the_file_is_called(corpus):
    folder = str(corpus[0].path.parent)
    for file in corpus:
        code, error = outcome(open_raster, file.path)
        if code != OK:
            told = "".join(traceback.format_exception(error)) + error.sentence
            assert folder not in told
            assert file.path.name not in told


def _canary_files(folder: Path) -> list[Path]:
    base, word = make.picture(), "CANARYWORD"
    jpeg = make.jpeg_with_segment(make.encode(base, "JPEG"), 0xFE, word.encode())
    exif = make.exif_block(3) + word.encode()
    description = {270: (make.ASCII, word), 315: (make.ASCII, word)}
    contents = {
        ".jpg": make.jpeg_with_segment(jpeg, 0xE1, exif),
        ".png": make.with_chunk(make.png(base, 2), b"tEXt", b"Author\0" + word.encode()),
        ".tif": make.tiff([base.tobytes()], {**make.rgb_tags(96, 80), **description}),
        "_float.tif": make.tiff(
            [base.tobytes()], {**make.rgb_tags(96, 80), 339: (make.SHORT, 3), **description}
        ),
        "_cut.tif": make.tiff([base.tobytes()], {**make.rgb_tags(96, 80), **description})[:-50],
        ".webp": make.encode(base, "WEBP", exif=exif),
        ".bmp": make.encode(base, "BMP"),
    }
    paths = []
    for ending, content in contents.items():
        path = folder / f"CANARYWORD{ending}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def test_words_of_a_file_reach_no_log_no_output_and_no_temporary_file(
    tmp_path, monkeypatch, caplog, capfd, decoder
):
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", None)
    caplog.set_level(logging.DEBUG)
    for path in _canary_files(tmp_path):
        for opener in (open_raster, decoder.open):
            code, detail = outcome(opener, path)
            assert code == OK or "CANARY" not in detail.sentence
    assert "CANARY" not in caplog.text
    assert [record for record in caplog.records if record.name.startswith("lungviewer")] == []
    assert "CANARY" not in "".join(capfd.readouterr())
    assert list(elsewhere.iterdir()) == []


def test_a_thousand_random_injuries_never_surprise(tmp_path):
    """Bytes overwritten, inserted, removed at random in a picture of every kind: pixels or an ImageError."""
    base = make.picture(40, 32)
    pristine = [
        make.encode(base, "JPEG"),
        make.encode(base, "JPEG", progressive=True),
        make.encode(base, "JPEG", "CMYK"),
        make.png(base, 2),
        make.png(make.deep_picture(20, 16), 2, 16),
        make.encode(base, "WEBP", lossless=True),
        make.encode(base, "BMP", "P"),
        make.tiff([base.tobytes()], make.rgb_tags(40, 32)),
        make.encode(base, "TIFF", compression="tiff_adobe_deflate"),
        make.encode(base, "TIFF", compression="jpeg"),
    ]
    rng = np.random.default_rng(20)
    codes = set()
    for number in range(1000):
        data = bytearray(pristine[number % len(pristine)])
        for _ in range(rng.integers(1, 6)):
            # Half of the injuries go to the head, where the structure is.
            reach = len(data) if rng.random() < 0.5 else min(len(data), 200)
            at = int(rng.integers(4, reach))
            kind = rng.integers(3)
            if kind == 0:
                data[at] = int(rng.integers(256))
            elif kind == 1:
                data[at:at] = rng.bytes(3)
            else:
                del data[at : at + 2]
        path = tmp_path / "injured.jpg"
        path.write_bytes(data)
        codes.add(outcome(open_raster, path)[0])
    assert {OK, "corrupt", "truncated"} <= codes
