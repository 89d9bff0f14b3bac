"""The backend that makes virtual environments with uv."""

from __future__ import annotations

from pathlib import Path

from harness.cell import Backend
from harness.environments import bytecode, distributions, npm, npm_lock, uv_command, wheels
from harness.environments import interpreter as interpreters
from harness.environments.attempt import Attempt
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.recipe import Recipe
from harness.environments.solve import solved
from harness.environments.spec import EnvironmentSpec

name = Backend.VENV


def build(spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
    """Make a virtual environment with exactly the lock's packages; see :class:`backend.BackendModule`."""
    if isinstance(spec, DeclaredSpec):
        spec = solved(spec, attempt)
    settings = uv_command.settings()
    python = interpreters.find(spec.python, attempt, variables=settings.variables, preferred=spec.python_full)
    venv = ["venv", "--no-project", "--python", str(python), str(prefix)]
    what = f"{spec.name}: making a virtual environment"
    uv_command.run(venv, attempt, what=what, variables=settings.variables)
    wheels.install(spec, interpreter(prefix), attempt, settings)
    npm.install(spec.folder, prefix, attempt, name=spec.name)
    # Not by the environment's own interpreter: packages can bring along what that starts with.
    bytecode.make(prefix, python, attempt)


def seal(spec: EnvironmentSpec, prefix: Path) -> None:
    """Do nothing: the lock was there before; see :class:`backend.BackendModule`."""


def files_for(recipe: Recipe) -> dict[str, str]:  # noqa: ARG001
    """Nothing; see :class:`backend.BackendModule`."""
    return {}


def interpreter(prefix: Path) -> Path:
    """The environment's Python."""
    return prefix / "bin" / "python"


def image(prefix: Path) -> None:
    """None: the environment is in its folder."""


def python_version(prefix: Path) -> str:
    """The version that uv wrote into ``pyvenv.cfg``, e.g. "3.11.9"; empty if there is none."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return ""
    pairs = [line.partition("=") for line in lines]
    return next((value.strip() for name, _, value in pairs if name.strip() == "version_info"), "")


def packages(prefix: Path) -> dict[str, str]:
    """What the environment's own site folder and npm's hold, name to version, read from their metadata."""
    return {**distributions.versions(prefix), **npm_lock.installed(prefix)}
