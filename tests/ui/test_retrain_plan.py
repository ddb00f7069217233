"""What a data folder holds, what is asked for, what came of it: read and written without a window."""

import json
from dataclasses import replace

import pytest

from lungviewer.core.errors import OutputUnwritable, UsageError
from lungviewer.core.model import Role
from lungviewer.packs.store import find_packs
from lungviewer.services.retrain_data import (
    KNOWN_FOLDERS,
    classes_document,
    look_at_folder,
    own_class,
    suggest_classes,
    what_is_missing,
)
from lungviewer.services.retrain_plan import (
    FULL,
    HEAD,
    TrainingPlan,
    begin_run,
    find_runs,
    fit_arguments,
    is_pack_id,
    next_version,
    remove_run,
    suggest_name,
)
from lungviewer.services.retrain_result import read_audit, read_result
from lungviewer.ui.retrain.result_words import both
from tests.fixtures.packs import tiny_pack, tiny_spec

CLASSES = suggest_classes(("tumour_a", "normal tissue"), tiny_spec())


def a_plan(**changes):
    plan = TrainingPlan("/data", "", CLASSES, HEAD, "/packs/p", "p@1.0.0", "mine", "0.1.0", "Mine", seed=3)
    return replace(plan, **changes)


def folders(root, **images):
    for name, count in images.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            (root / name / f"{i}.png").touch()
    return root


def test_class_folders_are_counted_without_opening_an_image(tmp_path):
    root = folders(tmp_path / "d", a=2, b=3, empty=0)
    (root / "a" / "notes.txt").touch()
    (root / ".hidden").mkdir()
    look = look_at_folder(root)
    assert dict(look.images) == {"a": 2, "b": 3}
    assert look.manifest is None


def test_a_manifest_in_the_folder_says_the_labels(tmp_path):
    root = folders(tmp_path / "d", x=1)
    (root / "manifest.csv").write_text("path,label,group\nx/0.png,one,1\nx/1.png,two,2\nx/2.png,two,3\n")
    look = look_at_folder(root)
    assert dict(look.images) == {"one": 1, "two": 2}
    assert look.manifest == root / "manifest.csv"


@pytest.mark.parametrize("images", [{}, {"only": 3}])
def test_a_folder_that_cannot_be_trained_on_is_refused_with_what_to_do(tmp_path, images):
    root = folders(tmp_path / "d", **images)
    root.mkdir(exist_ok=True)
    with pytest.raises(UsageError) as error:
        look_at_folder(root)
    assert "folder above the class folders" in error.value.hint


def test_a_folder_that_is_gone_and_a_manifest_that_is_none_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be listed"):
        look_at_folder(tmp_path / "gone")
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="manifest"):
        look_at_folder(tmp_path)


def test_folders_are_recognised_by_id_by_label_and_by_the_names_of_the_training():
    spec = tiny_spec()
    found = suggest_classes(("tumour_a", "Tumour B", "somewhere"), spec)
    assert [(c.id, c.known) for c in found] == [("tumour_a", True), ("tumour_b", True), ("somewhere", False)]
    assert found[0].colour == spec.classes[0].colour
    assert len({c.colour for c in found}) == 3


def test_the_names_that_the_training_knows_are_the_same_here():
    from training.classes import KNOWN_LABELS

    known = {name: spec.id for name, spec in KNOWN_LABELS.items() if name != spec.id}
    assert dict(KNOWN_FOLDERS) == known


def test_only_a_plain_word_decides_the_kind_of_tissue():
    roles = [c.role for c in suggest_classes(("small_cell_carcinoma", "normal", "benign tumour", "x"), None)]
    assert roles == [Role.TUMOUR, Role.NORMAL, None, None]


def test_two_folders_never_get_one_id_by_themselves():
    found = suggest_classes(("Tumour A", "tumour_a", "TUMOUR-A"), tiny_spec())
    assert len({c.id for c in found}) == 3
    assert "cannot both be “Tumour" in what_is_missing(found)  # no pack may have two labels alike
    assert what_is_missing([found[0], found[2]]) == ""


@pytest.mark.parametrize("name", ["Größe", "1st", "  ", "日本", "a" * 90, "x\u202ey", "-", "pT1: solid"])
def test_classes_of_any_name_are_written_as_the_training_reads_them(name, tmp_path):
    from training.classes import read_classes

    choice = replace(own_class("folder", name, (), Role.TUMOUR), colour="#d55e00")
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(classes_document([choice])))
    assert read_classes(path)["folder"].id == choice.id
    assert choice.label.isprintable()
    assert choice.label
    assert ":" not in choice.label


