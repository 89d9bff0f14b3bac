"""What it says of a model that its environment cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environments.failure import EnvironmentBuildError
from harness.execute.build import verdict_of
from harness.verdict import Blame, Reason, Status


@pytest.mark.parametrize(("declared_so", "status"), [(True, Status.FAILED), (False, Status.INCONCLUSIVE)])
def test_only_what_an_author_asks_for_is_held_against_the_model(declared_so: bool, status: Status) -> None:
    error = EnvironmentBuildError(
        Reason.ENVIRONMENT_UNSATISFIABLE, "a and b exclude each other", Path("log"), declared_so=declared_so
    )
    verdict = verdict_of(error)
    assert (verdict.status, verdict.reason) == (status, Reason.ENVIRONMENT_UNSATISFIABLE)
    assert (verdict.blame, verdict.message) == (Blame.ENVIRONMENT, "a and b exclude each other")
