"""The description of a model as a commit has it on GitHub: data, of which nothing is run."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.github.client import Client


def described(client: Client, folder: str, commit: str) -> dict[str, Any] | None:
    """The fields of a description, not checked; None if there is none in the folder, or no valid YAML."""
    from harness.collection.description_yaml import FILE_NAMES, parse
    from harness.collection.fault import ModelFault

    for name in FILE_NAMES:
        content = client.content(posixpath.normpath(posixpath.join(folder, name)), commit)
        if content is not None:
            try:
                return parse(content, shown=name)
            except ModelFault:
                return None
    return None
