"""Which platform conda installs for, in its own words."""

from __future__ import annotations

import os
import platform
import sys

from harness.errors import ConfigurationError

VARIABLE = "HARNESS_CONDA_PLATFORM"
LINUX = "linux-64"
_HERE = {
    ("linux", "x86_64"): LINUX,
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
}
# What a machine is taken to have when solving for others than this one: the least that is still common.
_GLIBC, _LINUX, _OSX = "__glibc=2.28=0", "__linux=5.10=0", "__osx=13.0=0"
ASSUMED = {
    LINUX: ("__unix=0=0", _LINUX, _GLIBC, "__archspec=1=x86_64"),
    "linux-aarch64": ("__unix=0=0", _LINUX, _GLIBC, "__archspec=1=aarch64"),
    "osx-64": ("__unix=0=0", _OSX, "__archspec=1=x86_64"),
    "osx-arm64": ("__unix=0=0", _OSX, "__archspec=1=m1"),
}


def current() -> str:
    """This machine's platform, or what HARNESS_CONDA_PLATFORM names; raises ConfigurationError."""
    return _checked(os.environ.get(VARIABLE, "") or _HERE.get((sys.platform, platform.machine()), ""))


def locked() -> str:
    """The platform of locks that are made: linux-64 unless HARNESS_CONDA_PLATFORM names another one."""
    return _checked(os.environ.get(VARIABLE, "") or LINUX)


def _checked(found: str) -> str:
    if found not in ASSUMED:
        known = ", ".join(ASSUMED)
        raise ConfigurationError(f"{VARIABLE}: {found or platform.machine()!r} is not one of {known}")
    return found
