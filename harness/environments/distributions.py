"""The Python packages of a prefix, read from the metadata in its site folder."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path


def versions(prefix: Path) -> dict[str, str]:
    """Name, as its author writes it, to version; sorted without regard to case."""
    folders = [str(folder) for folder in sorted(prefix.glob("lib/python*/site-packages"))]
    found = {item.metadata["Name"]: item.version for item in distributions(path=folders)}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))
