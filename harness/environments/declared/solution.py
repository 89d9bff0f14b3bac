"""The exact versions that an environment as described was made of: found by a solver, kept to make it again.

    <ledger>/environments/
        <digest>.json                    what is declared, and what else decides (recipe.py)
        <digest>.<name>.solution.json    what that came to

What indexes hold changes, so one declaration may come to several. Each file is named by its own content:
ledgers merge by copying, and a changed file betrays itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError

_NAME_DIGITS = 16
_SUFFIX = ".solution.json"


class Solution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was installed.

    Attributes:
        python: version of the interpreter, "3.10".
        lock: every Python package with its version and the hashes of its files.
        conda: the exact files that conda installed; empty if it had nothing to install.
        platform: of these, such as "linux-64".
    """

    schema: Literal[1] = 1
    python: str
    lock: str
    conda: str = ""
    platform: str = ""

    @property
    def name(self) -> str:
        """The first digits of the digest of all that."""
        return jsonio.digest(self)[:_NAME_DIGITS]


def keep(folder: Path, digest: str, solution: Solution) -> None:
    """Store it for the environment of this digest; raises OutputError. A file that is there stays."""
    path = folder / f"{digest}.{solution.name}{_SUFFIX}"
    if not path.is_file():
        jsonio.write(path, solution)


def stored(folder: Path, digest: str) -> list[Solution]:
    """All that are stored for an environment.

    Raises:
        ConfigurationError: one of them cannot be read, or is not what its name says.
    """
    found: list[Solution] = []
    for path in sorted(folder.glob(f"{digest}.*{_SUFFIX}")):
        solution = jsonio.read(path, Solution)
        if path.name != f"{digest}.{solution.name}{_SUFFIX}":
            raise ConfigurationError(
                f"{path}: was changed after it was stored and nothing is built from it; copy the file again "
                "from where the ledger is from"
            )
        found.append(solution)
    return found
