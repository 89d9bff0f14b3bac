"""What else decides a verdict, as part of every cell's key: the code that makes it, and the threads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import harness

# Everything between the files of a model and its verdict. A change here asks every question again.
_CODE = (
    "collection/description.py",
    "collection/tolerance.py",
    "collection/variants.py",
    "execute/answers.py",
    "execute/chunks.py",
    "execute/classify.py",
    "execute/confirm.py",
    "execute/judge.py",
    "execute/stage.py",
    "execute/tasks.py",
    "worker/**/*.py",
)


def deciding_settings(*, threads: int) -> dict[str, str]:
    """The settings for :func:`harness.cell.cell_key`."""
    return {"code": _code_digest(), "threads": str(threads)}


def _code_digest() -> str:
    package = Path(harness.__file__).parent
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _CODE for path in package.glob(pattern)}):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
