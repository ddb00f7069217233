"""The tiny pack that other tests build on does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from lungviewer.core.outliers import outlier_model
from lungviewer.core.privacy import import_onnxruntime
from lungviewer.core.trust import calibrated_probabilities, check_field
from lungviewer.packs.store import load_pack
from tests.fixtures.packs import COLOURS, paint, tiny_pack


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_pack(tiny_pack(tmp_path_factory.mktemp("packs") / "tiny", score="gaussian"))


def _run(loaded, images):
    session = import_onnxruntime().InferenceSession(loaded.model, providers=["CPUExecutionProvider"])
    return session.run(["logits", "cam", "embedding"], {"image": images})


@pytest.mark.parametrize("index", range(3))
def test_an_image_of_a_classs_colour_gets_that_class(loaded, index):
    logits, cam, embedding = _run(loaded, paint(COLOURS[index], 32, 32)[None])
    probabilities = calibrated_probabilities(logits, loaded.spec.calibration.temperature)[0]
    assert probabilities.argmax() == index
    assert probabilities[index] > 0.98
    assert cam.shape == (1, 3, 4, 4)
    assert np.allclose(embedding[0] * 255, COLOURS[index], atol=6)


def test_the_maps_of_a_class_add_up_to_its_logit(loaded):
    logits, cam, _ = _run(loaded, paint(COLOURS[1], 32, 32)[None])
    assert np.allclose(cam.sum(axis=(2, 3)), logits, rtol=1e-4)


def test_a_painted_colour_passes_the_image_checks_and_is_like_training(loaded):
    outlier = outlier_model("gaussian", loaded.trust)
    for colour in COLOURS:
        image = paint(colour, 32, 32)
        assert check_field(image, loaded.spec.trust.checks, "histology") is None
        logits, _, embedding = _run(loaded, image[None])
        assert outlier.score(embedding, logits)[0] < 1


def test_a_colour_that_no_class_has_is_unlike_training(loaded):
    logits, _, embedding = _run(loaded, paint((40, 200, 60), 32, 32)[None])
    assert outlier_model("gaussian", loaded.trust).score(embedding, logits)[0] > 3
