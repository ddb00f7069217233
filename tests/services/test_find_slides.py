"""A slide of several files is found once."""

import os
import shutil

import pytest

from lungviewer.core.job import NullContext
from lungviewer.readers import dicom_header
from lungviewer.services import find
from lungviewer.services.export_kinds import ExportKind
from lungviewer.services.find import find_images
from lungviewer.services.slide_export import export_map
from tests.fixtures import pictures as make
from tests.fixtures.packs import tiny_spec
from tests.fixtures.slide_maps import overview, slide_map

JPEG = make.encode(make.picture(20, 16), "JPEG")


def found(*paths, recursive=True):
    listing = find_images(paths, recursive=recursive)
    return [os.fsdecode(file.path) for file in listing.files], listing.ignored, listing.not_entered


def test_the_dicom_files_of_one_slide_are_listed_as_its_largest(shared_data):
    folder = shared_data / "slides" / "cmu_small_region_dicom"
    assert found(folder) == (["2.dcm"], 3, 0)
    assert found(*sorted(folder.iterdir())) == (["2.dcm"], 3, 0)
    assert found(folder / "1.dcm") == (["1.dcm"], 0, 0)


def test_levels_of_one_size_are_listed_as_the_first_and_slices_of_a_chest_each(shared_data, tmp_path):
    slide = shared_data / "slides" / "cmu_small_region_dicom" / "2.dcm"
    for name in ("b.dcm", "a.dcm", "c"):
        shutil.copy(slide, tmp_path / name)
    (tmp_path / "sub").mkdir()
    shutil.copy(slide, tmp_path / "sub" / "other.dcm")
    assert found(tmp_path) == (["a.dcm", "sub/other.dcm"], 2, 0)
    slices = shared_data / "ct_dicom" / "series_a"
    assert len(found(slices)[0]) == len(list(slices.iterdir()))


@pytest.mark.parametrize("recursive", [True, False])
def test_the_folder_beside_a_mirax_slide_is_not_entered(tmp_path, recursive):
    (tmp_path / "slide.mrxs").write_bytes(JPEG)
    for folder in ("slide", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Data0000.jpg").write_bytes(JPEG)
    rest = ["other/Data0000.jpg"] if recursive else []
    assert found(tmp_path, recursive=recursive) == ([*rest, "slide.mrxs"], 0, 0 if recursive else 1)


def test_the_pictures_that_a_hamamatsu_list_names_are_only_counted(tmp_path):
    names = ("a(1,0).jpg", "a_macro.jpg", "möp.jpg", "alone.jpg")
    for name in names:
        (tmp_path / name).write_bytes(JPEG)
    lines = ["[Virtual Microscope Specimen]", "NoLayers=1", *(f"ImageFile={name}" for name in names[:3])]
    (tmp_path / "a.VMS").write_text(
        "\n".join([*lines, "MapFile=../alone.jpg", "MacroImage=gone.jpg"]), "utf-8"
    )
    assert found(tmp_path) == (["a.VMS", "alone.jpg"], 3, 0)
    assert found(tmp_path, tmp_path / names[0])[0] == [names[0], "a.VMS", "alone.jpg"]


def test_pictures_are_not_opened_to_look_for_dicom(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(dicom_header, "read_head", lambda path, size: opened.append(path.name) or b"")
    for name in ("a.jpg", "b.png", "c.tif", "d.svs", "e.dcm", "f"):
        (tmp_path / name).write_bytes(JPEG)
    assert len(found(tmp_path)[0]) == 6
    assert sorted(opened) == ["e.dcm", "f"]


def test_the_pictures_of_a_folder_of_results_are_only_counted(tmp_path):
    out = tmp_path / "results"
    kinds = (ExportKind.MASK, ExportKind.OVERLAY, ExportKind.PROBABILITY)
    slide = slide_map()
    export_map(slide, tiny_spec(), out, kinds, NullContext(), overview=overview(slide, 300))
    (out / "masks" / "patient.jpg").write_bytes(JPEG)
    (out / "patient.jpg").write_bytes(JPEG)
    files, ignored, _ = found(tmp_path)
    assert files == ["results/masks/patient.jpg", "results/patient.jpg"]
    assert ignored == len(kinds) + 2  # and the table and the file of what ran
    assert found(out / "overlays") == ([], 1, 0)
    assert found(out / "overlays" / "slide.png")[0] == ["slide.png"]  # somebody asks for it
    (tmp_path / "moved.ome.tiff").write_bytes((out / "probability" / "slide.ome.tiff").read_bytes())
    assert "moved.ome.tiff" not in found(tmp_path)[0]


def test_pictures_of_folders_that_hold_no_results_are_not_opened(tmp_path, monkeypatch):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.jpg").write_bytes(JPEG)
    (tmp_path / "run_metadata_1.json").write_text("{}")
    monkeypatch.setattr(find, "is_result", None)
    assert found(tmp_path)[0] == ["masks/a.jpg"]
