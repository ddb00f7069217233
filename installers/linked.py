"""Works that are linked into a wheel's libraries, as the notices in that wheel name them.

Nobody lists them here by hand: the wheel's own file of notices is read when a bundle is described. What it
names for other builds (other processors, other systems, its tests) stands in `elsewhere`; which are those was
read in the libraries themselves, from the names of types and the paths of sources in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from installers.licence_rules import LicenceProblem
from installers.stated import Stated


@dataclass(frozen=True, slots=True)
class Notices:
    """A wheel's file of notices, and what cannot be read in it."""

    file: str
    before_each: str
    """Regular expression of what stands before each work."""
    list_of_sources: str
    """Address of the list that says where the source of each work was had, for a version of the wheel."""
    elsewhere: frozenset[str]
    """Works that are not in the wheels for desktop computers without a graphics card, by their headings, or
    are packages of their own."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """Where a text holds the words of several licences."""


_ONNX_RUNTIME = """
Intel Math Kernel Library (Intel MKL)|intel/dnnl|The LLVM Compiler Infrastructure|google/benchmark|HalideIR
Distributed Machine Learning Common Codebase|DLPack: Open In Memory Tensor Structure|HowardHinnant/date
FreeBSD: getopt.c file|google/googletest|G3log : Asynchronous logger with Dynamic Sinks|onnx/onnx-tensorrt
nvidia/cutlass|JDAI-CV/DNNLibrary|google/glog|Open MPI|The Android Open Source Project|mpi4py
huggingface/transformers|msgpack/msgpack-python|lanpa/tensorboardX|tensorflow/tensorboard|cerberus
gtest-ios-framework|emsdk|coremltools|react-native|google/XNNPACK|google/sentencepiece|dlfcn-win32/dlfcn-win32
The Python Imaging Library (PIL)|openssl/openssl|Tencent/rapidjson|boostorg/boost|libb64/libb64
posix pthread library
Triton Inference Server & Client|microsoft/mimalloc|TensorFlow.js|Intel neural-compressor
FlashAttention|neural-speed|dawn|KleidiAI|DeepSeek DeepGEMM
"""
_TENSORFLOW = """
Astunparse|AbslPy|Gast|google-pasta|grpcio|H5py|ml_dtypes|numpy|opt_einsum|Python|setuptools|six|termcolor
typing_extensions|wrapt|double_conversion|libuv
"""


def _headings(lines: str) -> frozenset[str]:
    return frozenset(re.split(r"[|\n]", lines.strip()))


NOTICES: Mapping[str, Notices] = {
    "onnxruntime": Notices(
        "onnxruntime/ThirdPartyNotices.txt",
        r"(?m)^_{5}\s*$",
        "https://github.com/microsoft/onnxruntime/blob/v{version}/cmake/deps.txt",
        _headings(_ONNX_RUNTIME),
        {
            "MurmurHash3": "LicenseRef-Public-Domain",
            "SQLite Is Public Domain": "blessing",
            "Mbed TLS": "Apache-2.0 OR GPL-2.0-or-later",
        },
    ),
    "tensorflow": Notices(
        "tensorflow/THIRD_PARTY_NOTICES.txt",
        r"(?m)^-{80}\n== ",
        "https://github.com/tensorflow/tensorflow/blob/v{version}/tensorflow/workspace2.bzl",
        _headings(_TENSORFLOW),
        {
            "Boring SSL": "OpenSSL AND ISC AND MIT",
            "Curl": "curl",
            "icu": "Unicode-DFS-2016 AND ICU AND BSD-3-Clause",
            "libjpeg_turbo": "IJG AND BSD-3-Clause AND Zlib",
            "llvm": "Apache-2.0 WITH LLVM-exception",
            "png": "libpng-2.0",
            "sqlite": "blessing",
        },
    ),
}

_WORDS: Mapping[str, str] = {
    "Apache-2.0": "apache license,? version 2[.]0",
    "BSD-2-Clause": "redistributions? and use in source and binary forms(?!.*endorse or promote)",
    "BSD-3-Clause": "redistributions? and use in source and binary forms.*endorse or promote",
    "BSL-1.0": "boost software license",
    "ISC": "permission to use, copy, modify, (and/or|and) distribute this software",
    "MIT": "free of charge, to any person obtaining a copy of this software and associated",
    "MPL-2.0": "mozilla public license version 2[.]0",
    "Zlib": "altered source versions must be plainly marked",
}
"""By what each licence's text is known, in small letters and without marks of comments."""
_SOURCE_TOLD = re.compile(r"corresponding source\D{,60}?(https?://\S+)")


def linked_into(name: str, package: metadata.Distribution) -> Iterator[Stated]:
    """What the notices of a wheel name; nothing where it has none that are known here.

    Raises:
        LicenceProblem: the file is not there any more, or a text is under a licence that is not recognised.
    """
    notices = NOTICES.get(name)
    if notices is None:
        return
    path = Path(str(package.locate_file(notices.file)))
    if not path.is_file():
        raise LicenceProblem(f"{name} has no {notices.file} any more. Look for it (installers/linked.py).")
    _, *sections = re.split(notices.before_each, path.read_text("utf-8", errors="replace"))
    for section in sections:
        heading = _heading(section)
        if heading not in notices.elsewhere:
            yield Stated(
                heading.removesuffix(" Is Public Domain").removesuffix(" License"),
                "",
                notices.licences.get(heading) or _licence_of(section, name),
                _source(section, notices.list_of_sources.format(version=package.version)),
                notices.file,
                in_notices=True,
            )


def _heading(section: str) -> str:
    """The work's name: the first line, without an address or the beginning of a sentence."""
    return re.split(r", http| \(http| is( |$)", section.strip().partition("\n")[0])[0].strip()


def _licence_of(section: str, wheel: str) -> str:
    words = " ".join(re.sub(r"(?m)^\s*[*#/]+", " ", section).split()).lower()
    found = [licence for licence, told in _WORDS.items() if re.search(told, words)]
    if not found:
        raise LicenceProblem(
            f"{_heading(section)}, which is linked into {wheel}, is under a licence that is not recognised. "
            "Read it in the wheel's notices and name it in installers/linked.py."
        )
    return " AND ".join(found)


def _source(section: str, otherwise: str) -> str:
    """Where the notices say that the source of this very version is had; else the list that says so for the
    version of the wheel, as the licence of some asks for the source of what was built in."""
    told = _SOURCE_TOLD.search(section)
    return told[1] if told else otherwise
