"""Whether a built environment still holds what was installed: its files against the lists of installers.

A RECORD (of the packaging standard "Recording installed projects") lists the files of one distribution with
their sizes, conda's records those of one package. Only sizes are compared: reading gigabytes before every run
would cost more than it finds.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.environments import npm_lock
from harness.environments.built import BuiltEnvironment
from harness.environments.conda import installed
from harness.environments.conda.installed import InstalledPackage
from harness.environments.docker import images
from harness.errors import ConfigurationError


def damage(built: BuiltEnvironment) -> str:
    """The first thing that is missing or changed since the build, in one phrase; empty if there is none.

    Looked at are the interpreter, that each package of ``built`` is still installed, and every file that is
    listed. Bytecode is not: Python makes it anew.
    """
    return images.damage(built.prefix) if built.image else next(_damages(built), "")


def _damages(built: BuiltEnvironment) -> Iterator[str]:
    python = built.python
    if not python.is_file():
        yield f"{_short(python, built)} is missing"
    elif not os.access(python, os.X_OK):
        yield f"{_short(python, built)} is not executable"
    infos = sorted(built.prefix.glob("lib/python*/site-packages/*.dist-info"))
    try:
        conda = installed.read(built.prefix)
    except (OSError, ValueError) as error:
        yield f"conda-meta cannot be read ({_why(error)})"
        conda = ()
    present = {_name_of(info) for info in infos} | {canonicalize_name(package.name) for package in conda}
    try:
        present |= {canonicalize_name(name) for name in npm_lock.installed(built.prefix)}
    except ConfigurationError as error:
        yield str(error)
    for name in built.packages:
        if canonicalize_name(name) not in present:
            yield f"package {name} is missing"
    yield from _file_damages(infos, _conda_sizes(conda, built.prefix), built)


def _file_damages(infos: list[Path], sizes: dict[str, set[int]], built: BuiltEnvironment) -> Iterator[str]:
    """Damages of single files, given what conda has installed.

    Two distributions may bring one file: the one that was installed last wins, whichever that was.
    """
    for info in infos:
        if str(info / "METADATA") in sizes:
            continue  # conda's own list is right; a RECORD has the sizes before paths were written into files
        try:
            _add_sizes(info, sizes)
        except (OSError, ValueError, csv.Error) as error:
            yield f"{_short(info / 'RECORD', built)} cannot be read ({_why(error)})"
    for path, stated in sizes.items():
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - tens of thousands of files
        except (OSError, ValueError) as error:
            yield f"{_short(Path(path), built)} is missing ({_why(error)})"
            continue
        if stated and size not in stated:
            wanted = " or ".join(map(str, sorted(stated)))
            yield f"{_short(Path(path), built)} has {size} bytes, was installed with {wanted}"


def _conda_sizes(packages: Iterable[InstalledPackage], prefix: Path) -> dict[str, set[int]]:
    """Full path to what may be its size (none stated: any), for every plain file that conda has installed."""
    sizes: dict[str, set[int]] = {}
    for package in packages:
        for file in package.files:
            if file.path_type == "hardlink" and not file.path.endswith(".pyc"):
                stated = () if file.placeholder or file.size is None else (file.size,)
                sizes.setdefault(f"{prefix}/{file.path}", set()).update(stated)
    return sizes


def _add_sizes(info: Path, sizes: dict[str, set[int]]) -> None:
    """Add the files of one RECORD to ``sizes``: full path to each size that was stated for it."""
    site = str(info.parent)
    with (info / "RECORD").open(encoding="utf-8", newline="") as stream:
        for path, _, size in csv.reader(stream):
            if size and not path.endswith(".pyc"):
                full = os.path.join(site, path)  # noqa: PTH118 - tens of thousands of files
                sizes.setdefault(os.path.normpath(full) if ".." in path else full, set()).add(int(size))


def _name_of(info: Path) -> str:
    """The normalised name of the distribution ``name-version.dist-info``."""
    return canonicalize_name(info.name.removesuffix(".dist-info").partition("-")[0])


def _short(path: Path, built: BuiltEnvironment) -> str:
    """The path as people look for it: inside the environment, if it is there."""
    return str(path.relative_to(built.prefix) if path.is_relative_to(built.prefix) else path)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
