"""``environment.toml``: what it may say, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from harness.cell import Device, WeightsFormat
from harness.environments.command_line import Declared
from harness.errors import ConfigurationError
from harness.limits import Limits

_PYTHON = re.compile(r"3\.\d+")
_VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)?")


class EnvironmentToml(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it stands.

    Attributes:
        command: the tool, if it is a command line.
        versioned: the package that ``versions`` are of.
        versions: each makes an environment of its own; users get the first one.

    The others are those of :class:`harness.environments.spec.EnvironmentSpec`.
    """

    description: str
    python: str
    weights_formats: tuple[WeightsFormat, ...]
    consumers: tuple[str, ...]
    variables: dict[str, str] = {}
    torch_backend: str = ""
    command: Declared | None = None
    limits: Limits = Limits()
    devices: tuple[Device, ...] = (Device.CPU,)
    versioned: str = ""
    versions: tuple[str, ...] = ()
    versions_url: str = ""


def decode(text: str, path: Path) -> EnvironmentToml:
    """Read the text of the file at ``path``.

    Raises:
        ConfigurationError: names the file and the field that is missing, unknown or of the wrong type.
    """
    try:
        file = msgspec.toml.decode(text, type=EnvironmentToml)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not _PYTHON.fullmatch(file.python):
        raise ConfigurationError(f"{path}: python is {file.python!r}, expected a version such as '3.11'")
    if not file.devices:
        known = ", ".join(device.value for device in Device)
        raise ConfigurationError(f"{path}: devices is empty; leave it out for cpu, or name some of: {known}")
    _check_versions(file, path)
    return file


def _check_versions(file: EnvironmentToml, path: Path) -> None:
    if bool(file.versioned) != bool(file.versions):
        raise ConfigurationError(
            f"{path}: versioned names a package and versions lists versions of it; write both, or neither"
        )
    for version in file.versions:
        if not _VERSION.fullmatch(version):
            raise ConfigurationError(f"{path}: versions: {version!r} is no version such as '1.2.3'")
    if len(set(file.versions)) < len(file.versions):
        raise ConfigurationError(f"{path}: versions: one is listed twice")
