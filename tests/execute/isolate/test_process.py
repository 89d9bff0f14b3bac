"""Level process passes everything on as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.execute.isolate.level import Mount
from harness.execute.isolate.process import Process
from tests.execute.isolate.confined import run_python


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_it_is_where_it_is_and_has_what_it_was_given(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), sorted(set(os.environ) - {'LC_CTYPE'}))"
    ran = run_python(Process(), code, tmp_path, env={"GIVEN": "1"})
    assert ran.printed.split() == [str(ran.folder.resolve()), "['GIVEN']"]


def test_mounts_are_not_hidden() -> None:
    assert Process().path(Mount(source=Path("/here"), target="/there")) == str(Path("/here"))


def test_it_says_why_nothing_stronger_was_chosen() -> None:
    assert (
        "no sandbox: bubblewrap is not installed"
        in Process(because="no sandbox: bubblewrap is not installed").description
    )
