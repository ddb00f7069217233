"""The commands of `python -m training`: one file each, with `add_options(parser)` and `run(options, ctx)`.

A command parses, calls a plain function elsewhere in `training`, and says what came out. Its file imports
nothing heavy at the top, so that help is quick and needs no TensorFlow.
"""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "audit": "training.commands.audit",
    "augment": "training.commands.augment",
    "fit": "training.commands.fit",
    "evaluate": "training.commands.evaluate",
    "calibrate": "training.commands.calibrate",
    "export": "training.commands.export",
    "compare": "training.commands.compare",
    "quantize": "training.commands.quantize",
    "gate": "training.commands.gate",
    "import-keras": "training.commands.import_keras",
    "progression": "training.commands.progression",
}
"""Name → module; its docstring's first line is the command's help."""

RESUMED = ("fit", "compare")
"""Commands that keep what is done in their folder, and go on there."""
