"""npm packages of an environment: ``package.json`` says which it needs, ``package-lock.json`` which it gets.

The lock names no address, so that it serves whoever has configured a mirror, and has the sha512 of each.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError

FOLDER = "javascript"  # in an environment
WANTED, LOCK = "package.json", "package-lock.json"
_MODULES = "node_modules/"


class _Package(msgspec.Struct, frozen=True):
    version: str = ""
    integrity: str = ""
    resolved: str = ""
    link: bool = False


class _Lock(msgspec.Struct, frozen=True):
    packages: dict[str, _Package]


class _Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dependencies: dict[str, str]
    name: str = ""
    private: bool = False


def files(folder: Path) -> dict[str, str]:
    """The two files of an environment's folder by name, without the last line's end; empty if it has none.

    Raises:
        ConfigurationError: one of them is missing or cannot be read.
    """
    if not any((folder / name).exists() for name in (WANTED, LOCK)):
        return {}
    return {name: _text(folder / name).rstrip("\n") for name in (LOCK, WANTED)}


def pins(folder: Path) -> dict[str, str]:
    """What ``package.json`` asks for, name to locked version; raises like :func:`files`."""
    if not files(folder):
        return {}
    locked = _locked(folder)
    return {
        name: locked[_MODULES + name].version
        for name in jsonio.read(folder / WANTED, _Wanted).dependencies
        if _MODULES + name in locked
    }


def problems(folder: Path) -> list[str]:
    """What is wrong with the lock, one phrase each; empty if it is good. Raises like :func:`files`."""
    if not files(folder):
        return []
    found: list[str] = []
    locked = _locked(folder)
    for place, package in locked.items():
        if place and (package.resolved or package.link):
            found.append(f"{LOCK}: an address or a place: {place}")
        elif place and not package.integrity.startswith("sha512-"):
            found.append(f"{LOCK}: no sha512: {place}")
    for name, version in jsonio.read(folder / WANTED, _Wanted).dependencies.items():
        locked_version = locked.get(_MODULES + name, _Package()).version
        if locked_version != version:
            found.append(f"{name} is {locked_version or 'missing'}, {WANTED} asks for {version}")
    return found


def installed(prefix: Path) -> dict[str, str]:
    """What is in an environment, name to version, sorted; without what one package keeps for itself."""
    lock = prefix / FOLDER / "node_modules" / ".package-lock.json"
    if not lock.is_file():
        return {}
    found = jsonio.read(lock, _Lock).packages
    names = {place.removeprefix(_MODULES): package.version for place, package in sorted(found.items())}
    return {name: version for name, version in names.items() if f"/{_MODULES}" not in name}


def count(folder: Path) -> int:
    """How many packages the lock installs; raises ConfigurationError if it cannot be read."""
    return sum(1 for place in _locked(folder) if place)


def _locked(folder: Path) -> dict[str, _Package]:
    """Package by its place below the folder; the empty place is that of the environment itself."""
    return jsonio.read(folder / LOCK, _Lock).packages


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); {WANTED} and {LOCK} belong together"
        ) from error
