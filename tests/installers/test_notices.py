"""The notices of a bundle: a made-up one, and what the environment of the tests holds."""

from __future__ import annotations

import hashlib
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from installers import notices, system_libraries
from installers.brought import of_package
from installers.component import HashOf
from installers.components import components
from installers.contents import Contents, Environment, contents, normalised
from installers.licence_rules import LicenceProblem
from tests.fixtures.bundles import MIT, MODULES, add_package, made_up, put


@pytest.fixture(autouse=True)
def _no_package_manager(monkeypatch):
    """As on a system without dpkg: the tests' answers must not hang on the machine's packages."""
    monkeypatch.setattr(system_libraries, "_say", lambda *command: "")


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Environment]:
    return made_up(tmp_path)


def test_a_bundle_is_sorted_by_owners(built):
    bundle, environment = built
    held = contents(bundle, environment.packages(), MODULES)
    assert held.files == {
        "grafted": ["_internal/grafted.libs/libz-0a1b2c3d.so.1.3", "_internal/grafted/_c.so"],
        "lungviewer": [
            "_internal/lungviewer/_bundled/models/lung-x/model.onnx",
            "_internal/lungviewer/_bundled/models/lung-x/pack.json",
        ],
        "plain-package": ["_internal/plain/data.bin"],
        "pyinstaller": ["lungviewer"],
        "python": ["_internal/base_library.zip"],
    }
    assert held.modules == {
        "plain-package": ["plain"],
        "python": ["json"],
        "lungviewer": ["lungviewer.core"],
        "pyinstaller": ["pyimod02_importers"],
    }
    assert held.strangers == []


def test_components_are_what_the_bundle_holds_and_nothing_else(built):
    bundle, environment = built
    found = {one.reference: one for one in components(bundle, environment, MODULES)}
    assert sorted(found) == [
        "MobileNetV2 weights for ImageNet@- in the models",
        "Python@3.11.7",
        "grafted@2.0",
        "lung-x@0.3",
        "plain-package@1.2",
        "pyinstaller@6",
        "zlib@- in grafted",
    ]
    plain = found["plain-package@1.2"]
    assert (plain.purl, plain.source) == ("pkg:pypi/plain-package@1.2", "https://example.org/Plain_Package")
    assert plain.needs == ("grafted",)
    assert plain.hash_of is HashOf.RECORD
    assert plain.texts == (("Plain_Package-1.2.dist-info/licenses/LICENSE", MIT),)
    assert found["zlib@- in grafted"].sha256 == hashlib.sha256(b"z").hexdigest()
    pack = bundle / "_internal/lungviewer/_bundled/models/lung-x/pack.json"
    assert found["lung-x@0.3"].sha256 == hashlib.sha256(pack.read_bytes()).hexdigest()


def test_the_notices_name_every_component_and_print_each_text_once(built):
    bundle, environment = built
    found = components(bundle, environment, MODULES)
    text = notices.notices(found)
    for one in found:
        assert re.search(rf"(?m)^{re.escape(one.name)}\b.*{re.escape(one.verdict.expression)}$", text)
    assert text.count(MIT) == 1
    assert text.count("PSF LICENSE AGREEMENT") == 1
    assert notices.notices(components(bundle, environment, MODULES)) == text


def test_a_package_under_the_gpl_in_the_bundle_is_a_sentence(built):
    bundle, environment = built
    with pytest.raises(LicenceProblem, match=r"^not-bundled is under GPL-3\.0-only.*collecting\.py"):
        components(bundle, environment, [*MODULES, "nothing"])


def test_everything_that_is_wrong_is_told_at_once(built):
    bundle, environment = built
    put(bundle / "_internal/plain/stranger.dat", "?")
    put(bundle / "_internal/libunheard.so.1", "?")
    with pytest.raises(LicenceProblem) as problem:
        components(bundle, environment, [*MODULES, "nothing", "unheard_module"])
    first, *others = str(problem.value).splitlines()
    assert "_internal/plain/stranger.dat, unheard_module" in first
    assert [line.split()[0] for line in others] == ["not-bundled", "libunheard.so.1"]


def test_a_library_of_the_system_under_the_gpl_is_a_sentence(built):
    bundle, environment = built
    put(bundle / "_internal/libreadline.so.8", "?")
    with pytest.raises(
        LicenceProblem, match=r"GNU Readline \(libreadline\.so\.8\) is under GPL-3\.0-or-later"
    ):
        components(bundle, environment, MODULES)


def test_a_film_library_that_was_built_under_the_gpl_is_a_sentence(built):
    bundle, environment = built
    site = environment.site_packages
    told = "\x00libavcodec license: GPL version 3 or later\x00"
    add_package(site, "films", "1", {"films.libs/libavcodec-0a1b2c3d.so.62": told})
    put(bundle / "_internal/films.libs/libavcodec-0a1b2c3d.so.62", told)
    with pytest.raises(LicenceProblem, match="FFmpeg is under"):
        components(bundle, environment, MODULES)
    free = told.replace("GPL version 3", "LGPL version 2.1")
    put(bundle / "_internal/films.libs/libavcodec-0a1b2c3d.so.62", free)
    found = [one for one in components(bundle, environment, MODULES) if one.name == "FFmpeg"]
    assert [one.verdict.expression for one in found] == ["LGPL-2.1-or-later"]
    text = notices.notices(found)
    assert "_internal/films.libs/libavcodec-0a1b2c3d.so.62" in text.split("where their source is")[1]


