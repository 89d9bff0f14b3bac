"""Real repositories for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

VARIABLES = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


class Repository:
    """A repository in a folder, made when this is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run a git command there; its output."""
        done = subprocess.run(
            ["git", "-C", str(self.folder), "-c", "protocol.file.allow=always", *arguments],
            env=VARIABLES,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def write(self, path: str | bytes, content: str = "x\n") -> None:
        """Write a file, and the folders that it is in."""
        place = self.folder / os.fsdecode(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def commit(self) -> str:
        """Commit all that there is; its name."""
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")
