"""Resolve the files that a description names: inside the package, there, and with the stated sha256."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from harness.collection import fetch
from harness.collection.cache import file_sha256
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.verdict import Reason

__all__ = ["Located", "file_sha256", "hash_files"]


class Located:
    """Where the files of one model are. ``base_url`` is the description's URL for a model of the web."""

    def __init__(self, folder: Path, *, base_url: str | None = None) -> None:
        self.folder = folder
        self.base_url = base_url

    def find(self, file: NamedFile) -> tuple[Path, str]:
        """The file on this machine, fetched if need be, and its actual sha256.

        Raises:
            ModelFault: SOURCE_OUTSIDE_PACKAGE, FILE_MISSING, SHA256_MISMATCH, DOWNLOAD_FAILED or DISK_FULL,
                with the field.
        """
        url = file.source if file.remote else None
        if url is None:
            relative = _inside(file)
            if self.base_url is None:
                return _plain_file(self.folder, relative, file)
            url = _beside(self.base_url, file.source)
        try:
            path = fetch.download(url, sha256=file.sha256)
        except ModelFault as fault:
            raise ModelFault(fault.reason, f"field {file.field}: {fault.message}") from fault
        return path, path.name


def hash_files(files: Iterable[NamedFile], located: Located) -> tuple[dict[str, Path], dict[str, str]]:
    """Every named file's path and its actual sha256, both by source.

    Raises:
        ModelFault: as ``Located.find``; SHA256_MISMATCH names field, file and both digests.
    """
    paths: dict[str, Path] = {}
    digests: dict[str, str] = {}
    for file in files:
        if file.source not in digests:
            paths[file.source], digests[file.source] = located.find(file)
        actual = digests[file.source]
        if file.sha256 and actual != file.sha256.strip().lower():
            raise ModelFault(
                Reason.SHA256_MISMATCH,
                f"field {file.field}: {file.source!r} has sha256 {actual}, "
                f"the description states {file.sha256}",
            )
    return paths, digests


def _inside(file: NamedFile) -> PurePosixPath:
    relative = PurePosixPath(file.source)
    absolute = relative.is_absolute() or PureWindowsPath(file.source).is_absolute() or "\\" in file.source
    if absolute or ".." in relative.parts or urlsplit(file.source).scheme:
        raise ModelFault(
            Reason.SOURCE_OUTSIDE_PACKAGE,
            f"field {file.field}: {file.source!r} is no path inside the package",
        )
    return relative


def _plain_file(folder: Path, relative: PurePosixPath, file: NamedFile) -> tuple[Path, str]:
    """The file below ``folder``, reached without a link, since a link may lead anywhere; and its sha256."""
    where = f"field {file.field}: {file.source!r}"
    path = folder
    try:
        for part in relative.parts:
            path /= part
            if path.is_symlink():
                raise ModelFault(
                    Reason.SOURCE_OUTSIDE_PACKAGE, f"{where} goes through the symbolic link {path.name!r}"
                )
        if path.is_file():
            return path, file_sha256(path)
    except (OSError, ValueError) as error:  # no permission, a name too long or with a NUL
        why = error.strerror if isinstance(error, OSError) else error
        raise ModelFault(Reason.FILE_MISSING, f"{where} cannot be read ({why})") from error
    what = "is a folder" if path.is_dir() else "is not in the package"
    raise ModelFault(Reason.FILE_MISSING, f"{where} {what}")


def _beside(base_url: str, source: str) -> str:
    """The URL of a relative source; the query (a version, say) is the description's."""
    base = urlsplit(base_url)
    joined = urlsplit(urljoin(base_url, quote(source)))
    return urlunsplit(joined._replace(query=base.query))
