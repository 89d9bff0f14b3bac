"""Reading an environment's ``environment.yml``, and keeping the pins in it.

The format is that of CEP 24, of which this is read: ``name``, ``channels`` and ``dependencies`` with one
``pip:`` section. The section holds the pins of ``requirements.lock`` and stands at the end of the file, where
:func:`with_pins` writes it. It does not refer to the lock, which pip would refuse: not every package in it
has a hash (see :mod:`harness.environments.lock`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError

_SECTION = re.compile(r"(?m)^(?P<indent> *)- pip: *\n")
_CALLED = re.compile(r"(?m)^name: .*$")
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9._+!-]+)")
_PYTHON = re.compile(r"python\s*={1,2}\s*(?P<version>3\.\d+)(\.[\d*]+)?")


class _Pip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pip: tuple[str, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dependencies: tuple[str | _Pip, ...]
    channels: tuple[str, ...] = ()
    name: str = ""


class CondaSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What an ``environment.yml`` asks for.

    Attributes:
        channels: as written, ``nodefaults`` among them.
        dependencies: match specifications, as written.
        pins: the ``pip:`` section, normalised name to version.
    """

    channels: tuple[str, ...]
    dependencies: tuple[str, ...]
    pins: dict[str, str]

    @property
    def installed(self) -> tuple[str, ...]:
        """The dependencies that conda installs.

        A bare ``pip`` is asked for by files with a ``pip:`` section so that conda can install the section.
        Here uv does that, and neither pip nor what it brings along (setuptools) becomes importable.
        """
        return tuple(spec for spec in self.dependencies if not (self.pins and spec.strip() == "pip"))


def read(spec: EnvironmentSpec) -> CondaSpec:
    """Read and check the file of an environment.

    Raises:
        ConfigurationError: names the file and what is missing, unknown or not what the environment says.
    """
    path = spec.environment_yml
    try:
        file = msgspec.yaml.decode(read_text(path), type=_File)
    except msgspec.DecodeError as error:  # also of the wrong type
        raise ConfigurationError(f"{path}: {error}") from error
    dependencies = tuple(item for item in file.dependencies if isinstance(item, str))
    _check_python(spec, dependencies, path)
    lines = [line for item in file.dependencies if isinstance(item, _Pip) for line in item.pip]
    return CondaSpec(channels=file.channels, dependencies=dependencies, pins=_pins(lines, path))


def check_pins(spec: EnvironmentSpec, declared: CondaSpec, pinned: Mapping[str, str]) -> None:
    """Raise ConfigurationError unless the ``pip:`` section names what ``requirements.lock`` pins."""
    for name in sorted({*declared.pins, *pinned}):
        here, there = declared.pins.get(name, "missing"), pinned.get(name, "missing")
        if here != there:
            raise ConfigurationError(
                f"{spec.environment_yml}: pip: {name} is {here}, in requirements.lock it is {there}; "
                f"run 'harness env lock {spec.name}'"
            )


def text_for(spec: EnvironmentSpec) -> str:
    """The text of an environment's file; a new version starts with another's. Empty if there is none."""
    if spec.environment_yml.exists():
        return read_text(spec.environment_yml)
    others = sorted(spec.folder.glob("environment-*.yml")) if spec.version else []
    return _CALLED.sub(f"name: bioimage-{spec.name}", read_text(others[-1]), count=1) if others else ""


def with_pins(text: str, pinned: Mapping[str, str], *, origin: str) -> str:
    """The file's text with these pins as its ``pip:`` section; raises ConfigurationError if it has none."""
    section = _SECTION.search(text)
    if section is None:
        raise ConfigurationError(f"{origin}: has no '- pip:' section to write the pins of the lock into")
    item = f"{section['indent']}    - "
    return text[: section.end()] + "".join(f"{item}{name}=={pinned[name]}\n" for name in sorted(pinned))


def _check_python(spec: EnvironmentSpec, dependencies: tuple[str, ...], path: Path) -> None:
    found = [match for match in map(_PYTHON.fullmatch, map(str.strip, dependencies)) if match]
    if [match["version"] for match in found] != [spec.python]:
        raise ConfigurationError(
            f"{path}: dependencies: expected python={spec.python}, as in {path.with_name('environment.toml')}"
        )


def _pins(lines: list[str], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = _PIN.fullmatch(line.strip())
        if match is None:
            raise ConfigurationError(
                f"{path}: pip: {line!r} is not NAME==VERSION; 'harness env lock' writes this section"
            )
        found[canonicalize_name(match["name"])] = match["version"]
    return found
