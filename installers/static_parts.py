"""Works of others that are linked into a wheel's libraries, where no file shows them and the wheel does not
say so in a form that can be read (installers/stated.py, installers/linked.py)."""

from __future__ import annotations

import sys

from installers.parts import Part

_CURL = "Daniel Stenberg and many contributors, 1996-2026"
_XLA = "https://github.com/tensorflow/tensorflow/tree/v{version}/third_party"

STATIC: dict[str, tuple[Part, ...]] = {
    # Part of its telemetry, which lungviewer turns off (core/privacy.py); its notices leave it out. Elsewhere
    # the system's own library sends.
    "onnxruntime": (
        (Part("curl", "curl", "https://curl.se", authors=_CURL),) if sys.platform.startswith("linux") else ()
    ),
    "ml-dtypes": (
        Part("Eigen", "MPL-2.0", "https://github.com/jax-ml/ml_dtypes/tree/v{version}/third_party"),
    ),
    "tensorflow": (
        Part("FFT2D", "LicenseRef-FFT2D", _XLA, text="FFT2D.txt"),
        *(
            Part(name, licence, _XLA, authors=authors)
            for name, licence, authors in (
                # Names of its types and functions are in the libraries; its file of notices leaves it out.
                ("abseil-cpp", "Apache-2.0", "The Abseil Authors, 2017-"),
                ("Brotli", "MIT", "The Brotli Authors, 2009-"),
                ("cpuinfo", "BSD-2-Clause", "Google LLC, 2019; Facebook Inc., 2017-2018"),
                (
                    "DUCC",
                    "BSD-3-Clause OR GPL-2.0-or-later",
                    "Max-Planck-Society, Peter Bell and others, 2010-",
                ),
                ("Envoy API", "Apache-2.0", "Envoy Project Authors"),
                ("fmt", "MIT", "Victor Zverovich and {fmt} contributors, 2012-"),
                (
                    "hwloc",
                    "BSD-3-Clause",
                    "CNRS, Inria, University of Bordeaux, Cisco Systems and others, 2004-",
                ),
                ("JPEG XL", "BSD-3-Clause", "The JPEG XL Project Authors"),
                ("JSON for Modern C++", "MIT", "Niels Lohmann, 2013-"),
                ("JsonCpp", "MIT", "The JsonCpp Authors, 2007-2010"),
                ("NVTX", "Apache-2.0 WITH LLVM-exception", "NVIDIA Corporation and affiliates, 2009-"),
                (
                    "pthreadpool",
                    "BSD-2-Clause",
                    "Facebook Inc., 2017; Georgia Institute of Technology, 2015-2017",
                ),
                ("RAFT and RMM", "Apache-2.0", "NVIDIA Corporation, 2018-"),
                ("riegeli", "Apache-2.0", "Google LLC, 2017-"),
                ("ruy", "Apache-2.0", "Google LLC, 2019-"),
                ("Shardy", "Apache-2.0", "The Shardy Authors, 2024-"),
                ("spdlog", "MIT", "Gabi Melman and spdlog contributors, 2015-"),
                ("TensorFlow Runtime", "Apache-2.0", "The TensorFlow Runtime Authors, 2020-"),
                ("XLA", "Apache-2.0", "The OpenXLA Authors, 2017-"),
                ("XNNPACK", "BSD-3-Clause", "Facebook, Inc. and its affiliates; Google LLC, 2019-"),
                ("Zstandard", "BSD-3-Clause OR GPL-2.0-only", "Meta Platforms, Inc. and affiliates, 2016-"),
            )
        ),
    ),
    "simplejpeg": (Part("libjpeg-turbo", "IJG AND BSD-3-Clause", "https://libjpeg-turbo.org"),),
    "pylibjpeg-openjpeg": (Part("OpenJPEG", "BSD-2-Clause", "https://www.openjpeg.org"),),
    "opencv-python-headless": (
        Part(
            "Intel IPP ICV",
            "LicenseRef-Intel-Simplified-Software-License",
            "https://github.com/opencv/opencv_3rdparty",
            text="Intel-Simplified-2022.txt",
        ),
        Part(
            "Intel ITT",
            "BSD-3-Clause OR GPL-2.0-only",
            "https://github.com/intel/ittapi",
            text="Intel-ITT.txt",
        ),
        Part("FlatBuffers", "Apache-2.0", "https://github.com/google/flatbuffers"),
        Part("libjpeg-turbo", "IJG AND BSD-3-Clause", "https://libjpeg-turbo.org"),
        Part("libtiff", "libtiff", "https://libtiff.gitlab.io/libtiff"),
        Part("libwebp", "BSD-3-Clause", "https://chromium.googlesource.com/webm/libwebp"),
        Part("OpenJPEG", "BSD-2-Clause", "https://www.openjpeg.org"),
        Part("Protocol Buffers", "BSD-3-Clause", "https://protobuf.dev"),
        Part("quirc", "ISC", "https://github.com/dlbeer/quirc"),
        Part("zlib", "Zlib", "https://zlib.net"),
    ),
    "openslide-bin": tuple(
        Part(name, licence, source)
        for name, licence, source in (
            ("cairo", "LGPL-2.1-only OR MPL-1.1", "https://cairographics.org"),
            ("GLib", "LGPL-2.1-or-later", "https://download.gnome.org/sources/glib"),
            ("libdicom", "MIT", "https://github.com/ImagingDataCommons/libdicom"),
            ("libffi", "MIT", "https://sourceware.org/libffi"),
            ("libjpeg-turbo", "IJG AND BSD-3-Clause", "https://libjpeg-turbo.org"),
            ("libpng", "libpng-2.0", "http://www.libpng.org"),
            ("libtiff", "libtiff", "https://libtiff.gitlab.io/libtiff"),
            ("libxml2", "MIT", "https://gitlab.gnome.org/GNOME/libxml2"),
            ("OpenJPEG", "BSD-2-Clause", "https://www.openjpeg.org"),
            ("pixman", "MIT", "https://www.pixman.org"),
            ("SQLite", "blessing", "https://sqlite.org"),
            ("uthash", "BSD-1-Clause", "https://troydhanson.github.io/uthash"),
            ("zlib-ng", "Zlib", "https://github.com/zlib-ng/zlib-ng"),
            ("Zstandard", "BSD-3-Clause OR GPL-2.0-only", "https://facebook.github.io/zstd"),
        )
    ),
}
