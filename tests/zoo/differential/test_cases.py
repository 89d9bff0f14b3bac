"""The harness's verdict on the cases that are not in the zoo, for which the page speaks."""

from __future__ import annotations

import shutil

import pytest

from harness.environments.spec import load_all
from tests.main_job.conftest import ROOT, harness
from tests.zoo.asserting import assert_verdict
from tests.zoo.case import Case
from tests.zoo.conftest import ZooRun, run_zoo
from tests.zoo.differential.cases import MORE
from tests.zoo.differential.outcomes import ENVIRONMENTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def more_run(tmp_path_factory: pytest.TempPathFactory) -> ZooRun:
    """A run of the harness on them, in the environments of the command."""
    built = harness("env", "build", *ENVIRONMENTS)
    assert built.returncode == 0, built.stdout + built.stderr
    folder = tmp_path_factory.mktemp("more")
    for case in MORE:
        case.build(folder / "models" / case.name)
    specs = load_all(ROOT / "environments")
    for source in {specs[name].folder for name in ENVIRONMENTS}:
        shutil.copytree(source, folder / "environments" / source.name)
    return run_zoo(folder / "models", folder, "--environments", str(folder / "environments"), "--jobs", "2")


@pytest.mark.parametrize("case", MORE, ids=lambda case: case.label)
def test_verdict(case: Case, more_run: ZooRun) -> None:
    assert_verdict(more_run.record_of(case), case)
