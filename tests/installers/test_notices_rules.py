"""Which licences a bundle may hold."""

from __future__ import annotations

import pytest

from installers.licence_rules import ALLOWED, Duty, LicenceProblem, judge, told_by
from installers.licence_texts import FOLDER
from installers.parts import BACKBONE, INSIDE, SHARED, inside, part_of
from installers.static_parts import STATIC

REFUSED_ON_PURPOSE = {"Qt under the GPL alone", "GNU Readline", "gdbm", "Dark Garden font"}


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"License-Expression": ["MIT AND Zlib"], "License": ["something"]}, "MIT AND Zlib"),
        ({"License": ["Apache License 2.0"]}, "Apache-2.0"),
        ({"License": ["LGPL-3.0-only OR GPL-2.0-only"]}, "LGPL-3.0-only OR GPL-2.0-only"),
        ({"License": [], "Classifier": ["Framework :: X", "License :: OSI Approved :: MIT License"]}, "MIT"),
    ],
)
def test_a_package_tells_its_licence_in_one_of_three_fields(metadata, licence):
    assert told_by("some-package", metadata) == licence


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"License": ["BSD"], "Classifier": ["License :: OSI Approved :: BSD License"]},
        {"License": ["see the file"], "Classifier": ["License :: Other/Proprietary License"]},
    ],
)
def test_a_package_that_names_no_one_licence_is_a_problem_with_a_sentence(metadata):
    with pytest.raises(LicenceProblem, match=r"some-package does not say which licence .*licence_rules\.py"):
        told_by("some-package", metadata)


@pytest.mark.parametrize(
    ("expression", "used"),
    [
        ("MIT", ("MIT",)),
        ("MIT AND (BSD-3-Clause OR GPL-2.0-only)", ("MIT", "BSD-3-Clause")),
        ("GPL-2.0-only OR LGPL-3.0-only OR GPL-3.0-only", ("LGPL-3.0-only",)),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", ("GPL-3.0-or-later WITH GCC-exception-3.1",)),
        ("MIT OR GPL-3.0-only AND Zlib", ("MIT",)),
    ],
)
def test_of_a_choice_the_allowed_side_is_taken(expression, used):
    assert judge("a library", expression).used == used


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-only",
        "GPL-2.0-or-later AND MIT",
        "GPL-2.0-only OR GPL-3.0-only",
        "GPL-3.0-or-later WITH Autoconf-exception-3.0",
        "AGPL-3.0-only",
        "LicenseRef-unknown",
        "(MIT OR Zlib) AND SSPL-1.0",
    ],
)
def test_a_licence_that_is_not_in_the_table_is_refused_with_a_sentence(expression):
    with pytest.raises(LicenceProblem, match=r"^a library is under .*collecting\.py"):
        judge("a library", expression)


@pytest.mark.parametrize("expression", ["", "MIT AND", "(MIT", "MIT Zlib", "AND MIT", "MIT WITH", "MIT)"])
def test_what_is_no_expression_is_refused_as_such(expression):
    with pytest.raises(LicenceProblem, match="is no licence expression"):
        judge("a library", expression)


def test_no_gpl_without_an_exception_is_in_the_table():
    assert not [name for name in ALLOWED if name.startswith(("GPL", "AGPL")) and " WITH " not in name]


def test_every_identifier_of_the_table_is_one_of_spdx():
    licensing = pytest.importorskip("license_expression").get_spdx_licensing()
    for name in ALLOWED:
        if not name.startswith("LicenseRef-"):
            assert licensing.validate(name).errors == [], name


def test_the_parts_of_others_are_allowed_but_for_those_that_are_named_to_be_refused():
    parts = [*SHARED, *INSIDE, *(part for group in STATIC.values() for part in group), BACKBONE]
    refused = set()
    for part in parts:
        try:
            judge(part.name, part.licence)
        except LicenceProblem:
            refused.add(part.name)
    assert refused == REFUSED_ON_PURPOSE


def test_texts_that_parts_name_are_there_and_every_text_is_named():
    from installers.licence_texts import _GENERAL

    parts = [*SHARED, *INSIDE, *(part for group in STATIC.values() for part in group), BACKBONE]
    named = {part.text for part in parts if part.text} | {
        name for names in _GENERAL.values() for name in names
    }
    assert named == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("_internal/opencv_python_headless.libs/libavcodec-c4204469.so.62.28.101", "FFmpeg"),
        ("_internal/opencv_python_headless.libs/libcrypto-5409cd36.so.1.1.1k", "OpenSSL 1.1"),
        ("_internal/libcrypto.so.3", "OpenSSL"),
        ("libcrypto-3-x64.dll", "OpenSSL"),
        ("numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "GCC run-time library"),
        ("numpy.libs/libquadmath-96973f99-934c22de.so.0.0.0", "libquadmath"),
        ("numpy.libs/libscipy_openblas64_-32a4b2a6.so", "OpenBLAS and LAPACK"),
        ("numpy.libs/msvcp140-263139962577ecda4cd9469ca360a746.dll", "Microsoft Visual C++ run-time library"),
        ("PySide6/Qt/lib/libQt6Core.so.6", "Qt"),
        ("PySide6/Qt6Core.dll", "Qt"),
        ("PySide6/QtCore.abi3.so", "Qt"),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "Qt"),
        ("PySide6/Qt/lib/libQt6VirtualKeyboard.so.6", "Qt under the GPL alone"),
        ("PySide6/Qt/lib/libQt6WaylandCompositor.so.6", "Qt under the GPL alone"),
        ("PySide6/Qt/lib/libQt6WaylandClient.so.6", "Qt"),
        ("PySide6/plugins/platforminputcontexts/qtvirtualkeyboardplugin.dll", "Qt under the GPL alone"),
        ("_internal/libglib-2.0.so.0", "GLib"),
        ("_internal/libxcb-render-util.so.0", "X.Org client libraries"),
        ("_internal/libreadline.so.8", "GNU Readline"),
    ],
)
def test_shared_libraries_are_known_by_their_names(path, name):
    part = part_of(path)
    assert part is not None
    assert part.name == name


@pytest.mark.parametrize("path", ["libsomething.so.1", "quantised.so", "numpy.libs/libnew-0a1b2c3d.so.2"])
def test_a_library_that_nobody_named_is_no_part(path):
    assert part_of(path) is None


def test_the_font_under_the_gpl_beside_free_ones_is_seen():
    free, bound = inside("reportlab/fonts/VeraBd.ttf"), inside("reportlab/fonts/DarkGardenMK.pfb")
    assert free is not None
    assert judge(free.name, free.licence).duties == {Duty.NOTICE}
    assert bound is not None
    with pytest.raises(LicenceProblem):
        judge(bound.name, bound.licence)
