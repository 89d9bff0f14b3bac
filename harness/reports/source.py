"""The digest of all that a site shows: a site that was made from the same need not be made again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import harness
from harness.errors import ConfigurationError


def source_digest(output: Path, *, site_url: str) -> str:
    """The digest of ledger, names of artifacts (they name their content), code and templates.

    When a site was generated is not part of it: that tells of the site, not of what it shows.

    Raises:
        ConfigurationError: a file of the ledger cannot be read.
    """
    package = Path(harness.__file__).parent
    digest = hashlib.sha256(f"{site_url}\0{metadata.version('jinja2')}".encode())
    try:
        for path in (*sorted(package.glob("*.py")), *_files(package / "reports"), *_files(output / "ledger")):
            if path.suffix not in ("", ".pyc"):
                digest.update(os.fsencode(path.name) + b"\0" + _content_digest(path))
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: cannot be read ({error.strerror})") from error
    for path in _files(output / "artifacts"):
        digest.update(os.fsencode(path) + b"\0")
    return digest.hexdigest()


def _content_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.digest()


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, in the order of their names; none if it is not there."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(root, name)
