"""What an image turned out to hold: kept in the environment's folder, in place of the environment itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness import jsonio, proc
from harness.environments.attempt import Attempt
from harness.environments.docker import inside
from harness.errors import ConfigurationError

_FILE = "image.json"
_SECONDS = 120.0
_DESCRIBE = """
import json, platform, sys
from importlib.metadata import distributions
there = {found.metadata["Name"]: found.version for found in distributions()}
told = {"python": sys.executable, "python_version": platform.python_version(), "packages": there}
print(json.dumps(told))
"""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the image's Python says of itself."""

    python: str
    python_version: str
    packages: dict[str, str]


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The image of an environment.

    Attributes:
        image: its name.
        id: see :class:`harness.environments.docker.engine.Image`.
        base_id: of the image that it was built from.
        found: what it holds.
        size_bytes: of all its layers.
        own_bytes: of those that the other image has not.
    """

    image: str
    id: str
    base_id: str
    found: Found
    size_bytes: int
    own_bytes: int


class UnfitError(Exception):
    """The image is not what the environment asks for; its text says why."""


def look_into(image: str, attempt: Attempt) -> Found:
    """Ask the ``python`` of an image.

    Raises:
        UnfitError: it gives no answer.
        EngineError: there is no container.
        Interrupted: the attempt was cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="harness-image-") as scratch:
        log = Path(scratch) / "log"
        argv = ["python", "-I", "-c", _DESCRIBE]
        ended = inside.run(image, argv, attempt, env={}, seconds=_SECONDS, log=log)
        output = log.read_text("utf-8", errors="replace")
        try:
            return msgspec.json.decode(output, type=Found)
        except msgspec.DecodeError:
            raise UnfitError(
                f"its python gives no answer (exit code {ended.exit_code})\n{proc.tail(log)}".rstrip()
            ) from None


def differences(found: Found, *, python: str, pins: dict[str, str]) -> str:
    """How it differs from what is locked, in one phrase; empty if it does not."""
    if not found.python_version.startswith(f"{python}."):
        return f"it has Python {found.python_version}, not {python}"
    there = {str(canonicalize_name(name)): version for name, version in found.packages.items()}
    for name, version in pins.items():
        if name not in there:
            return f"package {name} is missing"
        if Version(Version(there[name]).public) != Version(Version(version).public):
            return f"{name} is {there[name]}, the lock says {version}"
    return ""


def write(prefix: Path, contents: Contents) -> None:
    """Keep it; raises OutputError."""
    jsonio.write(prefix / _FILE, contents)


def read(prefix: Path) -> Contents | None:
    """What was kept, if it can be read."""
    try:
        return jsonio.read(prefix / _FILE, Contents)
    except ConfigurationError:
        return None
