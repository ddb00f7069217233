"""What lies beside a slide is a part of it, for whoever keeps answers."""

from types import SimpleNamespace

from lungviewer.core.image import ImageInfo
from lungviewer.services import thumbnails
from lungviewer.services.file_state import file_state
from lungviewer.services.find import find_images
from lungviewer.services.slide_map import _key
from lungviewer.services.slide_result import MapOptions
from tests.fixtures import pictures as make
from tests.fixtures.scans import run_scan

JPEG = make.encode(make.picture(20, 16), "JPEG")


def test_a_mirax_slide_is_looked_at_again_when_its_folder_arrives(tmp_path):
    folder = tmp_path / "slides"
    folder.mkdir()
    path = folder / "slide.mrxs"
    path.write_bytes(JPEG)
    engine = SimpleNamespace(provenance=SimpleNamespace(model_sha256="0" * 64), precision="fp32")
    info = ImageInfo(path, "slide", "MIRAX", 1, 1, (), identity="the same index")

    def key():
        return _key(info, file_state(path), engine, MapOptions()), thumbnails._key(path)

    before = find_images([folder], recursive=False).files, key()
    assert (before[0], key()) == (find_images([folder], recursive=False).files, before[1])
    assert run_scan(folder, tmp_path / "report.csv").done == 1
    assert run_scan(folder, tmp_path / "report.csv").kept == 1
    (folder / "slide").mkdir()
    (folder / "slide" / "Slidedat.ini").write_text("[GENERAL]\n")
    after = find_images([folder], recursive=False).files, key()
    assert before[0] != after[0]
    assert all(one != other for one, other in zip(before[1], after[1], strict=True))
    assert run_scan(folder, tmp_path / "report.csv").done == 1
