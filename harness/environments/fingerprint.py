"""All that the outcome of a health check depends on, as one digest.

The files of an environment are links into caches of packages: by inode, size and time of change they are the
same files as last time, or they are not. The few that are written anew each time are read; what they say of
their own folder is left out. Beside them count the interpreter that they belong to, the script with its
variables, and the machine: its system, its libraries and its processor.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from harness import jsonio
from harness.environments.built import variables_for
from harness.environments.docker import images
from harness.environments.spec import EnvironmentSpec

_PREFIX = b"@prefix@"
_MOST_READ = 64 * 1024**2  # bytes; where files cannot be links, a health check is as fast as reading them all
_LIBRARIES = "/etc/ld.so.cache"  # is written anew whenever libraries of the system come or go
_PROCESSOR = ("model name", "flags", "Features")


class _TooMuchError(Exception):
    """There is more to read than is worth it."""


def of(spec: EnvironmentSpec, prefix: Path, python: Path, *, image: str | None) -> str | None:
    """sha256 (hex); None if the environment has none, since its files are no links.

    Args:
        python: its interpreter.
        image: what that is in, if it is not on this machine; ``prefix`` knows which one it is.

    Raises:
        OSError: a file cannot be read.
    """
    try:
        files = _of_image(prefix) if image else _of_files(prefix, python)
    except _TooMuchError:
        return None
    variables = variables_for(python, spec.variables, threads=1)
    return jsonio.digest(
        {
            "files": files,
            "script": hashlib.sha256(spec.health.read_bytes()).hexdigest(),
            "variables": {name: value.replace(str(prefix), "") for name, value in variables.items()},
            "machine": machine(),
        }
    )


def machine() -> tuple[str, ...]:
    """What a program may find different on another machine, or after an update of this one."""
    return (platform.platform(), platform.machine(), *sorted(set(_processor())), _identity(_LIBRARIES))


def _processor() -> Iterator[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return (line for line in lines if line.partition(":")[0].strip() in _PROCESSOR)


def _of_image(prefix: Path) -> str:
    """An image never changes: its id is a digest."""
    return images.identity(prefix)


def _of_files(prefix: Path, python: Path) -> str:
    real = python.resolve()
    elsewhere = "" if real.is_relative_to(prefix.resolve()) else f"{real} {_identity(str(real))}"
    digest = hashlib.sha256(elsewhere.encode())
    own = str(prefix).encode()
    left = _MOST_READ
    for path, entry in _walk(str(prefix)):
        found = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            told = str(Path(path).readlink()).encode("utf-8", "surrogateescape").replace(own, _PREFIX)
        elif found.st_nlink > 1:
            told = f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}".encode()
        elif _follows_from_others(path):
            continue
        else:
            left -= found.st_size
            if left < 0:
                raise _TooMuchError
            told = hashlib.sha256(Path(path).read_bytes().replace(own, _PREFIX)).digest()
        name = path[len(str(prefix)) :].encode("utf-8", "surrogateescape")
        digest.update(b"%d %s\0%d %s\0" % (len(name), name, len(told), told))
        digest.update(b"%o" % found.st_mode)
    return digest.hexdigest()


def _walk(folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file below, always in the same order."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        else:
            yield entry.path, entry


def _follows_from_others(path: str) -> bool:
    """Whether it only tells of other files: sources in bytecode, with their time, or lists of installers."""
    return path.endswith((".pyc", "/RECORD")) or "/conda-meta/" in path


def _identity(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116 - as everywhere here
    except OSError:
        return "none"
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}"
