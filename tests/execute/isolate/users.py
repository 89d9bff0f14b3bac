"""Run a program as root and as an ordinary user, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

DOCKER = Path("/var/run/docker.sock")
_USER = 1234
_PACKAGES = Path(np.__file__).parent.parent


def run_as(who: str, arguments: Sequence[str], *, docker: bool = False) -> subprocess.CompletedProcess[str]:
    """Run an interpreter with these arguments as "root" or as an "ordinary" user, with an empty home folder.

    The project and all that it needs can be imported. Skips where this user cannot become that one.

    Args:
        docker: whether the ordinary user is of the group that may use Docker.
    """
    prefix: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        if who == "root" and os.getuid() != 0:
            prefix = ["sudo", "-n"]
            if shutil.which("sudo") is None or _run([*prefix, "true"]).returncode != 0:
                pytest.skip("needs root, or sudo without a password")
        if who == "ordinary" and os.getuid() == 0:
            groups = f"--groups={DOCKER.stat().st_gid}" if docker else "--clear-groups"
            prefix = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", groups]
            os.chown(home, _USER, _USER)
        variables = {
            "HOME": home,
            "HARNESS_CACHE_DIR": home,
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{ROOT}:{_PACKAGES}",
        }
        assignments = [f"{name}={value}" for name, value in variables.items()]
        return _run([*prefix, "env", *assignments, _python(prefix), *arguments])


def _python(prefix: list[str]) -> str:
    """This interpreter, or the same version of another installation if it is closed to that user."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if _run([*prefix, "env", python, "-c", ""]).returncode == 0:
            return python
    return pytest.skip(f"needs a {version} that every user can start")


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False)
