"""The hostile corpus and a decoder process, made once for all tests of readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lungviewer.readers.isolated import IsolatedDecoder
from tests.fixtures.hostile import HostileFile, make_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[HostileFile]]:
    folder = tmp_path_factory.mktemp("hostile")
    files = make_corpus(folder)
    yield files
    for file in files:  # or pytest could not remove the folder
        if file.path.name.startswith("locked"):
            file.path.chmod(0o600)


@pytest.fixture(scope="session")
def decoder() -> Iterator[IsolatedDecoder]:
    with IsolatedDecoder() as decoder:
        yield decoder


@pytest.fixture(scope="session")
def shared_hostile(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "hostile").iterdir())
