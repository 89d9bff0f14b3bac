"""A Java tool that is started without a display: Fiji, Icy, QuPath, or deepImageJ in one of them."""

from __future__ import annotations

from typing import Any

from ..protocol import Job
from . import command
from .command import Opened, Pattern

# What a Java machine, and JDLL in it, write where nobody catches it.
PATTERNS = (
    Pattern(r"OutOfMemoryError", "MemoryError"),
    Pattern(
        r"UnsupportedClassVersionError|NoClassDefFoundError|ClassNotFoundException|NoSuchMethodError"
        r"|UnsatisfiedLinkError|HeadlessException|Could not find or load main class|Unable to access jarfile"
        r"|Could not create the Java Virtual Machine|No (compatible )?engine",
        "ToolError",
    ),
    Pattern(
        r"(?i)(un|not )supported.*processing|processing.*not (supported|implemented)", "NotImplementedError"
    ),
    Pattern(r"^(Exception in thread \"[^\"]*\" |Caused by: )?[\w.$]+(Exception|Error)\b", "JavaError"),
)


def warm() -> None:
    """Nothing: the Java machine is started by the command."""


def prepare(job: Job) -> None:
    """Nothing: see :func:`load`."""


def needs(job: Job) -> list[str]:
    """Not known: no Java tool loads weights by Python's pickle."""
    return []


def load(job: Job) -> Opened:
    """The command, which has opened the model."""
    return command.load(job, PATTERNS, pictures=True)


def predict(
    opened: Opened, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict on one set of inputs; users call it in one way, with or without ``padding``."""
    return command.predict(opened, inputs, folder)
