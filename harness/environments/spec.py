"""What an environment is meant to be: the strict reading of ``environments/<name>/``.

environment.toml    what it is for and how it behaves, see :mod:`harness.environments.environment_toml`
requirements.in     what it needs, written by people
overrides.txt       optional: what replaces the requirements of packages, see :mod:`harness.environments.lock`
requirements.lock   what is installed, written by :mod:`harness.environments.lock`
Dockerfile          how an image of it is built, see :mod:`harness.environments.docker`
environment.yml     the same for conda, see :mod:`harness.environments.conda`
conda-*.lock        if there is one for the platform: what conda installs of it
package.json        npm packages that it needs, if any; Node comes by requirements.in
package-lock.json   which of them are installed, see :mod:`harness.environments.npm`
health.py           run with its interpreter after the build; exit code 0 if it works

Where environment.toml lists versions of one package, each is an environment of its own, ``<name>-<version>``.
They share the folder; locks and environment.yml have the version in their names: requirements-1.2.lock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.cell import AS_DESCRIBED, Backend, Device, EnvironmentRef, WeightsFormat
from harness.environments import command_line, environment_toml, npm_lock
from harness.environments.command_line import Command
from harness.environments.docker import dockerfile
from harness.environments.recipe import Recipe
from harness.errors import ConfigurationError, UsageError
from harness.limits import Limits

BUILDER_VERSION = 1  # raise it when the same lock would be built into something else
TORCH_BACKEND_VARIABLE = "HARNESS_TORCH_BACKEND"
_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_COMMENT = re.compile(r"(^|\s)#.*$")


class EnvironmentSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One folder of ``environments/``, or one version of it.

    Attributes:
        name: the folder's name, and the version if there is one.
        folder: where the files are.
        description: one sentence for people.
        python: version of the interpreter, "3.11".
        weights_formats: what runs in it with the reference runtime.
        consumers: names of the tools that it can run.
        variables: environment variables that are set before anything starts in it.
        torch_backend: which build of torch ("cpu", "cu126"), empty if torch is not in it.
        limits: what cells in it may use, where that differs from the defaults.
        devices: what the builds in it compute on.
        command: the tool, if it is a command line and is here.
        absent: the tools that are not here, each with the variable that would name its folder.
        python_full: the interpreter that is taken if the machine has it ("3.11.9"), else any ``python``.
        versioned: the package of which this folder has several versions, empty if there is none.
        version: the one that this is.
        newer: the versions that stand before it in environment.toml; none for the one that users get.
        versions_url: where its team lists the versions that there are; empty for the package index.
    """

    name: str
    folder: Path
    description: str
    python: str
    weights_formats: tuple[WeightsFormat, ...]
    consumers: tuple[str, ...]
    variables: dict[str, str]
    torch_backend: str
    limits: Limits = Limits()
    devices: tuple[Device, ...] = (Device.CPU,)
    command: Command | None = None
    absent: Mapping[str, str] = {}
    python_full: str = ""
    versioned: str = ""
    version: str = ""
    newer: tuple[str, ...] = ()
    versions_url: str = ""

    @property
    def trusted(self) -> bool:
        """Whether code in its packages may run outside of isolation: somebody has chosen them with care."""
        return True

    @property
    def requirements(self) -> Path:
        """What people ask for."""
        return self.folder / "requirements.in"

    def requirements_text(self) -> str:
        """What is asked for, the version included; raises ConfigurationError if that cannot be read."""
        text = read_text(self.requirements)
        return f"{text.rstrip()}\n{self.versioned}=={self.version}\n" if self.version else text

    @property
    def overrides(self) -> Path:
        """What replaces that which packages ask for; it need not exist."""
        return self.folder / "overrides.txt"

    @property
    def lock(self) -> Path:
        """What is installed."""
        return self.folder / f"requirements{self._of_version}.lock"

    @property
    def _of_version(self) -> str:
        return f"-{self.version}" if self.version else ""

    @property
    def environment_yml(self) -> Path:
        """What people ask conda for; not every environment has it."""
        return self.folder / f"environment{self._of_version}.yml"

    def conda_lock(self, platform: str) -> Path:
        """What conda installs on a platform such as ``linux-64``; it need not exist."""
        return self.folder / f"conda{self._of_version}-{platform}.lock"

    @property
    def dockerfile(self) -> Path:
        """How its image is built; see :mod:`harness.environments.docker.dockerfile` for those without."""
        return self.folder / "Dockerfile"

    def dockerfile_text(self) -> str:
        """How its image is built; raises ConfigurationError if that cannot be read."""
        if self.dockerfile.exists():
            return read_text(self.dockerfile)
        return dockerfile.render(
            self.folder.name, python=self.python, torch_backend=self.torch_backend, variables=self.variables
        )

    def base_image(self) -> str:
        """The name of the image that its own one starts from on this machine; raises ConfigurationError."""
        return dockerfile.base_image(self.dockerfile_text(), python=self.python, origin=self.dockerfile)

    @property
    def health(self) -> Path:
        """The script that proves that the environment works."""
        return self.folder / "health.py"

    def recipe(self, backend: Backend) -> Recipe:
        """All that decides what is installed and how it behaves.

        Raises:
            ConfigurationError: there is no lock, or not what the backend reads.
        """
        return Recipe(
            builder=BUILDER_VERSION,
            backend=backend,
            python=self.python,
            lock=without_comments(read_text(self.lock)),
            variables=self.variables,
            torch_backend=self.torch_backend,
            files=self._files_of(backend),
        )

    def _files_of(self, backend: Backend) -> dict[str, str]:
        """What the backend reads beside the lock, by name."""
        packages = npm_lock.files(self.folder)
        if backend is Backend.DOCKER:
            return {**packages, self.dockerfile.name: self.dockerfile_text().rstrip("\n")}
        if backend is Backend.CONDA:
            locks = self.folder.glob(f"conda{self._of_version}-*.lock")
            paths = [self.environment_yml, *sorted(locks)]
            plain = {path.name.replace(self._of_version, "", 1): path for path in paths}
            return {**packages, **{name: without_comments(read_text(path)) for name, path in plain.items()}}
        return packages

    def digest(self, backend: Backend) -> str:
        """sha256 (hex) of the recipe; raises like :meth:`recipe`."""
        return self.recipe(backend).digest

    def ref(self, backend: Backend) -> EnvironmentRef:
        """The name of this environment in cells and records; raises like :meth:`digest`."""
        return EnvironmentRef(name=self.name, backend=backend, digest=self.digest(backend))


