"""What a step hands to later steps of its job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import OutputError

_VARIABLE = "GITHUB_OUTPUT"


def set_outputs(variables: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Append outputs of this step to the file that the runner names; outside of Actions there is none.

    Raises:
        OutputError: it cannot be written.
        ValueError: a value has more than one line, and could state outputs of its own.
    """
    path = variables.get(_VARIABLE, "")
    if any(len(value.splitlines()) > 1 for value in outputs.values()):
        raise ValueError("an output of a step is one line")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in outputs.items())
    except OSError as error:
        raise OutputError(f"{_VARIABLE}: {path}: cannot be written ({error.strerror})") from error
