"""The docker program of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from harness import proc
from harness.limits import Limits

# It finds its engine and its settings by these. None of them reaches a container.
_PASSED = frozenset({"HOME", "PATH", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"})
_BUILT_IN = range(19, 23)  # major versions that have BuildKit without a plug-in
_SECONDS = 60.0


def find_client() -> str | None:
    """Where it is, if it is installed."""
    return shutil.which("docker")


def client_variables() -> dict[str, str]:
    """The environment variables that it gets."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("DOCKER_")
    }


def find_buildkit() -> str | None:
    """Where it is, if it can build with BuildKit."""
    version = _ask("version", "--format", "{{.Client.Version}}").partition(".")[0]
    built_in = version.isdigit() and int(version) in _BUILT_IN
    return find_client() if built_in or _ask("buildx", "version") else None


def builder() -> str:
    """The name of the builder that works in the engine itself, where base images are found."""
    return "default" if os.environ.get("DOCKER_HOST") else _ask("context", "show") or "default"


def _ask(*arguments: str) -> str:
    """What it answers; empty if it refuses."""
    program = find_client()
    if program is None:
        return ""
    with tempfile.TemporaryDirectory(prefix="harness-docker-") as scratch:
        log = Path(scratch) / "log"
        ended = proc.run(
            [program, *arguments],
            log=log,
            env=client_variables(),
            cwd=Path(scratch),
            limits=Limits(seconds=_SECONDS),
        )
        return log.read_text("utf-8", errors="replace").strip() if ended.ok else ""
