"""Git repositories on this machine that stand for those of GitHub."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_VARIABLES = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    """What git says, without the last line's end."""
    ended = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={"PATH": os.environ["PATH"], **_VARIABLES},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ended.stdout.rstrip("\n")


def new_repository(folder: Path) -> Path:
    """A repository with the branch ``main``, from which any commit can be fetched, as from GitHub."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    return folder


def commit(folder: Path, files: Mapping[str, str | None], message: str = "A change") -> str:
    """Write files, or delete those that are None, beside what was changed already; answers the commit."""
    for name, text in files.items():
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")
