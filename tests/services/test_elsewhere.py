"""What is said about a model beyond its home is what its pack publishes, and nothing else."""

import json

import pytest

from lungviewer.core.model import CalibrationSpec, ReliabilityBin
from lungviewer.core.paths import bundled
from lungviewer.packs.names import METRICS
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.elsewhere import (
    Laboratory,
    Standing,
    elsewhere_sentence,
    laboratory_lines,
    read_standing,
)
from lungviewer.services.reliability import how_often_right, wilson_interval
from tests.fixtures.packs import tiny_pack, tiny_spec


def laboratory(right, calls=50, images=100, **ends):
    return Laboratory("a", images, 12, calls, right, ends.get("low"), ends.get("high"))


def test_the_shipped_pack_is_told_by_its_own_figures():
    folder = resolve_pack(None, [bundled("models")])
    published = json.loads((folder / METRICS).read_bytes())
    standing = read_standing(folder, load_pack(folder).spec)
    assert [(one.name, one.images, one.calls, one.right) for one in standing.laboratories] == [
        (entry["set"], entry["images"], entry["calls"], entry["selective_accuracy"])
        for entry in published["external_sets"]
    ]
    sentence = elsewhere_sentence(standing)
    for entry in published["external_sets"]:
        assert f"{entry['selective_accuracy']:.0%}".replace("%", "\u00a0%") in sentence
        assert str(entry["images"]) in sentence
    judged = [row["verdict"] for row in published["gate"]["rows"] if row["verdict"] != "published"]
    assert (standing.gate.judged, len(standing.gate.failing)) == (len(judged), judged.count("FAIL"))


@pytest.mark.parametrize(
    ("laboratories", "sentence"),
    [
        (None, "How this model does on slides of other laboratories could not be read from its pack."),
        ((), "This model was not measured on slides of other laboratories."),
        ((laboratory(0.0, calls=0),), "On slides of other laboratories this model made no calls."),
        (
            (laboratory(0.731), laboratory(0.0, calls=0)),
            "On slides of another laboratory 73\u00a0% of calls were right (50 calls on 100 images).",
        ),
        (
            (laboratory(0.731), laboratory(0.9, 8, 20)),
            "On slides of 2 other laboratories 73\u00a0% and 90\u00a0% of calls were right "
            "(50 and 8 calls on 100 and 20 images).",
        ),
        (
            tuple(laboratory(share) for share in (0.5, 0.6, 0.7, 0.8, 0.9)),
            "On slides of 5 other laboratories 50–90\u00a0% of calls were right, by laboratory (500 images).",
        ),
    ],
)
def test_the_sentence_names_every_laboratory_or_says_that_there_was_none(laboratories, sentence):
    assert elsewhere_sentence(Standing(laboratories)) == sentence


def test_every_laboratory_has_its_interval_where_there_is_one():
    lines = laboratory_lines(Standing((laboratory(0.73, low=0.6, high=0.86), laboratory(0.9))))
    assert lines == (
        "a: 73\u00a0% of 50 calls right (95\u00a0% interval 60–86\u00a0%); "
        "100 images of 12 originals or patients.",
        "a: 90\u00a0% of 50 calls right; 100 images of 12 originals or patients.",
    )


SOUND = {"set": "lab", "images": 10, "groups": 3, "calls": 4, "selective_accuracy": 0.75}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (b'{"external_sets": [{"set": "lab"}, 7, null]}', ()),
        (json.dumps({"external_sets": [SOUND | {"selective_accuracy": None}]}).encode(), ()),
        (json.dumps({"external_sets": [SOUND | {"calls": True}]}).encode(), ()),
        (
            json.dumps({"external_sets": [SOUND | {"selective_accuracy_interval": [0.5, "x"]}]}).encode(),
            (Laboratory("lab", 10, 3, 4, 0.75, None, None),),
        ),
        (b"no json", None),
    ],
)
def test_figures_that_are_none_are_not_told(tmp_path, metrics, expected):
    folder = tiny_pack(tmp_path / "pack", extra={METRICS: metrics})
    assert read_standing(folder, load_pack(folder).spec).laboratories == expected


def test_a_pack_without_figures_was_not_measured_elsewhere(tmp_path):
    assert read_standing(tmp_path / "gone", tiny_spec()) == Standing()


def test_figures_that_were_changed_since_are_not_told(tmp_path):
    folder = tiny_pack(tmp_path / "pack", extra={METRICS: json.dumps({"external_sets": [SOUND]}).encode()})
    spec = load_pack(folder).spec
    (folder / METRICS).write_bytes(json.dumps({"external_sets": [SOUND | {"calls": 9}]}).encode())
    assert read_standing(folder, spec).laboratories is None


# --- at home -----------------------------------------------------------------------------------------


def calibration(n, right, fitted_on="880 validation images of 88 groups"):
    return CalibrationSpec("temperature", 1.0, fitted_on, (ReliabilityBin(0.4, 0.5, n, right),))


def test_of_few_calls_nothing_is_claimed():
    sentence = how_often_right(calibration(2, 2), 0.45)
    assert sentence.startswith("Too few calls were shown at 40–50\u00a0%")
    assert "2, of which 2 right" in sentence
    assert "2 of 2" not in sentence


def test_of_many_calls_the_share_has_its_interval_and_its_images():
    sentence = how_often_right(calibration(47, 47), 0.45)
    assert "47 of 47 calls shown at 40–50\u00a0% were right (92–100\u00a0%, each image counted" in sentence
    assert "880 validation images of 88 groups; a group is all images of one original" in sentence
    assert "group" not in how_often_right(calibration(47, 47, "880 images"), 0.45)
    assert how_often_right(calibration(47, 47), 0.9) == ""


def test_intervals_are_those_of_wilson():
    """Newcombe 1998, table I, method 3: 81 of 263, and 0 of 20."""
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
