"""Fixtures of the report tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.reports.site import write_site

from .factories import GENERATED_AT
from .zoo import zoo_records


@pytest.fixture(scope="session")
def zoo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the made-up zoo; read it only."""
    folder = tmp_path_factory.mktemp("zoo")
    records = zoo_records(folder / "artifacts")
    write_site(records, folder / "site", artifacts=folder / "artifacts", generated_at=GENERATED_AT)
    return folder / "site"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs the program chromium on PATH (Debian's package chromium)")
    return path