def load(folder: Path) -> EnvironmentSpec:
    """The environment of a folder, of several versions the first; raises like :func:`load_versions`."""
    return load_versions(folder)[0]


def load_versions(folder: Path) -> tuple[EnvironmentSpec, ...]:
    """Read one folder: one environment, or one for each version that it lists.

    A value in HARNESS_TORCH_BACKEND takes the place of a declared ``torch_backend``: it is another
    environment then, with another digest. (Empty, it only says not to ask for a build: torch_backend.py.)

    Raises:
        ConfigurationError: names the file and the field that is missing, unknown or of the wrong type.
    """
    path = folder / "environment.toml"
    if not _FOLDER.fullmatch(folder.name):
        raise ConfigurationError(
            f"{folder}: an environment's name has lower-case letters, digits and '-' only"
        )
    if folder.name.startswith(AS_DESCRIBED):
        raise ConfigurationError(
            f"{folder}: {AS_DESCRIBED} is what environments of models' authors are called"
        )
    file = environment_toml.decode(read_text(path), path)
    for needed in (folder / "requirements.in", folder / "health.py"):
        if not needed.is_file():
            raise ConfigurationError(f"{needed}: missing; every environment has one")
    torch_backend = file.torch_backend and (os.environ.get(TORCH_BACKEND_VARIABLE) or file.torch_backend)
    command = command_line.find(file.command, origin=path) if file.command else None
    told = {command_line.VARIABLE: command.variable} if command else {}
    absent = dict.fromkeys(file.consumers, file.command.setting) if file.command and not command else {}
    spec = EnvironmentSpec(
        name=folder.name,
        folder=folder,
        description=file.description,
        python=file.python,
        weights_formats=file.weights_formats,
        consumers=() if absent else file.consumers,
        variables={**file.variables, **told},
        torch_backend=torch_backend,
        limits=file.limits,
        devices=file.devices,
        command=command,
        absent=absent,
        versioned=file.versioned,
        versions_url=file.versions_url,
    )
    return tuple(
        msgspec.structs.replace(
            spec, name=f"{spec.name}-{version}", version=version, newer=file.versions[:index]
        )
        for index, version in enumerate(file.versions)
    ) or (spec,)


def is_name(text: str) -> bool:
    """Whether an environment may be called so."""
    return _NAME.fullmatch(text) is not None


def load_all(folder: Path) -> dict[str, EnvironmentSpec]:
    """Read every environment of ``folder``, sorted by name.

    Raises:
        ConfigurationError: there is none, or one of them is not what it must be.
    """
    found = sorted(path.parent for path in folder.glob("*/environment.toml"))
    if not found:
        raise ConfigurationError(f"{folder}: no environment here (expected <name>/environment.toml)")
    specs = [spec for path in found for spec in load_versions(path)]
    if len({spec.name for spec in specs}) < len(specs):
        names = [spec.name for spec in specs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"{folder}: two environments are called {twice}; rename one of the folders")
    return {spec.name: spec for spec in specs}


def choose(specs: Mapping[str, EnvironmentSpec], name: str) -> EnvironmentSpec:
    """The environment with this name, or the first version of the folder with it.

    Raises:
        UsageError: there is none; lists the known ones.
    """
    return choose_all(specs, name)[0]


def choose_all(specs: Mapping[str, EnvironmentSpec], name: str) -> list[EnvironmentSpec]:
    """The environment with this name, or every version of the folder with it; raises like :func:`choose`."""
    found = [spec for spec in specs.values() if name in (spec.name, spec.folder.name)]
    if not found:
        raise UsageError(f"no environment {name!r}; there are: {', '.join(sorted(specs))}")
    return found


def without_comments(text: str) -> str:
    """The lines of a requirements file that say something, without their comments."""
    lines = (_COMMENT.sub("", line).rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def read_text(path: Path) -> str:
    """A data file's text; raises ConfigurationError that says how to get a missing lock."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        hint = f"; make it with 'harness env lock {path.parent.name}'" if path.suffix == ".lock" else ""
        hint = "; conda makes no environment without it" if path.name == "environment.yml" else hint
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}){hint}") from error
