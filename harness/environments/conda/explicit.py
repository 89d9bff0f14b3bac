"""The exact lock of the conda part: an ``@EXPLICIT`` file (CEP 23) that names channels instead of servers.

    # platform: linux-64
    @EXPLICIT
    conda-forge/linux-64/python-3.11.9-hb806964_0_cpython.conda#sha256:177f33...

The standard allows a path where an address is usual; these paths begin with the channel's name, so that the
file serves everybody, whichever mirror is in use. With the address of the server that has the channels put in
front of each line, ``conda create --file`` takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from harness.errors import ConfigurationError

_MARK = "@EXPLICIT"
_LINE = re.compile(
    r"(?P<channel>\S+)/(?P<subdir>[a-z0-9-]+)/(?P<file>[^/#\s]+-[^/#\s-]+-[^/#\s-]+\.(?:conda|tar\.bz2))"
    r"#(?:sha256:)?(?P<sha256>[0-9a-f]{64})"
)


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a channel.

    Attributes:
        channel: as ``environment.yml`` names it.
        path: below the channel, "noarch/tzdata-2025b-h78e105d_0.conda".
        sha256: of the file, hex.
    """

    channel: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The package's name: a file is called name-version-build."""
        return self._parts[0]

    @property
    def version(self) -> str:
        """The package's version."""
        return self._parts[1]

    @property
    def _parts(self) -> list[str]:
        return self.path.rpartition("/")[2].rsplit("-", 2)

    def address(self, channels: Mapping[str, str]) -> str:
        """Where the file is, given the addresses of channels; a channel may be an address itself."""
        return f"{channels.get(self.channel, self.channel).rstrip('/')}/{self.path}"


def render(packages: Iterable[LockedPackage], *, platform: str, header: str) -> str:
    """The text of a lock; the packages come in the order in which they are installed."""
    lines = [f"{package.channel}/{package.path}#sha256:{package.sha256}" for package in packages]
    return "\n".join([f"# {header}", f"# platform: {platform}", _MARK, *lines]) + "\n"


def parse(text: str, *, origin: str) -> tuple[LockedPackage, ...]:
    """Read a lock; raises ConfigurationError that names the line that is none, or the missing mark."""
    lines = [line.strip() for line in text.splitlines()]
    if _MARK not in lines:
        raise ConfigurationError(f"{origin}: has no line {_MARK}")
    found: list[LockedPackage] = []
    for line in lines:
        if not line or line == _MARK or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ConfigurationError(f"{origin}: {line!r} is not CHANNEL/PLATFORM/FILE#sha256:HASH")
        path = f"{match['subdir']}/{match['file']}"
        found.append(LockedPackage(channel=match["channel"], path=path, sha256=match["sha256"]))
    if not found:
        raise ConfigurationError(f"{origin}: locks no package")
    return tuple(found)
