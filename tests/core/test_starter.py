import os
import sys

from lungviewer.core.starter import forget_own_libraries


def test_what_a_packaged_program_starts_gets_the_libraries_of_the_system(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/our/own")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    forget_own_libraries()
    assert "LD_LIBRARY_PATH" not in os.environ
    monkeypatch.setenv("LD_LIBRARY_PATH", "/our/own")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/the/persons")
    forget_own_libraries()
    assert os.environ["LD_LIBRARY_PATH"] == "/the/persons"
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ


def test_a_source_checkout_keeps_its_environment(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/the/persons")
    forget_own_libraries()
    assert os.environ["LD_LIBRARY_PATH"] == "/the/persons"
