"""Imports of Python files, for reviewers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.collection.scan.sources import imports_of

CODE = r"""
import os, torch.nn as nn
from . import blocks
from ..shared.layers import Conv
from pathlib import Path
pattern = "\d"
def late():
    import subprocess
"""


def test_imports_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(CODE)
    found = imports_of("net.py", tmp_path / "net.py")
    assert found.imports == (".", "..shared.layers", "os", "pathlib", "subprocess", "torch.nn")
    assert not found.problem


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (b"import (", "is no Python that can be parsed"),
        (b"x = '\xff'", "is no Python that can be parsed"),
        (b"\x00", "is no Python that can be parsed"),
        (b"-" * 100_000 + b"1", "is no Python that can be parsed"),
        (b"#" * 2**20 + b"#", "is more than 1 MiB"),
    ],
)
def test_what_cannot_be_parsed(code: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_bytes(code)
    found = imports_of("net.py", tmp_path / "net.py")
    assert (found.imports, found.problem[: len(problem)]) == ((), problem)


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    assert imports_of("net.py", tmp_path / "net.py").problem.startswith("cannot be read")
