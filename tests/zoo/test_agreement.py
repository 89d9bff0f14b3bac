"""Weights formats of one model that do not agree: a finding, and a verdict where the policy says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zoo.asserting import assert_verdict
from tests.zoo.case import Case
from tests.zoo.cases_agreement import FINDINGS, REQUIRED
from tests.zoo.conftest import ZooRun, run_zoo

pytestmark = pytest.mark.slow

REQUIRES_AGREEMENT = 'schema = 1\n\n[checks]\nrequired = ["agreement"]\n'


def run(cases: tuple[Case, ...], folder: Path, policy: str = "schema = 1\n") -> ZooRun:
    """One cell after the other, so that it is known which one is held against which."""
    models = folder / "models"
    models.mkdir()
    for name, build in {case.name: case.build for case in cases}.items():
        build(models / name)
    (folder / "policy.toml").write_text(policy, "utf-8")
    return run_zoo(models, folder, "--policy", str(folder / "policy.toml"), "--jobs", "1")


@pytest.fixture(scope="module")
def findings_run(environments: None, tmp_path_factory: pytest.TempPathFactory) -> ZooRun:
    return run(FINDINGS, tmp_path_factory.mktemp("findings"))


@pytest.fixture(scope="module")
def required_run(environments: None, tmp_path_factory: pytest.TempPathFactory) -> ZooRun:
    return run(REQUIRED, tmp_path_factory.mktemp("required"), REQUIRES_AGREEMENT)


@pytest.mark.parametrize("case", FINDINGS, ids=lambda case: case.label)
def test_a_finding(case: Case, findings_run: ZooRun) -> None:
    assert_verdict(findings_run.record_of(case), case)


@pytest.mark.parametrize("case", REQUIRED, ids=lambda case: case.label)
def test_a_verdict(case: Case, required_run: ZooRun) -> None:
    assert_verdict(required_run.record_of(case), case)
