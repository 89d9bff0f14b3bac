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
    properties = {"file": annotation.path, "line": str(annotation.start_line), "title": annotation.title}
    stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[annotation.level]} {stated}::{_data(annotation.message)}"


def stop_commands(environ: Mapping[str, str]) -> str:
    """From now on nothing that this step prints is a command: lines may come from models.

    Returns:
        What makes the runner listen again, which nobody can guess; empty outside of Actions.
    """
    if not in_actions(environ):
        return ""
    token = secrets.token_hex(32)
    _print(f"::stop-commands::{token}")
    return token


@contextlib.contextmanager
def commands_stopped(environ: Mapping[str, str]) -> Iterator[None]:
    """Within it, nothing that is printed is a command; nor is it after an error.

    In Actions all of it goes to standard error, since the runner might read two streams out of order.
    """
    token = stop_commands(environ)
    if not token:
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield
    _print(f"::{token}::")


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
