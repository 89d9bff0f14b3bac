"""What is said of commands that no test runs is about commands that are there."""

from __future__ import annotations

from tests.conftest import ROOT
from tests.github.workflows.not_run import ELSEWHERE, NOT_RUN
from tests.github.workflows.sources import all_sources


def test_every_reason_is_about_one_that_is_there() -> None:
    there = [step["run"] for source in all_sources() for _, step in source.steps if "run" in step]
    assert [begin for begin in NOT_RUN if not any(command.startswith(begin) for command in there)] == []


def test_every_workflow_that_is_run_elsewhere_is_there_and_run() -> None:
    assert set(ELSEWHERE) <= {source.name for source in all_sources()}
    for workflow, module in ELSEWHERE.items():
        assert f'"{workflow}"' in (ROOT / "tests" / "github" / "workflows" / module).read_text()
