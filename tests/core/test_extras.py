"""What is said of libraries that are missing fits the installation that lacks them."""

import sys

from lungviewer.core.extras import TRAINING, how_to_install, how_to_run_keras


def test_an_installation_with_pip_is_told_the_command():
    assert "pip install" in how_to_install(TRAINING)
    assert how_to_run_keras() == how_to_install(TRAINING)


def test_a_packaged_program_has_no_pip_and_runs_no_keras_model(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "lungviewer-training" in how_to_install(TRAINING)
    assert "ONNX models only" in how_to_run_keras()
    assert "pip" not in how_to_install(TRAINING) + how_to_run_keras()
