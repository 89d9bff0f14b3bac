"""The main job, run once for real; the tests look at what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.ledger.survey import read_surveys
from tests.conftest import REFERENCE

ROOT = Path(__file__).parents[2]


class Run(NamedTuple):
    """A finished run of the command line."""

    code: int
    stdout: str
    stderr: str
    output: Path

    @property
    def records(self) -> list[Record]:
        return current(read_records(self.output / "ledger"), read_surveys(self.output / "ledger"))


def harness(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, with further environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error", **variables},
    )


def run_harness(collection: Path, output: Path, *options: str, **variables: str) -> Run:
    """``harness run`` on a collection, in the reference runtime unless the options name another tool."""
    tools = () if "--consumer" in options else REFERENCE
    done = harness("run", collection, "--output", output, *tools, *options, **variables)
    return Run(done.returncode, done.stdout, done.stderr, output)


@pytest.fixture(scope="session")
def collection_run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The main job on the project's own collection."""
    return run_harness(collection, tmp_path_factory.mktemp("collection-run"))


@pytest.fixture(scope="session")
def real_run(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The main job on two real models of the zoo."""
    return run_harness(real_models, tmp_path_factory.mktemp("real-run"))
