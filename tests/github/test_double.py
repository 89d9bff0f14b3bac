"""The double is worth what it refuses."""

from __future__ import annotations

import re

import pytest

from harness.errors import GitHubError
from harness.github.session import connect
from tests.github.conftest import SOON
from tests.github.double import Double
from tests.github.double.routes import ROUTES
from tests.github.double.state import CheckRun
from tools.github_description import IN_USE


def test_a_request_that_github_would_refuse_is_a_violation() -> None:
    with (
        Double() as double,
        connect(double.variables, again="", patience=SOON) as api,
        pytest.raises(GitHubError, match="refused with 418"),
    ):
        api.post("statuses", "a" * 40, body={"state": "green", "context": "harness"})
    (violation,) = double.violations
    assert "POST /statuses/" in violation
    assert "'green' is not one of" in violation


def test_an_answer_that_github_would_not_give_is_a_violation() -> None:
    with Double() as double, connect(double.variables, again="", patience=SOON) as api:
        double.state.check_runs[7] = CheckRun(
            id=7, name="", head_sha="", status="done", conclusion=None, output={}, annotations=[]
        )
        with pytest.raises(GitHubError, match="refused with 418"):
            api.patch("check-runs", 7, body={"output": {"summary": ""}})
    (violation,) = double.violations
    assert "'done' is not one of" in violation


def test_a_path_that_is_not_in_the_description_is_not_there(github: Double) -> None:
    with (
        connect(github.variables, again="", patience=SOON) as api,
        pytest.raises(GitHubError, match="refused with 404"),
    ):
        api.get("secrets")


def test_it_answers_all_that_the_description_was_cut_to() -> None:
    answered = {(method.lower(), re.sub(r"<.*?>", "{}", path)) for method, path in ROUTES}
    described = {
        (method, re.sub(r"{.*?}", "{}", path)) for path, methods in IN_USE.items() for method in methods
    }
    assert described - answered == {("get", "/actions/artifacts/{}/{}")}  # no JSON, but bytes
    assert not answered - described


def test_a_wrong_token_is_refused(github: Double) -> None:
    with (
        connect({**github.variables, "GITHUB_TOKEN": "ghs_other"}, again="", patience=SOON) as api,
        pytest.raises(GitHubError, match="give the job a valid token"),
    ):
        api.get("pulls", 7)
