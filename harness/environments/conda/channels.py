"""Where the channels of an ``environment.yml`` are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import ConfigurationError

VARIABLE = "HARNESS_CONDA_CHANNELS"
_NO_DEFAULTS = "nodefaults"
_DEFAULTS = "defaults"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*")


def locate(channels: Iterable[str], environ: Mapping[str, str], *, origin: str) -> dict[str, str | None]:
    """Channel, as the file names it, to its address; first channel, first asked.

    HARNESS_CONDA_CHANNELS ("conda-forge=https://mirror.example.org/conda-forge other=/srv/other") tells the
    addresses of channels. None is the address of a name that py-rattler knows where to find. ``nodefaults``
    is no channel, and means what is true here anyway: no channel is asked that the file does not name.

    Args:
        origin: the file, for messages.

    Raises:
        ConfigurationError: no channel is left, or one of them cannot be located.
    """
    overrides = _overrides(environ.get(VARIABLE, ""))
    found: dict[str, str | None] = {}
    for channel in channels:
        if channel == _NO_DEFAULTS:
            continue
        if channel in overrides:
            found[channel] = overrides[channel]
        elif "://" in channel or channel.startswith("/"):
            found[channel] = _address(channel)
        elif channel == _DEFAULTS:
            raise ConfigurationError(
                f"{origin}: channels: 'defaults' stands for whatever a conda is configured to use; name a "
                f"channel, or tell where it is with {VARIABLE}='defaults=ADDRESS'"
            )
        elif _NAME.fullmatch(channel):
            found[channel] = None
        else:
            raise ConfigurationError(f"{origin}: channels: {channel!r} is no name, address or full path")
    if not found:
        raise ConfigurationError(f"{origin}: channels: there is none; name one, such as conda-forge")
    return found


def with_address(spec: str, located: Mapping[str, str | None]) -> str:
    """A match specification ``channel::rest`` with the channel's address, if it has another than usual."""
    channel, colons, rest = spec.partition("::")
    address = located.get(channel) if colons else None
    return f"{address}::{rest}" if address else spec


def _overrides(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.split():
        name, equals, address = pair.partition("=")
        if not equals or not name or not ("://" in address or address.startswith("/")):
            raise ConfigurationError(
                f"{VARIABLE}: {pair!r} is not NAME=ADDRESS, with an address or full path"
            )
        found[name] = _address(address)
    return found


def _address(place: str) -> str:
    return (place if "://" in place else Path(place).as_uri()).rstrip("/")
