"""A git checkout, as far as the harness asks: what differs between two commits, and what one holds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from harness.errors import UsageError
from harness.git import git

_SECONDS = 300.0


class Checkout:
    """The checkout that a folder is in.

    Raises:
        UsageError: here and in every method: git cannot be started, or it says what is wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.top = Path(os.fsdecode(self._git("rev-parse", "--show-toplevel").removesuffix(b"\n"))).resolve()

    def commit(self, name: str) -> str:
        """The full name of a commit that this clone holds."""
        if name.startswith("-"):
            raise UsageError(f"commit {name}: is an option, no commit")
        if found := self._found("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
            return found.decode().strip()
        raise UsageError(f"commit {name}: is not in this clone; {_WHOLE}")

    def parting(self, base: str, head: str) -> str:
        """The commit at which the two parted, so that what happened in base since is no part of a change."""
        if found := self._found("merge-base", base, head):
            return found.decode().splitlines()[0]
        raise UsageError(
            f"commits {base} and {head}: this clone holds no commit that both come from; {_WHOLE}"
        )

    def difference(self, base: str, head: str) -> bytes:
        """``git diff --name-status -z`` between two commits, renames found."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "diff"
            self._git(
                "diff", "--name-status", "-z", "--find-renames", "--no-ext-diff", "--no-textconv",
                "--ignore-submodules=none", f"--output={output}", base, head, "--",
            )  # fmt: skip
            return output.read_bytes()

    def paths(self, commit: str) -> list[str]:
        """Every path of a commit, as text."""
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
        return [path.decode("utf-8", "replace") for path in listed.split(b"\0") if path]

    def file(self, commit: str, path: str) -> bytes | None:
        """What a file holds in a commit; None if there is no such file."""
        return self._found("cat-file", "blob", f"{commit}:{path}")

    def _git(self, *arguments: str) -> bytes:
        """The output of a command that must not fail."""
        code, output = git(self._folder, *arguments, seconds=_SECONDS)
        if code != 0:
            said = output.decode("utf-8", "replace").strip().splitlines()
            raise UsageError(
                f"{self._folder}: git {arguments[0]} failed: {said[-1] if said else 'it says nothing'}"
            )
        return output

    def _found(self, *arguments: str) -> bytes | None:
        """The output of a command that fails where there is no such thing; None then."""
        code, output = git(self._folder, *arguments, seconds=_SECONDS)
        return output if code == 0 else None


_WHOLE = (
    "a shallow clone does not hold all: check it out with `fetch-depth: 0`, or run `git fetch --unshallow`"
)
