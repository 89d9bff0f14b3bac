"""The outputs of a step: lines of the file ``GITHUB_OUTPUT``, in the form that holds any value."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from harness.errors import OutputError

_NAME = re.compile(r"[a-z][a-z0-9-]*")


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs to the file that ``GITHUB_OUTPUT`` names.

    Each value stands between lines of a delimiter that nobody can guess, so that no value can add another
    output, whatever lines it has.

    Raises:
        OutputError: the file cannot be written.
        ValueError: a name is none that expressions can use.
    """
    text = "".join(_entry(name, value) for name, value in outputs.items())
    try:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(f"GITHUB_OUTPUT: {path}: cannot be written ({error.strerror})") from error


def _entry(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an output")
    delimiter = f"end-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
