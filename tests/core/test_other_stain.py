"""Other stains are told from H&E by what they absorb, whatever lamp, exposure and cell density."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lungviewer.core.model import ImageCheckLimits
from lungviewer.core.preprocess import resize_field
from lungviewer.core.trust import check_field
from lungviewer.services.phantom.fields import TISSUE_KINDS, make_field

LIMITS = ImageCheckLimits()

# Ruifrok & Johnston 2001, and iron haematoxylin with aniline blue (Masson's trichrome).
HAEMATOXYLIN, EOSIN, DAB = (0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78)
IRON_HAEMATOXYLIN, ANILINE_BLUE = (0.58, 0.58, 0.58), (0.85, 0.50, 0.12)
BLOOD = (0.16, 0.54, 0.49)
"""As measured in a scanned slide."""
LAMP = (243, 240, 238)


def dyed(nuclear, other, *, cells=120, rest=0.3, gap=40, lamp=LAMP, seed=0):
    """Round nuclei of one dye (density about 0.8) on the other, with a strip of glass `gap` pixels wide."""
    rng = np.random.default_rng(seed)
    nuclei = np.zeros((224, 224), np.float32)
    for x, y in rng.integers(0, 224, (cells, 2)).tolist():
        cv2.circle(nuclei, (x, y), 5, 1.0, -1)
    texture = rng.uniform(0.7, 1.3, (224, 224, 1)).astype(np.float32)
    ground = np.full((224, 224, 1), rest, np.float32)
    ground[:, :gap] = nuclei[:, :gap] = 0
    density = texture * (0.8 * nuclei[..., None] * np.float32(nuclear) + ground * np.float32(other))
    return np.clip(np.array(lamp) * 10**-density, 0, 255).astype(np.uint8)


def trichrome_with_a_band():
    """A third of the field is as saturated a blue as a pen's."""
    pale, dark = (dyed(IRON_HAEMATOXYLIN, ANILINE_BLUE, rest=rest) for rest in (0.3, 1.3))
    return np.ascontiguousarray(np.hstack([pale[:, :150], dark[:, 150:]]))


def fluorescence():
    """Blue nuclei and a faint green on black."""
    amounts = dyed((1, 1, 1), (0, 0, 0)).astype(np.float32)
    glow = 255 - amounts[..., 0]
    return np.stack([0.05 * glow, 12 + 0.3 * glow, glow], axis=-1).astype(np.uint8)


H_AND_E = {
    "usual": dyed(HAEMATOXYLIN, EOSIN),
    "haematoxylin only, dense": dyed(HAEMATOXYLIN, HAEMATOXYLIN, cells=1200),
    "without glass": dyed(HAEMATOXYLIN, EOSIN, cells=900, gap=0),
    "eosin only": dyed(EOSIN, EOSIN, cells=60),
    "full of blood": dyed(HAEMATOXYLIN, BLOOD, cells=30, rest=1.0),
    "coal dust": dyed((1.2, 1.2, 1.2), EOSIN, cells=15),
    **{kind: make_field(kind, 1, 224, 0.58) for kind in TISSUE_KINDS},
}
OTHERS = {
    "brown immunohistochemistry": dyed(HAEMATOXYLIN, DAB, rest=0.5),
    "brown nuclei": dyed(DAB, HAEMATOXYLIN, rest=0.06),
    "trichrome": dyed(IRON_HAEMATOXYLIN, ANILINE_BLUE),
    "trichrome, partly as blue as a pen": trichrome_with_a_band(),
    "fluorescence": fluorescence(),
}


@pytest.mark.parametrize("name", H_AND_E)
def test_h_and_e_passes(name):
    assert check_field(H_AND_E[name], LIMITS, "histology") is None


@pytest.mark.parametrize("name", OTHERS)
def test_another_stain_is_refused_and_said_to_be_one(name):
    assert check_field(OTHERS[name], LIMITS, "histology") == "other_stain"


@pytest.mark.parametrize("name", ["brown immunohistochemistry", "brown nuclei", "trichrome"])
def test_a_pack_for_another_stain_switches_the_check_off(name):
    anything = replace(LIMITS, min_green_excess=-1.0)
    assert check_field(OTHERS[name], anything, "histology") is None


def test_a_few_brown_specks_say_nothing():
    field = dyed(DAB, DAB, cells=3, rest=0.0)
    assert check_field(field, replace(LIMITS, min_tissue=0.0), "histology") is None
    assert check_field(field, LIMITS, "histology") == "glass"


def test_a_ct_model_is_not_asked_about_stains():
    assert {check_field(f, LIMITS, "ct") for f in (*OTHERS.values(), *H_AND_E.values())} == {"colour"}
    grey = np.repeat(OTHERS["trichrome"][..., :1], 3, axis=2)
    assert check_field(grey, LIMITS, "ct") is None


@given(st.sampled_from([*H_AND_E, *OTHERS]), st.floats(0.8, 1.0))
@settings(max_examples=30)
def test_a_shorter_exposure_changes_no_verdict(name, exposure):
    field = {**H_AND_E, **OTHERS}[name]
    darker = np.rint(field * exposure).astype(np.uint8)
    assert check_field(darker, LIMITS, "histology") == check_field(field, LIMITS, "histology")


@given(st.sampled_from(list(H_AND_E)), st.tuples(*[st.floats(0.85, 1.0)] * 3))
@settings(max_examples=30)
def test_the_colour_of_the_lamp_makes_no_h_and_e_another_stain(name, gain):
    field = np.rint(H_AND_E[name] * np.array(gain)).astype(np.uint8)
    assert check_field(field, LIMITS, "histology") != "other_stain"


@pytest.mark.parametrize("name", H_AND_E)
def test_a_small_file_makes_no_h_and_e_another_stain(name):
    _, stream = cv2.imencode(".jpg", H_AND_E[name][..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30])
    field = np.ascontiguousarray(cv2.imdecode(stream, cv2.IMREAD_COLOR)[..., ::-1])
    assert check_field(field, LIMITS, "histology") != "other_stain"


@pytest.mark.parametrize("ink", [(1.2, 0.45, 0.95), (1.1, 0.75, 0.2)])
@pytest.mark.parametrize("softness", [1, 3])
def test_ink_on_glass_or_on_h_and_e_is_ink(ink, softness):
    stroke = np.zeros((224, 224), np.float32)
    cv2.line(stroke, (0, 40), (223, 150), 1.0, 50)
    stroke = cv2.GaussianBlur(stroke, (0, 0), softness)[..., None]
    for field in (np.broadcast_to(np.array(LAMP), (224, 224, 3)), H_AND_E["usual"]):
        inked = (field * 10 ** (-stroke * np.float32(ink))).astype(np.uint8)
        assert check_field(inked, LIMITS, "histology") == "pen"


@pytest.mark.parametrize(
    ("folder", "step"), [("lung_histology", 40), ("external_dev", 4), ("stain_pool", 5), ("ood", 2)]
)
def test_no_real_h_and_e_is_taken_for_another_stain(shared_data, folder, step):
    paths = sorted(p for p in (shared_data / folder).rglob("*.*g") if p.is_file())[::step]
    assert len(paths) >= 30
    for path in paths:
        with Image.open(path) as image:
            field = resize_field(np.asarray(image.convert("RGB")), 224)
        assert check_field(field, LIMITS, "histology") != "other_stain", path.name