def test_a_package_under_the_lgpl_inside_the_programs_is_a_sentence(built):
    bundle, environment = built
    files = {"slides/__init__.py": "", "slides/_c.so": ""}
    add_package(environment.site_packages, "slides", "1", files, licence="LGPL-2.1-only AND MIT")
    with pytest.raises(
        LicenceProblem, match=r"^slides is under LGPL-2\.1-only, and modules of it .*module_collection_mode"
    ):
        components(bundle, environment, [*MODULES, "slides"])
    for path in files:
        put(bundle / "_internal" / path, "")
    found = [one for one in components(bundle, environment, MODULES) if one.name == "slides"]
    assert "_internal/slides/__init__.py" in notices.notices(found).split("where their source is")[1]


def test_parts_have_the_version_that_their_wheel_states(built):
    bundle, environment = built
    site = environment.site_packages
    bill = '{"components": [{"name": "zlib", "version": "1.3.1", "purl": "pkg:rpm/x/zlib@1.3.1"}]}'
    files = {"two.libs/libz-0a1b2c3d.so.1": "z", "two-1.dist-info/sboms/auditwheel.cdx.json": bill}
    add_package(site, "two", "1", files)
    add_package(
        site, "shiboken6", "6.11.3", {"shiboken6/libshiboken6.abi3.so.6.11": "s"}, licence="LGPL-3.0-only"
    )
    for path in ("two.libs/libz-0a1b2c3d.so.1", "shiboken6/libshiboken6.abi3.so.6.11"):
        put(bundle / "_internal" / path, path)
    versions = {one.reference for one in components(bundle, environment, MODULES)}
    assert {"zlib@1.3.1 in two", "Qt for Python@6.11.3 in shiboken6"} <= versions


def test_a_grafted_library_that_nobody_named_is_a_sentence(built):
    bundle, environment = built
    add_package(environment.site_packages, "more", "1", {"more.libs/libnew-0a1b2c3d.so.1": "n"})
    put(bundle / "_internal/more.libs/libnew-0a1b2c3d.so.1", "n")
    with pytest.raises(LicenceProblem, match=r"libnew-0a1b2c3d\.so\.1 is a library that nobody has named"):
        components(bundle, environment, MODULES)


def test_a_licence_without_a_text_is_a_sentence(built):
    bundle, environment = built
    for text in environment.site_packages.glob("Plain*/licenses/LICENSE"):
        text.unlink()
    with pytest.raises(LicenceProblem, match="plain-package brings no text of its licence"):
        components(bundle, environment, MODULES)


def test_a_folder_that_is_no_environment_is_a_sentence_and_exit_code_1(built, tmp_path, capsys):
    bundle, _ = built
    assert notices.main(["--bundle", str(bundle), "--environment", str(tmp_path)]) == 1
    assert "is no virtual environment" in capsys.readouterr().err


def installed_for_running() -> dict[str, metadata.Distribution]:
    """What lungviewer and its window, web form and training need, as it is installed here."""
    packages = {normalised(one.metadata["Name"]): one for one in metadata.distributions(path=sys.path)}
    wanted, seen = ["lungviewer"], set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in packages:
            continue
        seen.add(name)
        for line in packages[name].requires or ():
            extra = re.search(r"extra == ['\"](\w+)['\"]", line)
            if extra is None or (name == "lungviewer" and extra[1] in {"gui", "serve", "adapt", "training"}):
                wanted.append(normalised(re.match(r"[\w.-]+", line)[0]))
    return {name: packages[name] for name in seen - {"lungviewer"}}


def test_everything_installed_that_lungviewer_runs_on_has_an_allowed_licence_with_its_text():
    packages = installed_for_running()
    assert {"numpy", "pyside6-essentials", "openslide-bin", "onnxruntime", "fastapi"} <= set(packages)
    linked = {}
    for package in packages.values():
        component, *within = of_package(package, Contents(), None, packages)
        assert component.texts
        assert component.version
        assert component.purl == f"pkg:pypi/{component.name}@{component.version}"
        linked[component.name] = {one.name for one in within}
    assert {
        "Eigen",
        "abseil-cpp",
        "google/re2",
        "google/flatbuffers",
        "nlohmann/json",
        "onnx",
        "Mbed TLS",
    } <= linked["onnxruntime"]
    assert "google/googletest" not in linked["onnxruntime"]
    assert {"abseil-cpp", "protobuf", "nanobind"} <= linked["onnx"]
    assert {"jiter", "speedate"} <= linked["pydantic-core"]
