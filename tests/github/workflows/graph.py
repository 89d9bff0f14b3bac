"""Which jobs of a workflow run, in which order, with which values: GitHub's rules around its evaluator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.github.workflows.javascript import Actions
from tests.github.workflows.sources import GITHUB, Source, read


class Outcome(NamedTuple):
    """What became of a job: ``success``, ``failure`` or ``skipped``; and its outputs."""

    result: str
    outputs: Mapping[str, str]


class Job(NamedTuple):
    """One job that runs.

    Attributes:
        id: in its workflow.
        name: as GitHub shows it, with those of the jobs that called its workflow.
        contexts: what its expressions can see, by name.
    """

    id: str
    name: str
    content: Mapping[str, Any]
    contexts: Mapping[str, Any]


Perform = Callable[[Job], Outcome]
_SKIPPED = Outcome("skipped", {})


def run_jobs(
    actions: Actions, source: Source, contexts: Mapping[str, Any], perform: Perform, *, prefix: str = ""
) -> dict[str, Outcome]:
    """Perform the jobs of a workflow, each when those that it needs have ended.

    Args:
        contexts: ``github``, ``vars`` and ``inputs``.
        prefix: of names of jobs.

    Returns:
        What became of each job by id; of a matrix it is the worst, with the outputs of the last.
    """
    ended: dict[str, Outcome] = {}
    for name, job in _in_order(source.jobs):
        needed = _listed(job.get("needs", []))
        seen = {**contexts, "needs": {each: ended[each]._asdict() for each in needed}}
        status = worst(ended[each].result for each in needed)
        if not actions.holds(job.get("if", "success()"), {**_EMPTY, **seen}, status):
            ended[name] = _SKIPPED
            continue
        outcomes = [
            _one(actions, name, job, {**seen, **values}, perform, prefix)
            for values in _matrix(actions, job, seen)
        ]
        outputs = {key: value for outcome in outcomes for key, value in outcome.outputs.items()}
        ended[name] = Outcome(worst(outcome.result for outcome in outcomes), outputs)
    return ended


_EMPTY: Mapping[str, Any] = {
    name: {}
    for name in ("github", "vars", "inputs", "needs", "matrix", "strategy", "runner", "steps", "env", "job")
}


def worst(results: Iterator[str]) -> str:
    """What several results come to."""
    found = set(results)
    return next((each for each in ("failure", "cancelled", "skipped") if each in found), "success")


def _one(
    actions: Actions,
    name: str,
    job: Mapping[str, Any],
    contexts: Mapping[str, Any],
    perform: Perform,
    prefix: str,
) -> Outcome:
    seen = {**_EMPTY, **contexts}
    title = prefix + str(actions.evaluate(job.get("name", name), seen))
    if "uses" not in job:
        return perform(Job(name, title, job, seen))
    called = read(GITHUB.parent / job["uses"].removeprefix("$/"))
    interface = called.events["workflow_call"] or {}
    inputs = inputs_of(interface, actions.evaluate(job.get("with", {}), seen))
    kept = {**contexts, "inputs": inputs}
    ended = run_jobs(actions, called, kept, perform, prefix=f"{title} / ")
    jobs = {each: outcome._asdict() for each, outcome in ended.items()}
    declared = {key: output["value"] for key, output in interface.get("outputs", {}).items()}
    result = "failure" if any(outcome.result == "failure" for outcome in ended.values()) else "success"
    return Outcome(result, actions.evaluate(declared, {**_EMPTY, **kept, "jobs": jobs}))


def inputs_of(interface: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a called or dispatched workflow: what is given, or else the default."""
    declared = (interface or {}).get("inputs", {})
    assert set(given) <= set(declared), f"unknown inputs: {set(given) - set(declared)}"
    values = {name: given.get(name, each.get("default", "")) for name, each in declared.items()}
    truths = {name for name, each in declared.items() if each.get("type") == "boolean"}
    return {name: value in {True, "true"} if name in truths else value for name, value in values.items()}


def _in_order(jobs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    done: set[str] = set()
    while len(done) < len(jobs):
        ready = [
            name
            for name in jobs
            if name not in done and done.issuperset(_listed(jobs[name].get("needs", [])))
        ]
        assert ready, "jobs that wait for each other"
        for name in ready:
            yield name, jobs[name]
        done.update(ready)


def _matrix(actions: Actions, job: Mapping[str, Any], contexts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``matrix`` and ``strategy`` of each job that a job becomes; of two ways to state one."""
    if "strategy" not in job:
        return [{}]
    matrix = actions.evaluate(job["strategy"]["matrix"], {**_EMPTY, **contexts})
    if "include" in matrix:
        combinations = list(matrix["include"])
    else:
        ((key, values),) = matrix.items()
        combinations = [{key: value} for value in values]
    total = len(combinations)
    return [
        {"matrix": each, "strategy": {"job-index": index, "job-total": total}}
        for index, each in enumerate(combinations)
    ]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
