"""What training needs beyond the viewer, by the extra that installs it, and how to say that it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from lungviewer.core.errors import MissingDependency

ADAPT_LIBRARIES = {
    "sklearn": "scikit-learn",
    "scipy": "SciPy",
    "threadpoolctl": "threadpoolctl",
    "matplotlib": "Matplotlib",
}
"""Module → name, of the extra "adapt": enough to audit, to learn a new head, to measure and to calibrate."""

NETWORK_LIBRARIES = {"tensorflow": "TensorFlow", "keras": "Keras", "tf2onnx": "tf2onnx"}
"""What the extra "training" has beside those: to train networks, and to export them."""

ADAPT_HINT = "In a checkout of lungviewer: pip install '.[adapt]'."


def require_adapt_libraries() -> None:
    """Look for everything that adapting needs at its end, before it begins.

    Raises:
        MissingDependency: something is not installed; all of it is named.
    """
    missing = [name for module, name in ADAPT_LIBRARIES.items() if find_spec(module) is None]
    if missing:
        raise MissingDependency(
            f"Learning a new head needs {', '.join(missing)}, not installed here.", hint=ADAPT_HINT
        )


def missing_library(error: ModuleNotFoundError) -> MissingDependency | None:
    """The sentence for a failed import; None when it is of no library that an extra installs."""
    module = (error.name or "").partition(".")[0]
    if module in ADAPT_LIBRARIES:
        return MissingDependency(
            f"This needs {ADAPT_LIBRARIES[module]}, which is not installed.", hint=ADAPT_HINT
        )
    if module in NETWORK_LIBRARIES:
        return MissingDependency(f"This needs {NETWORK_LIBRARIES[module]}, which is not installed.")
    return None
