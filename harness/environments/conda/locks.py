"""Which exact versions conda installs: the lock beside ``environment.yml``, or that of the first build.

``environments/<name>/conda-<platform>.lock`` is written by ``harness env lock --backend conda`` and belongs
to the environment's digest. Without it, the first build solves, and what it installed is kept in
HARNESS_CONDA_LOCKS (by default in the cache folder), named by the digest, so that every later build of the
same digest installs the same. Hand that folder over, and another machine does, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from harness import jsonio
from harness.cell import Backend
from harness.environments.conda import explicit
from harness.environments.conda.environment_yml import CondaSpec
from harness.environments.conda.explicit import LockedPackage
from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError
from harness.paths import cache_folder

VARIABLE = "HARNESS_CONDA_LOCKS"
INSTALLED = "conda-meta/explicit.lock"  # in a prefix
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def kept(spec: EnvironmentSpec, platform: str) -> Path:
    """Where the lock of the first build is, whether or not it exists."""
    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen).absolute() if chosen else cache_folder() / "conda" / "locks"
    return folder / f"{spec.name}-{spec.digest(Backend.CONDA)[:16]}-{platform}.lock"


def read(spec: EnvironmentSpec, declared: CondaSpec, platform: str) -> tuple[LockedPackage, ...]:
    """What is to be installed on a platform, nothing if that is still open.

    Raises:
        ConfigurationError: the lock cannot be read, or does not fit the ``environment.yml``.
    """
    for path in (spec.conda_lock(platform), kept(spec, platform)):
        if path.exists():
            packages = explicit.parse(read_text(path), origin=str(path))
            _check(spec, declared, packages, path)
            return packages
    return ()


def write(path: Path, packages: Sequence[LockedPackage], *, spec: EnvironmentSpec, platform: str) -> None:
    """Write a lock; raises OutputError."""
    header = f"Made from environment.yml of {spec.name} by the harness; do not edit."
    jsonio.write_bytes(path, explicit.render(packages, platform=platform, header=header).encode())


def keep(spec: EnvironmentSpec, installed: Path, platform: str) -> None:
    """Keep the lock that lies in a new environment, unless there is one already; raises OutputError."""
    path = kept(spec, platform)
    if not spec.conda_lock(platform).exists() and not path.exists():
        jsonio.write_bytes(path, read_text(installed).encode())


def _check(spec: EnvironmentSpec, declared: CondaSpec, packages: Sequence[LockedPackage], path: Path) -> None:
    """Compare names, and the version of Python; whether the rest fits, only the solver knows."""
    versions = {package.name: package.version for package in packages}
    for wanted in declared.installed:
        match = _NAME.match(wanted.rpartition("::")[2].strip())
        if match is None or match[0].lower() not in versions:
            raise ConfigurationError(
                f"{path}: locks nothing for {wanted!r} of environment.yml; {_advice(spec)}"
            )
    if not f"{versions['python']}.".startswith(f"{spec.python}."):
        raise ConfigurationError(
            f"{path}: locks Python {versions['python']}, environment.toml says {spec.python}; {_advice(spec)}"
        )


def _advice(spec: EnvironmentSpec) -> str:
    return f"run 'harness env lock {spec.name} --backend conda'"
