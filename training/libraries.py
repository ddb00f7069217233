"""How training says that a library beyond the viewer is missing, and which extra installs it."""

from __future__ import annotations

from lungviewer.core.errors import MissingDependency
from lungviewer.core.extras import ADAPT_LIBRARIES, NETWORK_LIBRARIES, missing_for_adapting

ADAPT_HINT = "In a checkout of lungviewer: pip install '.[adapt]'."


def require_adapt_libraries() -> None:
    """Look for everything that adapting needs at its end, before it begins.

    Raises:
        MissingDependency: something is not installed; all of it is named.
    """
    missing = missing_for_adapting()
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
