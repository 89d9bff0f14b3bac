"""A model in an image of DL4MicEverywhere, whose files lie in a folder: a command that starts its Python."""

from __future__ import annotations

from typing import Any

from ..protocol import Job
from . import command
from .command import Opened, Pattern

# What Python writes where nobody catches it; the last line says what it is.
PATTERNS = (
    Pattern(r"^(MemoryError|numpy\..*MemoryError)\b", "MemoryError"),
    # The image's own imports are the tool's; what the code of a model imports is the model's own.
    Pattern(
        r"^ModuleNotFoundError: No module named '(?P<module>[\w.]+)'", "ToolError", "ModuleNotFoundError"
    ),
    Pattern(r"^(ModuleNotFoundError|ImportError)\b", "ToolError", "ImportError"),
    Pattern(r"error while loading shared libraries", "ToolError"),
    Pattern(r"^NotImplementedError\b.*processing", "NotImplementedError"),
    Pattern(r"^[\w.]+(Error|Exception)\b", "PythonError"),
)


def warm() -> None:
    """Nothing: its Python is started by the command."""


def prepare(job: Job) -> None:
    """Nothing: see :func:`load`."""


def needs(job: Job) -> list[str]:
    """Not known here: the image's own Python loads the weights."""
    return []


def load(job: Job) -> Opened:
    """The command, which has opened the model."""
    return command.load(job, PATTERNS)


def predict(
    opened: Opened, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict on one set of inputs; users call it in one way, with or without ``padding``."""
    return command.predict(opened, inputs, folder)
