"""Libraries of others that come inside wheels or from the system of the build, by their files' names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A library of others."""

    name: str
    licence: str
    source: str
    files: str = ""
    """Regular expression for the names of its shared libraries, without "lib" in front and version behind."""
    text: str = ""
    """File in installers/licences, where the wheel that it comes in does not bring the text."""
    of_wheel: bool = False
    """Whether the wheel's version is its own."""
    authors: str = ""
    """Who holds the copyright, where nothing in the wheel says so; then the licence's text is given."""


_QT_SOURCE = "https://download.qt.io/official_releases/qt/"
_X = "https://gitlab.freedesktop.org/xorg/lib"
_GCC = "https://gcc.gnu.org/git/gcc.git"
_GNUPG = "https://gnupg.org/ftp/gcrypt/"

SHARED: tuple[Part, ...] = (
    # Qt: everything under the LGPL by default; what is under the GPL alone is named, so that it is refused.
    Part(
        "Qt under the GPL alone",
        "GPL-3.0-only",
        _QT_SOURCE,
        "Qt6?(Charts|CoAP|DataVisualization|Graphs|HttpServer|Lottie|Mqtt|NetworkAuth|Quick3D|QuickTimeline"
        "|ShaderTools|VirtualKeyboard|WaylandCompositor).*|plugins/(.*virtualkeyboardplugin|qwaylandcompositor.*)",
    ),
    Part(
        "Qt", "LGPL-3.0-only", _QT_SOURCE, r"Qt6?[A-Z]\w*(\.abi3)?|plugins/.*", "Qt-parts.txt", of_wheel=True
    ),
    Part(
        "Qt for Python",
        "LGPL-3.0-only",
        "https://download.qt.io/official_releases/QtForPython/pyside6/",
        r"pyside6(\.abi3)?|shiboken6(\.abi3)?|Shiboken(\.abi3)?",
        of_wheel=True,
    ),
    Part(
        "ICU",
        "Unicode-3.0",
        "https://github.com/unicode-org/icu",
        "icu(data|i18n|uc)|icudt|icuin|icuuc",
        "Qt-parts.txt",
    ),
    Part("Mesa llvmpipe", "MIT", "https://mesa3d.org", "opengl32sw", "Mesa.txt"),
    Part(
        "Direct3D compiler",
        "LicenseRef-Microsoft-Redistributable",
        "https://learn.microsoft.com/windows",
        "d3dcompiler_47",
        "Microsoft.txt",
    ),
    # Slides, DICOM.
    Part(
        "OpenSlide",
        "LGPL-2.1-only",
        "https://github.com/openslide/openslide-bin/releases",
        "openslide",
        of_wheel=True,
    ),
    Part(
        "GDCM",
        "BSD-3-Clause",
        "https://gdcm.sourceforge.net",
        r"gdcm(Common|DICT|DSED|IOD|MEXD|MSFF)|_?gdcmswig",
        "GDCM-parts.txt",
        of_wheel=True,
    ),
    Part("CharLS", "BSD-3-Clause", "https://github.com/team-charls/charls", "gdcmcharls", "GDCM-parts.txt"),
    Part("Expat", "MIT", "https://libexpat.github.io", "gdcmexpat", "GDCM-parts.txt"),
    Part("IJG JPEG", "IJG", "https://ijg.org", "gdcmjpeg(8|12|16)", "GDCM-parts.txt"),
    Part("OpenJPEG", "BSD-2-Clause", "https://www.openjpeg.org", "gdcmopenjp2", "GDCM-parts.txt"),
    Part("libuuid", "BSD-3-Clause", "https://e2fsprogs.sourceforge.net", "gdcmuuid", "GDCM-parts.txt"),
    Part("zlib", "Zlib", "https://zlib.net", "gdcmzlib", "GDCM-parts.txt"),
    Part("socket++", "LicenseRef-SocketXX", "https://gdcm.sourceforge.net", "socketxx", "GDCM-parts.txt"),
    # Pictures and films.
    Part(
        "FFmpeg",
        "LGPL-2.1-or-later",
        "https://ffmpeg.org/download.html",
        "av(codec|format|util|filter|device)|sw(scale|resample)|opencv_videoio_ffmpeg.*",
    ),
    Part("libvpx", "BSD-3-Clause", "https://chromium.googlesource.com/webm/libvpx", "vpx"),
    Part("libaom", "BSD-2-Clause", "https://aomedia.googlesource.com/aom", "aom"),
    Part("libavif", "BSD-2-Clause", "https://github.com/AOMediaCodec/libavif", "avif"),
    Part(
        "libwebp",
        "BSD-3-Clause",
        "https://chromium.googlesource.com/webm/libwebp",
        "webp(demux|mux)?|sharpyuv",
    ),
    Part("libpng", "libpng-2.0", "http://www.libpng.org", "png16"),
    Part("libjpeg-turbo", "IJG AND BSD-3-Clause", "https://libjpeg-turbo.org", "jpeg|turbojpeg"),
    Part("libtiff", "libtiff", "https://libtiff.gitlab.io/libtiff", "tiff"),
    Part("OpenJPEG", "BSD-2-Clause", "https://www.openjpeg.org", "openjp2"),
    Part("Little CMS", "MIT", "https://littlecms.com", "lcms2"),
    Part("FreeType", "FTL", "https://freetype.org", "freetype"),
    Part("HarfBuzz", "MIT", "https://harfbuzz.github.io", "harfbuzz"),
    Part("libdrm", "MIT", "https://dri.freedesktop.org", "drm", "libdrm.txt"),
    # Compression, cryptography, small things.
    Part("zlib", "Zlib", "https://zlib.net", "z|zlib1?"),
    Part("Zstandard", "BSD-3-Clause", "https://facebook.github.io/zstd", "zstd"),
    Part("LZ4", "BSD-2-Clause", "https://lz4.org", "lz4"),
    Part("XZ Utils", "0BSD", "https://tukaani.org/xz", "lzma"),
    Part("bzip2", "bzip2-1.0.6", "https://sourceware.org/bzip2", "bz2"),
    Part("Brotli", "MIT", "https://github.com/google/brotli", "brotli(common|dec|enc)"),
    Part(
        "OpenSSL 1.1",
        "OpenSSL",
        "https://openssl-library.org",
        r"(ssl|crypto)(-[0-9a-f]+)?\.so\.1\.1.*|(ssl|crypto)-1_1.*",
    ),
    Part("OpenSSL", "Apache-2.0", "https://openssl-library.org", "(ssl|crypto)(-3.*)?"),
    Part("libffi", "MIT", "https://sourceware.org/libffi", r"ffi(-\d+)?"),
    Part("SQLite", "blessing", "https://sqlite.org", "sqlite3"),
    Part("Expat", "MIT", "https://libexpat.github.io", "expat"),
    Part("libuuid", "BSD-3-Clause", "https://www.kernel.org/pub/linux/utils/util-linux", "uuid"),
    Part(
        "GNU Readline",
        "GPL-3.0-or-later",
        "https://tiswww.case.edu/php/chet/readline/rltop.html",
        "readline|history",
    ),
    Part("gdbm", "GPL-3.0-or-later", "https://www.gnu.org.ua/software/gdbm", "gdbm(_compat)?"),
    Part("ncurses", "MIT-open-group", "https://invisible-island.net/ncurses", "tinfo|ncursesw?|panelw?"),
    Part("libbsd", "BSD-3-Clause", "https://libbsd.freedesktop.org", "bsd|md"),
    # Compilers' run-time libraries and linear algebra.
    Part(
        "GCC run-time library",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        _GCC,
        r"gcc_s|stdc\+\+|gfortran|gomp",
    ),
    Part("libquadmath", "LGPL-2.1-or-later", _GCC, "quadmath"),
    Part(
        "OpenBLAS and LAPACK",
        "BSD-3-Clause AND BSD-3-Clause-Open-MPI",
        "https://github.com/OpenMathLib/OpenBLAS",
        "(scipy_)?openblas.*",
    ),
    Part(
        "Microsoft Visual C++ run-time library",
        "LicenseRef-Microsoft-Visual-Cpp-Runtime",
        "https://learn.microsoft.com/cpp/windows/latest-supported-vc-redist",
        "(vc|VC)runtime.*|VCRUNTIME.*|(msvcp|MSVCP|concrt|CONCRT|vcomp|VCOMP|ucrtbase).*|api-ms-win-.*",
        "Microsoft.txt",
    ),
    Part(
        "DirectML",
        "LicenseRef-Microsoft-Redistributable",
        "https://learn.microsoft.com/windows/ai/directml",
        "DirectML",
        "Microsoft.txt",
    ),
    Part("HDF5", "BSD-3-Clause", "https://www.hdfgroup.org", "hdf5(_hl)?"),
    Part("libaec", "BSD-2-Clause", "https://gitlab.dkrz.de/k202009/libaec", "aec|sz"),
    # The desktop of the system that a Linux bundle is built on.
    Part(
        "X.Org client libraries",
        "MIT AND X11 AND HPND-sell-variant",
        _X,
        r"X(11|11-xcb|au|dmcp|ext|render|i|fixes|randr|cursor|inerama|composite|damage)|(xcb|XCB)(-[\w-]+)?",
    ),
    Part("xkbcommon", "MIT AND X11 AND HPND", "https://xkbcommon.org", r"xkbcommon(-x11)?"),
    Part("Fontconfig", "HPND-sell-variant AND MIT", "https://www.fontconfig.org", "fontconfig"),
    Part("Wayland", "MIT", "https://wayland.freedesktop.org", r"wayland-\w+"),
    Part("D-Bus", "AFL-2.1 OR GPL-2.0-or-later", "https://dbus.freedesktop.org", r"dbus-1"),
    Part(
        "GLib",
        "LGPL-2.1-or-later",
        "https://download.gnome.org/sources/glib",
        r"(glib|gthread|gobject|gmodule|gio)-2\.0",
    ),
    Part("PCRE2", "BSD-3-Clause", "https://www.pcre.org", r"pcre2-\d+"),
    Part("systemd", "LGPL-2.1-or-later", "https://systemd.io", "systemd|udev"),
    Part("libcap", "BSD-3-Clause OR GPL-2.0-only", "https://sites.google.com/site/fullycapable", "cap"),
    Part("Libgcrypt", "LGPL-2.1-or-later", _GNUPG, "gcrypt"),
    Part("Libgpg-error", "LGPL-2.1-or-later", _GNUPG, "gpg-error"),
    Part(
        "MIT Kerberos",
        "MIT AND BSD-3-Clause",
        "https://web.mit.edu/kerberos",
        "gssapi_krb5|krb5|k5crypto|krb5support|com_err",
    ),
    Part(
        "keyutils",
        "LGPL-2.1-or-later",
        "https://git.kernel.org/pub/scm/linux/kernel/git/dhowells/keyutils.git",
        "keyutils",
    ),
    Part(
        "SELinux library", "LicenseRef-Public-Domain", "https://github.com/SELinuxProject/selinux", "selinux"
    ),
    Part(
        "util-linux libraries",
        "LGPL-2.1-or-later",
        "https://www.kernel.org/pub/linux/utils/util-linux",
        "mount|blkid",
    ),
    Part("Graphite", "LGPL-2.1-or-later", "https://graphite.sil.org", "graphite2"),
)

