"""Where records come from: this harness, this machine, this run."""

from __future__ import annotations

import datetime
import functools
import os
import platform
import secrets
from pathlib import Path

import harness
from harness.ledger.record import HarnessRef


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond; sorts as text."""
    return (
        datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def run_id() -> str:
    """A new run's id; ids sort by time."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


@functools.cache
def harness_ref() -> HarnessRef:
    """Version, and the commit of a checkout or as told by HARNESS_COMMIT."""
    return HarnessRef(
        version=harness.__version__, commit=os.environ.get("HARNESS_COMMIT") or _checkout_commit()
    )


def run_url() -> str:
    """The page of the GitHub Actions run, empty elsewhere."""
    server, repository, run = (
        os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def machine() -> str:
    """System and processor, e.g. "Linux x86_64"."""
    return f"{platform.system()} {platform.machine()}"


def _checkout_commit() -> str:
    """The commit of the checkout that the harness runs from, read without starting git."""
    git = Path(harness.__file__).parent.parent / ".git"
    try:
        head = (git / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return head
        return (git / head.removeprefix("ref: ")).read_text("utf-8").strip()
    except OSError:
        return ""
