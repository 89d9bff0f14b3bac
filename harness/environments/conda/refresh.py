"""``harness env lock --backend conda``: solving ``environment.yml`` for everybody."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.environments.attempt import Attempt
from harness.environments.conda import environment_yml, explicit, locks, platforms, rattler_process, request
from harness.environments.spec import EnvironmentSpec, read_text


def refresh(spec: EnvironmentSpec, *, log: Path, upgrade: bool = False) -> Path:
    """Solve for linux-64, or what HARNESS_CONDA_PLATFORM says, and write the lock; answers its path.

    Solved is for a machine with what is common, not for this one.

    Args:
        log: the complete output is appended to it.
        upgrade: take the newest versions; otherwise what is locked is kept where it still fits.

    Raises:
        EnvironmentBuildError: there is no solution, or a channel could not be asked.
        ConfigurationError: the ``environment.yml`` or the present lock is not what it must be.
    """
    platform = platforms.locked()
    path = spec.conda_lock(platform)
    asked = request.make(spec, environment_yml.read(spec), platform=platform)
    present = explicit.parse(read_text(path), origin=str(path)) if path.exists() and not upgrade else ()
    with tempfile.TemporaryDirectory(prefix="harness-lock-") as scratch:
        attempt = Attempt(log=log.absolute(), cwd=Path(scratch), on_progress=lambda _: None)
        packages = rattler_process.solve(
            asked, attempt, preferred=present, virtual_packages=platforms.ASSUMED[platform]
        )
    locks.write(path, packages, spec=spec, platform=platform)
    return path