# Files inside otherwise permissive packages that are under something else.
INSIDE: tuple[Part, ...] = (
    Part(
        "Bitstream Vera fonts",
        "Bitstream-Vera",
        "https://www.gnome.org/fonts",
        r"reportlab/fonts/Vera\w*\.ttf",
    ),
    Part("Dark Garden font", "GPL-2.0-or-later WITH Font-exception-2.0", "", r"reportlab/fonts/DarkGarden.*"),
    Part(
        "Mozilla's certificate authorities",
        "MPL-2.0",
        "https://hg.mozilla.org/releases/mozilla-release/raw-file/default/security/nss/lib/ckfw/builtins/certdata.txt",
        r"grpc/_cython/_credentials/roots\.pem",
    ),
)

BACKBONE = Part(
    "MobileNetV2 weights for ImageNet",
    "MIT",
    "https://github.com/JonathanCMitchell/mobilenet_v2_keras",
    text="MobileNetV2-weights.txt",
)
"""What the packs' networks were initialised from."""


def is_library(path: str) -> bool:
    """Whether a file is a shared library or an extension module, by its name."""
    return re.search(r"\.(so(\.[\w.]+)?|dll|pyd|dylib)$", path, re.IGNORECASE) is not None


def part_of(path: str) -> Part | None:
    """The library of others that a file is, by its name; None when no name of the table fits."""
    whole = path.rsplit("/", 1)[-1].removeprefix("lib")
    named = re.sub(
        r"(-[0-9a-f]{6,})*(\.so(\.[\w.]+)?|(\.\d+)*\.dylib|\.dll|\.pyd)$", "", whole, flags=re.IGNORECASE
    )
    plugin = f"plugins/{named}" if "/plugins/" in path else named
    return _fitting(SHARED, (plugin, whole, named, re.sub(r"-[\d.]+$", "", named)))


def inside(path: str) -> Part | None:
    """The thing of others that a file inside a package is."""
    return _fitting(INSIDE, (path,))


def _fitting(parts: Iterable[Part], names: Iterable[str]) -> Part | None:
    return next((part for part in parts for name in names if re.fullmatch(part.files, name)), None)