def test_what_nobody_has_said_is_asked_for():
    found = suggest_classes(("one", "two"), None)
    assert "“one”, “two”" in what_is_missing(found)
    doubled = [replace(c, id="same", role=Role.TUMOUR) for c in found]
    assert "cannot both be" in what_is_missing(doubled)


def test_the_training_takes_the_arguments_of_every_plan(tmp_path):
    from training.__main__ import build_parser

    for plan in (
        a_plan(epochs=4, manifest="/m.csv", skip_unreadable=True),
        a_plan(kind=FULL, weights="/w.h5", stains="/s", members=3),
    ):
        arguments = [*fit_arguments(plan, tmp_path), "--json-lines", "--stop-on-stdin"]
        options = build_parser().parse_args(arguments)
        assert options.id == "mine"
        assert options.head_only is (plan.kind == HEAD)
        assert options.manifest is not None or not plan.manifest


def test_the_same_plan_goes_on_and_another_begins_anew(tmp_path):
    first = begin_run(a_plan(), tmp_path)
    assert begin_run(a_plan(), tmp_path) == first
    other = begin_run(a_plan(seed=4), tmp_path)
    assert other.folder != first.folder
    assert first.plan == a_plan()
    assert not first.finished
    assert {run.folder for run in find_runs(tmp_path)} == {first.folder, other.folder}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"begun": 1, "plan": {"data": 7}}', b'{"begun": "x", "plan": {}}']
)
def test_folders_without_a_sound_plan_are_passed_over_and_never_deleted(tmp_path, content):
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "plan.json").write_bytes(content)
    good = begin_run(a_plan(), tmp_path)
    assert find_runs(tmp_path) == [good]
    assert find_runs(tmp_path / "nowhere") == []
    with pytest.raises(OutputUnwritable):
        remove_run(replace(good, folder=tmp_path))
    remove_run(good)
    assert not good.folder.exists()


def test_names_and_versions_that_are_proposed_are_free(tmp_path):
    spec = tiny_spec(pack_id="mine", version="1.3.0")
    tiny_pack(tmp_path / "p", spec=spec)
    entries = find_packs([tmp_path])
    assert next_version("mine", entries) == "1.4.0"
    assert next_version("other", entries) == "0.1.0"
    assert is_pack_id(suggest_name(spec, HEAD))
    assert suggest_name(replace(spec, id=suggest_name(spec, HEAD)), HEAD) == suggest_name(spec, HEAD)
    assert is_pack_id(suggest_name(replace(spec, id="x" * 64), FULL))
    assert not is_pack_id("Mine!")


@pytest.mark.parametrize("content", ["", "[]", '{"data": {}}', '{"data": null, "files": 3}'])
def test_a_damaged_audit_is_a_sentence(tmp_path, content):
    (tmp_path / "audit.json").write_text(content)
    (tmp_path / "audit.md").write_text("x")
    with pytest.raises(UsageError, match="cannot be read"):
        read_audit(tmp_path)


def test_a_result_without_figures_says_so_and_invents_none(tmp_path):
    tiny_pack(tmp_path / "pack", extra={"evaluation/metrics.json": b'{"test": {"figures": 7}}'})
    result = read_result(tmp_path, "old@1.0.0")
    assert result.parent == "old@1.0.0"
    assert result.gate.passes is None
    assert result.difference is None
    assert all(row.parent is None and row.new is None for row in result.rows)
    assert {row.key for row in result.rows} == {"accuracy", "recall", "ece", "coverage", "selective_accuracy"}


def test_the_share_that_is_right_of_no_calls_is_a_dash_and_what_was_not_measured_says_so(tmp_path):
    metrics = {"test": {"figures": {}, "calls": {"coverage": {"value": 0.0}, "selective_accuracy": {}}}}
    tiny_pack(tmp_path / "pack", extra={"evaluation/metrics.json": json.dumps(metrics).encode()})
    result = read_result(tmp_path, "old@1.0.0")
    shown = {row.key: both(row, result) for row in result.rows}
    assert shown["coverage"][1].startswith("0.0")
    assert shown["selective_accuracy"] == ("not measured", "–")
    assert shown["accuracy"] == ("not measured", "not measured")


@pytest.mark.parametrize("kept", ["", "7", '{"comparison": []}', '{"comparison": {"rows": 4, "parent": 1}}'])
def test_a_damaged_comparison_is_no_comparison(tmp_path, kept):
    tiny_pack(tmp_path / "pack")
    (tmp_path / "window-result.json").write_text(kept)
    result = read_result(tmp_path, "old@1.0.0")
    assert all(row.parent is None for row in result.rows)
