"""The docker program of this machine."""

from __future__ import annotations

import os
import shutil

# It finds its engine and its settings by these. None of them reaches a container.
_PASSED = frozenset({"HOME", "PATH", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"})


def find_client() -> str | None:
    """Where it is, if it is installed."""
    return shutil.which("docker")


def client_variables() -> dict[str, str]:
    """The environment variables that it gets."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("DOCKER_")
    }
