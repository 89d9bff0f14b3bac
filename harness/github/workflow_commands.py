"""What a step tells the runner of GitHub Actions in its log, and how the log is kept from telling more.

See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping

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
    properties = {
        "file": annotation.path,
        "line": str(annotation.start_line),
        "title": annotation.title,
    }
    stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[annotation.level]} {stated}::{_data(annotation.message)}"


@contextlib.contextmanager
def commands_stopped(environ: Mapping[str, str]) -> Iterator[None]:
    """Within it, nothing that is printed is a command: lines may come from models.

    Outside of Actions it does nothing. What goes to standard error is printed in order with the rest, else
    the runner might read it late. After an error nothing is a command until the step's end.
    """
    if not in_actions(environ):
        yield
        return
    token = secrets.token_hex(32)
    _print(f"::stop-commands::{token}")
    with contextlib.redirect_stderr(sys.stdout):
        yield
    _print(f"::{token}::")


def annotate(annotations: Iterable[Annotation]) -> None:
    """Print the lines that annotate files."""
    for annotation in annotations:
        _print(command(annotation))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
