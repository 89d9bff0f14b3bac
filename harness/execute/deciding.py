"""What else decides a verdict, as part of every cell's key: the code, how it is called, and the policy."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import harness
from harness.policy import Policy

# Everything between the files of a model and its verdict. A change here asks every question again.
_CODE = (
    "collection/description.py",
    "collection/tolerance.py",
    "collection/variants.py",
    "collection/scan*/**/*.py",
    "collection/scan.py",
    "execute/agreement.py",
    "execute/answer_variants.py",
    "execute/answers.py",
    "execute/believe.py",
    "execute/chunks.py",
    "execute/classify.py",
    "execute/compare.py",
    "execute/confirm.py",
    "execute/determinism.py",
    "execute/judge.py",
    "execute/question.py",
    "execute/stage.py",
    "execute/tasks.py",
    "policy/bounds.py",
    "worker/**/*.py",
)


def deciding_settings(*, threads: int, repeat: int, policy: Policy) -> dict[str, str]:
    """The settings for :func:`harness.cell.cell_key`."""
    repeated = {"repeat": str(repeat)} if repeat > 1 else {}
    return {"code": code_digest(), "threads": str(threads), **repeated, **policy.deciding()}


@functools.cache
def code_digest() -> str:
    """The digest of the code between the files of a model and its verdict."""
    package = Path(harness.__file__).parent
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _CODE for path in package.glob(pattern)}):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
