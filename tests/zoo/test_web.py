"""Models of the web, from servers that fail; the models beside them still get their verdict."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.ledger.record import Record
from tests.collection.conftest import Server
from tests.conftest import REFERENCE
from tests.main_job.conftest import ROOT, Run
from tests.zoo.asserting import assert_verdict
from tests.zoo.case import Case
from tests.zoo.web import CASES, serve

pytestmark = pytest.mark.slow

# The command line as it is, but for its patience.
IMPATIENT = """
from harness.__main__ import main
from harness.collection import fetch
fetch.TIMEOUT_SECONDS = 0.3
fetch.WAIT_SECONDS = 0.0
main()
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """What a run over an index of the web records, by model."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "served").mkdir()
    server = Server(folder / "served")
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-c", IMPATIENT, "run", serve(server)),
                *("--output", str(folder / "out"), *REFERENCE),
            ],
            cwd=ROOT,
            env={**os.environ, "HARNESS_CACHE_DIR": str(folder / "cache"), "NO_PROXY": "*", "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        server.close()
    assert done.returncode == 1, done.stdout + done.stderr
    assert list((folder / "cache").rglob(".part-*")) == []
    return {record.model.id: record for record in Run(1, "", "", folder / "out").records}


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=lambda case: case.label)
def test_verdict(case: Case, records: dict[str, Record]) -> None:
    assert_verdict(records[case.name], case)
