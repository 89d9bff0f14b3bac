"""The backend that makes environments of conda packages, with the wheels of the lock by uv."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name

from harness.cell import Backend
from harness.environments import bytecode, distributions, lock, npm, npm_lock, uv_command, wheels
from harness.environments.attempt import Attempt
from harness.environments.conda import (
    as_declared,
    environment_yml,
    installed,
    locks,
    platforms,
    program,
    rattler_process,
    request,
)
from harness.environments.conda.explicit import LockedPackage
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.failure import EnvironmentBuildError
from harness.environments.recipe import Recipe
from harness.environments.spec import EnvironmentSpec, read_text
from harness.verdict import Reason

name = Backend.CONDA
_PLAIN = """\
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python={python}
  - pip
  - pip:
"""


def build(spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
    """Make what ``environment.yml`` says; see :class:`backend.BackendModule`.

    Paths are written into the packages when they are installed: the prefix cannot be moved afterwards.
    """
    if isinstance(spec, DeclaredSpec):
        as_declared.build(spec, prefix, attempt)
        return
    declared = environment_yml.read(spec)
    environment_yml.check_pins(spec, declared, lock.pins(read_text(spec.lock)))
    platform = platforms.current()
    locked = locks.read(spec, declared, platform)
    asked = request.make(spec, declared, platform=platform, locked=locked)
    count = len(locked)
    words = f"installing {count} conda packages" if count else f"solving for {', '.join(asked.channels)}"
    attempt.on_progress(f"{spec.name}: {words}")
    install = program.install if program.chosen() else rattler_process.install
    packages = install(asked, prefix, attempt)
    _check(asked, packages, attempt)
    locks.write(prefix / locks.INSTALLED, packages, spec=spec, platform=platform)
    if declared.pins:
        wheels.install(spec, interpreter(prefix), attempt, uv_command.settings())
    npm.install(spec.folder, prefix, attempt, name=spec.name)
    bytecode.make(prefix, interpreter(prefix), attempt)


def seal(spec: EnvironmentSpec, prefix: Path) -> None:
    """Keep the lock for later builds; see :class:`backend.BackendModule`."""
    locks.keep(spec, prefix / locks.INSTALLED, platforms.current())


def files_for(recipe: Recipe) -> dict[str, str]:
    """An ``environment.yml`` with the same Python and pins; see :class:`backend.BackendModule`."""
    text = environment_yml.with_pins(_PLAIN.format(python=recipe.python), lock.pins(recipe.lock), origin="")
    return {"environment.yml": text}


def interpreter(prefix: Path) -> Path:
    """The environment's Python."""
    return prefix / "bin" / "python"


def image(prefix: Path) -> None:
    """None: the environment is in its folder."""


def python_version(prefix: Path) -> str:
    """The version of the package ``python``, empty if there is none."""
    return next((found.version for found in installed.read(prefix) if found.name == "python"), "")


def packages(prefix: Path) -> dict[str, str]:
    """Python packages by their own names and everything else by conda's, name to version."""
    python = distributions.versions(prefix)
    known = {canonicalize_name(found) for found in python}
    others = {
        one.name: one.version for one in installed.read(prefix) if canonicalize_name(one.name) not in known
    }
    found = {**others, **python, **npm_lock.installed(prefix)}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _check(asked: request.Request, found: tuple[LockedPackage, ...], attempt: Attempt) -> None:
    """Whoever installed it must have installed the lock, file by file."""
    wanted = {package.sha256: package for package in asked.locked}
    have = {package.sha256: package for package in found}
    differing = [*(wanted.keys() - have.keys()), *(have.keys() - wanted.keys() if wanted else ())]
    if differing:
        paths = sorted({(wanted | have)[sha256].path for sha256 in differing})
        message = f"{asked.environment}: installed is not what the lock says: {', '.join(paths)}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
