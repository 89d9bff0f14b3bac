"""Resolve the files that a description names: inside the package, there, and with the stated sha256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import urljoin, urlsplit, urlunsplit

from harness.collection import fetch
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.verdict import Reason


class Located:
    """Where the files of one model are. ``base_url`` is the description's URL for a model of the web."""

    def __init__(self, folder: Path, *, base_url: str | None = None) -> None:
        self.folder = folder
        self.base_url = base_url

    def path_of(self, file: NamedFile) -> Path:
        """The file on this machine, fetched if need be.

        Raises:
            ModelFault: SOURCE_OUTSIDE_PACKAGE, FILE_MISSING, SHA256_MISMATCH or DOWNLOAD_FAILED, with the field.
        """
        if file.remote:
            return fetch.download(file.source, sha256=file.sha256)
        relative = _inside(file)
        if self.base_url is not None:
            return fetch.download(_beside(self.base_url, file.source), sha256=file.sha256)
        return _plain_file(self.folder, relative, file)


def hash_files(files: Iterable[NamedFile], located: Located) -> tuple[dict[str, Path], dict[str, str]]:
    """Every named file's path and its actual sha256, both by source.

    Raises:
        ModelFault: as ``Located.path_of``; SHA256_MISMATCH names field, file and both digests.
    """
    paths: dict[str, Path] = {}
    digests: dict[str, str] = {}
    for file in files:
        if file.source not in digests:
            path = located.path_of(file)
            paths[file.source], digests[file.source] = path, file_sha256(path)
        actual = digests[file.source]
        if file.sha256 and actual != file.sha256.lower():
            raise ModelFault(
                Reason.SHA256_MISMATCH,
                f"field {file.field}: {file.source} has sha256 {actual}, the description states {file.sha256}",
            )
    return paths, digests


def file_sha256(path: Path) -> str:
    """The sha256 (hex) of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _inside(file: NamedFile) -> PurePosixPath:
    relative = PurePosixPath(file.source)
    absolute = relative.is_absolute() or PureWindowsPath(file.source).is_absolute() or "\\" in file.source
    if absolute or ".." in relative.parts or urlsplit(file.source).scheme:
        raise ModelFault(
            Reason.SOURCE_OUTSIDE_PACKAGE,
            f"field {file.field}: {file.source!r} is no path inside the package",
        )
    return relative


def _plain_file(folder: Path, relative: PurePosixPath, file: NamedFile) -> Path:
    """The file below ``folder``, reached without a link, since a link may lead anywhere."""
    path = folder
    for part in relative.parts:
        path /= part
        if path.is_symlink():
            raise ModelFault(
                Reason.SOURCE_OUTSIDE_PACKAGE,
                f"field {file.field}: {file.source!r} goes through the symbolic link {path.name!r}",
            )
    if not path.is_file():
        raise ModelFault(Reason.FILE_MISSING, f"field {file.field}: {file.source!r} is not in the package")
    return path


def _beside(base_url: str, source: str) -> str:
    """The URL of a relative source; the query (a version, say) is the description's."""
    base = urlsplit(base_url)
    joined = urlsplit(urljoin(base_url, source))
    return urlunsplit(joined._replace(query=base.query))
