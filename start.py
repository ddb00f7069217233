#!/usr/bin/env python3
"""From a fresh checkout to a running program, with nothing but Python.

    python3 start.py            install, then open the window on the synthetic sample images
    python3 start.py samples    the same without a window: scan them into samples.csv
    python3 start.py view …     install, then `lungviewer view …`
    python3 start.py scan …     install, then `lungviewer scan …`
    python3 start.py serve …    install, then `lungviewer serve …`, the web form
    python3 start.py libraries  install or name only the system libraries that Qt lacks
    python3 start.py test       install everything that tests need, then run every check

Everything is installed into the folder .venv beside this file (another one with --env DIR). On Debian
and Ubuntu, python3-venv and the libraries that windows need are installed when they are missing and this
is run as root, and named otherwise. This file uses only old Python, so that an old one can say that it is
too old.
"""

import ctypes
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)
# What each command needs installed.
VERBS = {"view": "gui,adapt", "samples": "", "scan": "", "serve": "serve", "test": "dev"}

# What Qt needs and a server has not, by the file that the loader looks for.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
WELCOME = "synthetic_adenocarcinoma_2.jpg"  # shown first: a sample that gets a call
FONTS = "/usr/share/fonts"


def main(arguments):
    environment = os.path.join(HERE, ".venv")
    if "--env" in arguments:
        at = arguments.index("--env")
        if at + 1 >= len(arguments):
            return fail("--env needs a folder.")
        environment = os.path.abspath(arguments[at + 1])
        del arguments[at : at + 2]
    verb = arguments[0] if arguments else "view"
    if verb == "libraries":
        return provide_qt_libraries()
    if verb not in VERBS:
        print(__doc__)
        return 2
    if sys.version_info < OLDEST:
        newer = find_newer_python()
        if newer is None:
            return fail("lungviewer needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])
        return subprocess.call([newer, *sys.argv])
    if not arguments and not has_screen():
        print("There is no screen here for a window: the samples are scanned into samples.csv instead.")
        verb = "samples"
    python = make_environment(environment)
    if python is None:
        return 2
    install(python, VERBS[verb])
    if verb in ("view", "test"):
        provide_qt_libraries()
    if verb in ("view", "scan"):  # from the folder where it was typed
        asked = arguments[1:] or [os.path.join(HERE, "resources", "samples", WELCOME)]
        return call(python, "-m", "lungviewer", verb, *asked)
    if verb == "serve":
        return call(python, "-m", "lungviewer", verb, *arguments[1:])
    os.chdir(HERE)
    if verb == "test":
        return run_checks(python, arguments[1:])
    return scan_samples(python, "samples.csv")


def has_screen():
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def provide_qt_libraries():
    """Install, or name, the system libraries without which Qt ends the program."""
    if not sys.platform.startswith("linux"):
        return 0
    missing = [package for library, package in QT_LIBRARIES.items() if not loads(library)]
    if not os.path.isdir(FONTS) or not os.listdir(FONTS):
        missing.append("fonts-dejavu-core")
    if missing and not install_debian(*missing):
        names = " ".join(missing)
        return fail("the window needs system libraries. On Debian or Ubuntu: apt-get install " + names)
    return 0


def loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def find_newer_python():
    for name in ("python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        if path:
            return path
    return None


def make_environment(folder):
    """Create the virtual environment when it is not there yet; the path of its Python, or None."""
    windows = os.name == "nt"
    python = os.path.join(folder, "Scripts" if windows else "bin", "python.exe" if windows else "python")
    if works(python):
        return python
    if subprocess.call([sys.executable, "-m", "venv", folder]) != 0 and not windows:
        shutil.rmtree(folder, ignore_errors=True)
        package = "python%d.%d-venv" % sys.version_info[:2]
        if not install_debian(package) or subprocess.call([sys.executable, "-m", "venv", folder]) != 0:
            fail(
                "Python cannot make virtual environments here. On Debian or Ubuntu: apt-get install "
                + package
            )
            return None
    return python if works(python) else None


def works(python):
    """A half-made environment (an interrupted first run) has a Python without pip."""
    if not os.path.exists(python):
        return False
    return subprocess.call([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0


def install_debian(*packages):
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    subprocess.call(["apt-get", "update", "-q"])
    return subprocess.call(["apt-get", "install", "-q", "-y", *packages]) == 0


def install(python, extra):
    """Install the checkout itself; quick when nothing changed."""
    target = HERE + ("[" + extra + "]" if extra else "")
    print("Installing lungviewer (the first time takes a few minutes) …", flush=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", target]
    subprocess.check_call(pip)


def scan_samples(python, report):
    samples = os.path.join(HERE, "resources", "samples")
    code = call(python, "-m", "lungviewer", "scan", samples, "-o", report, "--fresh")
    if code == 0:
        print("The report is " + report + ".")
    return code


def run_checks(python, pytest_arguments):
    """Format, lint, types, layers, a scan of the samples, and the tests, whose summary comes last."""
    report = os.path.join(HERE, "build", "samples.csv")
    os.makedirs(os.path.dirname(report), exist_ok=True)
    layers = os.path.join(os.path.dirname(python), "lint-imports")
    checks = [
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("types", [python, "-m", "mypy"]),
        ("layers", [layers]),
    ]
    failed = []
    for name, command in checks:
        print("== " + name, flush=True)
        if subprocess.call(command) != 0:
            failed.append(name)
    print("== scan of the samples", flush=True)
    if scan_samples(python, report) != 0:
        failed.append("samples")
    print("== tests", flush=True)
    code = call(python, "-m", "pytest", *pytest_arguments)
    if failed:
        print("failed before the tests: " + ", ".join(failed), file=sys.stderr)
    return code or (1 if failed else 0)


def call(*command):
    return subprocess.call(list(command))


def fail(sentence):
    print("start.py: " + sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError:
        sys.exit(fail("the installation failed; the lines above say why."))
    except KeyboardInterrupt:
        sys.exit(130)
