"""Servers that the tests of a folder share, as each takes a second or two to start."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from tests.fixtures.ct_packs import ct_pack
from tests.fixtures.packs import BEIGE, COLOURS, paint, tiny_pack
from tests.fixtures.scans import LENIENT
from tests.fixtures.served import Served


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def call():
    """A picture that gets a call."""
    return png(paint(COLOURS[0]))


@pytest.fixture(scope="session")
def strange():
    """A picture that is refused: green is far from all classes."""
    return png(paint((40, 200, 40)))


@pytest.fixture(scope="session")
def doubtful():
    """A picture that asks for review: the middle between two classes."""
    return png(paint(tuple((a + b) // 2 for a, b in zip(COLOURS[1], BEIGE, strict=True)), seed=3))


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """A histology and a CT pack, of a few kilobytes each."""
    folder = tmp_path_factory.mktemp("packs")
    tissue = tiny_pack(
        folder / "tissue",
        pack_id="tiny-tissue",
        checks=LENIENT,
        score="gaussian",
        refuse_above=4.0,
        review_below=0.9,
    )
    ct = ct_pack(folder / "ct", checks=replace(LENIENT, min_chroma=4.0))
    return tissue, ct


@pytest.fixture(scope="session")
def form(packs, tmp_path_factory):
    """The web form with both packs and the usual limits."""
    with Served(tmp_path_factory.mktemp("form"), "--pack", packs[0], "--pack", packs[1]) as served:
        yield served


@pytest.fixture(scope="session")
def narrow(packs, tmp_path_factory):
    """A web form that takes 1 MB and one request at a time."""
    folder = tmp_path_factory.mktemp("narrow")
    with Served(folder, "--pack", packs[0], "--max-mb", 1, "--queue", 1, "--deadline", 20) as served:
        yield served
