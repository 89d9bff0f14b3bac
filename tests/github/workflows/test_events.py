"""Which jobs run for which event, by GitHub's own evaluator on every ``if:``, matrix and name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.github.workflows.events import comment, event, pull_request, push, starts, workflow_run
from tests.github.workflows.graph import Job, Outcome, inputs_of, run_jobs
from tests.github.workflows.javascript import Actions
from tests.github.workflows.sources import WORKFLOWS, read

DIGEST = "d" * 64
SHARDS = [
    {
        "shard": f"{k}/2",
        "name": f"shard-{k}-of-2",
        "runner": ["ubuntu-24.04"],
        "cache-key": f"key{k}",
        "downloads-key": f"files{k}",
    }
    for k in (1, 2)
]
PLANNED = {"shards": json.dumps(SHARDS), "digest": DIGEST, "count": "2"}
NOTHING = {"shards": "[]", "digest": DIGEST, "count": "0"}
OUTPUTS = {"plan": PLANNED, "find": {"changed": "true"}}


def jobs_of(
    actions: Actions,
    github: Mapping[str, Any],
    *,
    outputs: Mapping[str, Mapping[str, str]] = OUTPUTS,
    failing: tuple[str, ...] = (),
) -> list[str]:
    """The names of all jobs that an event leads to, after the name of their workflow."""
    ran: list[str] = []

    def perform(job: Job) -> Outcome:
        ran.append(f"{source.content['name']}: {job.name}")
        result = "failure" if job.id in failing else "success"
        return Outcome(result, outputs.get(job.id, {}) if result == "success" else {})

    for source in map(read, WORKFLOWS):
        if starts(source, github):
            interface = (
                source.events[github["event_name"]] if github["event_name"] == "workflow_dispatch" else {}
            )
            inputs = inputs_of(interface, github["event"].get("inputs", {}))
            contexts = {"github": github, "vars": {}, "inputs": inputs}
            run_jobs(actions, source, contexts, perform)
    return ran


def groups_of(actions: Actions, github: Mapping[str, Any]) -> list[str]:
    """The concurrency groups of all workflows that an event starts, and of their jobs."""
    contexts = {"github": github, "inputs": github["event"].get("inputs", {})}
    return [
        actions.evaluate(part["concurrency"]["group"], contexts)
        for source in map(read, WORKFLOWS)
        if starts(source, github)
        for part in (source.content, *source.jobs.values())
        if "concurrency" in part
    ]


RUN = [f"run {k}/2, plan {DIGEST}" for k in (1, 2)]
COLLECTION = ["collection / plan", *(f"collection / {run}" for run in RUN), "collection / gate"]
TESTS = [*(f"tests: unit, Python {version}" for version in ("3.10", "3.11", "3.13")), "tests: all"]
RELEASE = ["find", *COLLECTION, "compare"]
PUBLISH = ["publish / ledger", "publish / pages", "publish / issues"]


def named(workflow: str, jobs: list[str]) -> list[str]:
    return [f"{workflow}: {job}" for job in jobs]


@pytest.mark.parametrize("fork", [False, True], ids=["branch", "fork"])
def test_a_pull_request_is_tested(actions: Actions, fork: bool) -> None:
    assert jobs_of(actions, pull_request(fork=fork)) == [*named("pull request", COLLECTION), *TESTS]


def test_a_pull_request_with_nothing_to_run_is_gated(actions: Actions) -> None:
    ran = jobs_of(actions, pull_request(), outputs={"plan": NOTHING})
    assert ran == [*named("pull request", ["collection / plan", "collection / gate"]), *TESTS]


def test_a_red_shard_is_gated(actions: Actions) -> None:
    assert jobs_of(actions, pull_request(), failing=("run",)) == [*named("pull request", COLLECTION), *TESTS]


def test_without_a_plan_nothing_runs(actions: Actions) -> None:
    ran = jobs_of(actions, pull_request(), failing=("plan",))
    assert ran == [*named("pull request", ["collection / plan"]), *TESTS]


def test_a_push_to_the_default_branch_is_tested(actions: Actions) -> None:
    assert jobs_of(actions, push("main")) == TESTS


def test_a_push_to_another_branch_is_left_to_its_pull_request(actions: Actions) -> None:
    assert jobs_of(actions, push("new")) == []


def test_the_night_runs_and_publishes(actions: Actions) -> None:
    ran = jobs_of(actions, event("schedule", schedule="17 1 * * *"))
    assert ran == named("nightly", [*COLLECTION, *PUBLISH])


@pytest.mark.parametrize("failing", [("run",), ("gate",), ("run", "gate")])
def test_what_is_red_is_published(actions: Actions, failing: tuple[str, ...]) -> None:
    ran = jobs_of(actions, event("schedule", schedule="17 1 * * *"), failing=failing)
    assert ran == named("nightly", [*COLLECTION, *PUBLISH])


def test_without_a_plan_nothing_is_published(actions: Actions) -> None:
    ran = jobs_of(actions, event("schedule", schedule="17 1 * * *"), failing=("plan",))
    assert ran == named("nightly", ["collection / plan"])


def test_where_nothing_ran_nothing_is_published(actions: Actions) -> None:
    ran = jobs_of(actions, event("schedule", schedule="17 1 * * *"), outputs={"plan": NOTHING})
    assert ran == named("nightly", ["collection / plan", "collection / gate"])


def test_new_versions_of_tools_are_tried(actions: Actions) -> None:
    ran = jobs_of(actions, event("schedule", schedule="43 4 * * *"))
    assert ran == named("tool release", RELEASE)


def test_without_new_versions_nothing_is_tried(actions: Actions) -> None:
    outputs = {"plan": PLANNED, "find": {"changed": "false"}}
    ran = jobs_of(actions, event("schedule", schedule="43 4 * * *"), outputs=outputs)
    assert ran == named("tool release", ["find"])


def test_a_tool_that_cannot_be_looked_for_keeps_no_other_from_being_tried(actions: Actions) -> None:
    """The job is red, and yet tells of what it found for the others: as GitHub does, outputs and all."""
    source = next(source for source in map(read, WORKFLOWS) if source.name == "tool-release.yml")
    ran = []

    def perform(job: Job) -> Outcome:
        ran.append(job.name)
        result = "failure" if job.id in ("find", "gate") else "success"
        return Outcome(result, OUTPUTS.get(job.id, {}))

    github = event("schedule", schedule="43 4 * * *")
    run_jobs(actions, source, {"github": github, "vars": {}, "inputs": {}}, perform)
    assert ran == RELEASE


def test_both_can_be_started_by_hand(actions: Actions) -> None:
    ran = jobs_of(actions, event("workflow_dispatch", inputs={"consumer": "stardist"}))
    assert ran == [
        *named("nightly", [*COLLECTION, *PUBLISH]),
        *named("tool release", RELEASE),
    ]


def test_a_finished_run_of_a_pull_request_is_answered(actions: Actions) -> None:
    assert jobs_of(actions, workflow_run("pull request", "pull_request")) == ["pull request report: report"]


def test_a_run_of_a_pull_request_that_begins_takes_back_the_status(actions: Actions) -> None:
    begun = workflow_run("pull request", "pull_request", "requested")
    assert jobs_of(actions, begun) == ["pull request report: begin"]


@pytest.mark.parametrize(
    ("workflow", "of", "action"),
    [
        ("pull request", "workflow_dispatch", "completed"),
        ("pull request", "workflow_dispatch", "requested"),
        ("pull request", "pull_request", "in_progress"),
        ("nightly", "schedule", "completed"),
        ("tests", "pull_request", "completed"),
        ("tests", "pull_request", "requested"),
    ],
)
def test_no_other_run_is(actions: Actions, workflow: str, of: str, action: str) -> None:
    assert jobs_of(actions, workflow_run(workflow, of, action)) == []


@pytest.mark.parametrize("body", ["/harness accept", "/harness rerun inconclusive", "/harness\n"])
def test_a_command_is_obeyed(actions: Actions, body: str) -> None:
    assert jobs_of(actions, comment(body)) == ["command: command"]


@pytest.mark.parametrize("body", ["Looks good", "Try /harness accept", "> /harness accept", ""])
def test_a_comment_is_no_command(actions: Actions, body: str) -> None:
    assert jobs_of(actions, comment(body)) == []


def by_hand(consumer: str) -> dict[str, Any]:
    return event("workflow_dispatch", inputs={"consumer": consumer})


NIGHT = event("schedule", schedule="17 1 * * *")
REPORTS = [workflow_run("pull request", "pull_request", number=number) for number in (1, 2)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(comment("/harness help", number=1), comment("/harness help", number=2), id="commands"),
        pytest.param(*REPORTS, id="reports"),
        pytest.param(NIGHT, by_hand("stardist"), id="a night and one tool by hand"),
        pytest.param(by_hand("biapy"), by_hand("stardist"), id="two tools by hand"),
    ],
)
def test_what_does_another_thing_takes_the_place_of_none(
    actions: Actions, one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    """Of a group one runs and one waits; GitHub cancels what waits when another comes."""
    first, second = groups_of(actions, one), groups_of(actions, other)
    assert first
    assert second
    assert not set(first) & set(second)
    assert not [group for group in (*first, *second) if group.endswith("-")], "a group of no subject"


def test_what_does_the_same_takes_its_place(actions: Actions) -> None:
    assert groups_of(actions, NIGHT) == ["nightly-all"]
    assert set(groups_of(actions, NIGHT)) < set(groups_of(actions, by_hand("")))
    newer = pull_request(42)
    assert groups_of(actions, newer) == groups_of(actions, pull_request(42, fork=True))


def test_a_command_on_an_issue_is_none(actions: Actions) -> None:
    assert jobs_of(actions, comment("/harness accept", on_pull=False)) == []
