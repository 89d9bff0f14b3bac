"""Where records come from: this harness, this machine, this run."""

from __future__ import annotations

import datetime
import functools
import os
import re
import secrets
from pathlib import Path

import harness
from harness.ledger.record import HarnessRef

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_CHAIN = 5  # of references that name references; git follows as many


def run_id() -> str:
    """A new run's id; ids sort by time."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


@functools.cache
def harness_ref() -> HarnessRef:
    """Version, and the commit of a checkout or as told by HARNESS_COMMIT."""
    return HarnessRef(
        version=harness.__version__,
        commit=os.environ.get("HARNESS_COMMIT") or commit_of(Path(harness.__file__).parent.parent),
    )


def run_url() -> str:
    """The page of the GitHub Actions run, empty elsewhere."""
    server, repository, run = (
        os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def commit_of(checkout: Path) -> str:
    """The commit that is checked out there, read without starting git; empty if that cannot be told.

    A checkout may be a worktree: its ``.git`` is a file that names the folder of its own HEAD, and the
    branches are in the repository's folder. A branch is a file of its own or a line of ``packed-refs``.
    """
    try:
        own = checkout / ".git"
        if own.is_file():
            own = checkout / own.read_text("utf-8").strip().removeprefix("gitdir: ")
        shared = own / "commondir"
        common = own / shared.read_text("utf-8").strip() if shared.is_file() else own
        value = (own / "HEAD").read_text("utf-8").strip()
        for _ in range(_LONGEST_CHAIN):
            if not value.startswith("ref: "):
                return value if _COMMIT.fullmatch(value) else ""
            value = _ref(value.removeprefix("ref: "), own, common)
    except (OSError, ValueError):  # not UTF-8, a NUL
        return ""
    return ""


def _ref(name: str, own: Path, common: Path) -> str:
    """What a branch names, the worktree's own first; empty if there is no such branch (no commit yet)."""
    for folder in (own, common):
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8").strip()
    packed = common / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
