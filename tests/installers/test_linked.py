"""What is linked into the libraries of a wheel, and libraries of ours in the place of others'."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from installers import notices, system_libraries
from installers.components import components
from installers.contents import Environment
from installers.hollow import MARK, can_hollow, is_hollow, make_hollow
from installers.licence_rules import LicenceProblem
from tests.fixtures.bundles import MODULES, add_package, made_up, put


@pytest.fixture
def built(tmp_path: Path, monkeypatch) -> tuple[Path, Environment]:
    monkeypatch.setattr(system_libraries, "_say", lambda *command: "")  # as on a system without dpkg
    return made_up(tmp_path)


@pytest.mark.parametrize(
    ("package", "path", "part", "real"),
    [
        (
            "opencv-python-headless",
            "opencv_python_headless.libs/libavutil-0a1b2c3d.so.60",
            "FFmpeg",
            "\x00libavutil license: LGPL version 2.1 or later\x00",
        ),
        ("python-gdcm", "python_gdcm.libs/libcrypto-0a1b2c3d.so.1.1.1k", "OpenSSL 1.1", "OpenSSL"),
    ],
)
def test_a_library_of_ours_in_the_place_of_anothers_is_not_told_as_theirs(built, package, path, part, real):
    bundle, environment = built
    add_package(environment.site_packages, package, "1", {path: real})
    put(bundle / "_internal" / path, f"hollow {MARK}")
    names = [(one.name, one.within) for one in components(bundle, environment, MODULES)]
    assert (package, "") in names
    assert (part, package) not in names
    put(bundle / "_internal" / path, real)
    assert (part, package) in [(one.name, one.within) for one in components(bundle, environment, MODULES)]


@pytest.mark.skipif(not can_hollow() or shutil.which("ld") is None, reason="needs binutils, on Linux")
def test_a_hollow_library_is_known_by_its_place_and_its_mark(tmp_path):
    made = make_hollow("libssl-0a1b2c3d.so.1.1", [], tmp_path)
    assert is_hollow("python_gdcm.libs/libssl-0a1b2c3d.so.1.1", made)
    assert not is_hollow("numpy.libs/libssl-0a1b2c3d.so.1.1", made)
    made.write_bytes(b"\x7fELF")
    assert not is_hollow("python_gdcm.libs/libssl-0a1b2c3d.so.1.1", made)


def test_a_marked_library_in_a_place_that_is_not_made_hollow_is_still_told(built):
    bundle, environment = built
    put(bundle / "_internal/grafted.libs/libz-0a1b2c3d.so.1.3", MARK)
    assert "zlib" in [one.name for one in components(bundle, environment, MODULES)]


BILL = """{"components": [
    {"name": "crate", "version": "1.0", "author": "Some Body <some@example.org>",
     "licenses": [{"expression": "MIT OR Apache-2.0"}], "purl": "pkg:cargo/crate@1.0",
     "externalReferences": [{"type": "vcs", "url": "https://example.org/crate"}],
     "hashes": [{"alg": "SHA-256", "content": "%s"}]},
    {"name": "libz / zlib-ng", "version": "2.3", "licenses": [{"license": {"id": "Zlib"}}]},
    {"name": "built-with", "scope": "excluded", "licenses": [{"license": {"id": "GPL-3.0-only"}}]},
    {"name": "if-there", "scope": "optional", "licenses": [{"license": {"id": "GPL-3.0-only"}}]},
    {"name": "a-file", "purl": "pkg:rpm/almalinux/a-file@1"},
    {"name": "two._c", "purl": "pkg:pypi/two@1#c-ext/two._c", "licenses": [{"license": {"id": "MIT"}}]}
]}"""


def test_what_a_wheel_says_is_linked_into_it_is_taken_over(built):
    bundle, environment = built
    library = "two.libs/libz-0a1b2c3d.so.1"
    bill = BILL % ("0" * 64)
    add_package(
        environment.site_packages, "two", "1", {library: "z", "two-1.dist-info/sboms/two.cdx.json": bill}
    )
    put(bundle / "_internal" / library, "z")
    within = [one for one in components(bundle, environment, MODULES) if one.within == "two"]
    assert [one.reference for one in within] == ["crate@1.0 in two", "zlib@2.3 in two"]
    crate = within[0]
    assert (crate.purl, crate.source, crate.sha256) == (
        "pkg:cargo/crate@1.0",
        "https://example.org/crate",
        "0" * 64,
    )
    assert crate.verdict.used == ("MIT",)
    assert [name for name, _ in crate.texts] == ["MIT.txt"]
    assert "Copyright: Some Body\nTold by: two-1.dist-info/sboms/two.cdx.json" in notices.notices(within)


@pytest.mark.parametrize(
    ("licence", "sentence"),
    [
        ("GPL-3.0-only", r"crate \(in two\) is under GPL-3\.0-only"),
        ("LGPL-2.1-only", "crate is under LGPL-2.1-only and linked into two"),
        ("libtiff", "There is no text of libtiff"),
    ],
)
def test_what_may_not_be_linked_into_a_wheel_is_a_sentence(built, licence, sentence):
    bundle, environment = built
    bill = BILL.replace("MIT OR Apache-2.0", licence) % ("0" * 64)
    add_package(
        environment.site_packages, "two", "1", {"two.py": "", "two-1.dist-info/sboms/two.cdx.json": bill}
    )
    with pytest.raises(LicenceProblem, match=sentence):
        components(bundle, environment, [*MODULES, "two"])


APACHE = "Apache License\nVersion 2.0, January 2004"
EIGEN = "Mozilla Public License Version 2.0\n=====\n\n1. Definitions"


def add_onnxruntime(site: Path, *sections: str) -> None:
    text = "\n_____\n\n".join(["THIRD PARTY SOFTWARE NOTICES", *sections])
    add_package(site, "onnxruntime", "1.31.1", {"onnxruntime/ThirdPartyNotices.txt": text})


def test_what_the_notices_of_a_wheel_name_is_listed_but_for_other_builds(built):
    bundle, environment = built
    sections = (
        f"Eigen\n\n{EIGEN}",
        f"google/flatbuffers\n\n{APACHE}",
        f"openssl/openssl, https://x\n{APACHE}",
    )
    add_onnxruntime(environment.site_packages, *sections)
    put(bundle / "_internal/onnxruntime/ThirdPartyNotices.txt", "")
    found = components(bundle, environment, MODULES)
    within = [one for one in found if one.within == "onnxruntime" and one.name != "curl"]
    assert [(one.name, one.verdict.expression) for one in within] == [
        ("Eigen", "MPL-2.0"),
        ("google/flatbuffers", "Apache-2.0"),
    ]
    told = notices.notices(within).split("where their source is")[1]
    assert (
        "Eigen in onnxruntime: https://github.com/microsoft/onnxruntime/blob/v1.31.1/cmake/deps.txt" in told
    )


def test_a_new_licence_in_the_notices_of_a_wheel_is_a_sentence(built):
    bundle, environment = built
    add_onnxruntime(environment.site_packages, "Something new\n\nAll rights are ours.")
    put(bundle / "_internal/onnxruntime/ThirdPartyNotices.txt", "")
    with pytest.raises(LicenceProblem, match="Something new, which is linked into onnxruntime"):
        components(bundle, environment, MODULES)
