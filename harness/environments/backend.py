"""What makes environments: one module for each backend, all of one shape, listed in one dict."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from harness.cell import Backend
from harness.environments import venv
from harness.environments.attempt import Attempt
from harness.environments.conda import build as conda
from harness.environments.docker import build as docker
from harness.environments.recipe import Recipe
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, UsageError


class BackendModule(Protocol):
    """What the store asks of a backend."""

    @property
    def name(self) -> Backend:
        """Which one it is."""

    def build(self, spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
        """Make the environment in ``prefix``, which does not exist.

        Raises:
            EnvironmentBuildError: with the reason.
            OSError: the operating system refused something.
            Interrupted: the attempt was cancelled.
        """

    def seal(self, spec: EnvironmentSpec, prefix: Path) -> None:
        """Store what a later build needs to make the same again; the environment has proved to work.

        Raises:
            OutputError: the cache cannot be written.
        """

    def files_for(self, recipe: Recipe) -> dict[str, str]:
        """What it reads beside the lock, by name, made of a recipe of another backend."""

    def interpreter(self, prefix: Path) -> Path:
        """Where its Python is (whether or not it exists); a path in its image, if it has one."""

    def image(self, prefix: Path) -> str | None:
        """The name of the image that it was built as; None if it is in ``prefix`` itself."""

    def python_version(self, prefix: Path) -> str:
        """The full version of that Python, empty if unknown."""

    def packages(self, prefix: Path) -> dict[str, str]:
        """What is installed: name to version, sorted by name."""


BACKENDS: dict[Backend, BackendModule] = {venv.name: venv, conda.name: conda, docker.name: docker}


def choose(backend: Backend) -> BackendModule:
    """The module of a backend; raises UsageError if this version has none."""
    try:
        return BACKENDS[backend]
    except KeyError:
        known = ", ".join(found.value for found in BACKENDS)
        raise UsageError(
            f"environments cannot be made with {backend.value} yet; use one of: {known}"
        ) from None


def recipes_of(spec: EnvironmentSpec) -> dict[Backend, Recipe]:
    """What each backend would make of a folder, without those that do not find there what they read."""
    recipes: dict[Backend, Recipe] = {}
    for backend in BACKENDS:
        with suppress(ConfigurationError):
            recipes[backend] = spec.recipe(backend)
    return recipes
