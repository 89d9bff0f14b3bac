"""What a step tells the runner of GitHub Actions in its log, and how the log is kept from telling more.

See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Mapping

from harness.github.message import Annotation, AnnotationLevel

_COMMANDS: dict[AnnotationLevel, str] = {
    AnnotationLevel.NOTICE: "notice",
    AnnotationLevel.WARNING: "warning",
    AnnotationLevel.FAILURE: "error",
}


def in_actions(environ: Mapping[str, str]) -> bool:
    """Whether a runner reads what is printed."""
    return environ.get("GITHUB_ACTIONS") == "true"


def command(annotation: Annotation) -> str:
    """The line that annotates a file; its texts can neither end it nor add to it."""
    properties = {"file": annotation.path, "line": str(annotation.start_line), "title": annotation.title}
    stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[annotation.level]} {stated}::{_data(annotation.message)}"


def stop_commands(environ: Mapping[str, str]) -> None:
    """In Actions, nothing that this step prints from now on is a command: lines may come from models.

    What would make the runner listen again is told to nobody.
    """
    if in_actions(environ):
        _print(f"::stop-commands::{secrets.token_hex(32)}")


def annotate(annotations: Iterable[Annotation]) -> None:
    """Print the lines that annotate files."""
    for annotation in annotations:
        _print(command(annotation))


def _print(line: str) -> None:
    """To standard error: standard output may be what another program reads."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
