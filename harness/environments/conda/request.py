"""What is asked of whoever solves and installs: py-rattler or an installed program."""

from __future__ import annotations

import os

import msgspec

from harness.environments.conda import channels
from harness.environments.conda.environment_yml import CondaSpec
from harness.environments.conda.explicit import LockedPackage
from harness.environments.spec import EnvironmentSpec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One environment's conda part.

    Attributes:
        environment: its name, for messages.
        channels: as ``environment.yml`` names them, to address; see :func:`channels.locate`.
        specs: match specifications.
        locked: what a lock says; then nothing is solved.
        platform: such as "linux-64".
        cache: folder of downloads and unpacked packages, below the cache folder.
    """

    environment: str
    channels: dict[str, str | None]
    specs: tuple[str, ...]
    locked: tuple[LockedPackage, ...]
    platform: str
    cache: str = "conda"


def make(
    spec: EnvironmentSpec,
    declared: CondaSpec,
    *,
    platform: str,
    locked: tuple[LockedPackage, ...] = (),
) -> Request:
    """The request for an environment; raises ConfigurationError if a channel cannot be located."""
    located = channels.locate(declared.channels, os.environ, origin=str(spec.environment_yml))
    return Request(
        environment=spec.name,
        channels=located,
        specs=tuple(channels.with_address(text, located) for text in declared.installed),
        locked=locked,
        platform=platform,
    )
