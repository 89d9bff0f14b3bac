"""Pull requests from event to answer, by the workflows themselves: what runs, and what becomes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT
from tests.github.double import Double
from tests.github.double.server import TOKEN
from tests.github.workflows.answering import tell
from tests.github.workflows.hosted import MODELS, MORE, Hosted, put_model
from tests.github.workflows.not_run import ELSEWHERE, has_reason
from tests.github.workflows.repositories import git
from tests.github.workflows.runner import Run
from tests.github.workflows.sources import all_sources

pytestmark = pytest.mark.slow


def adds_a_good_model(checkout: Path) -> None:
    put_model(checkout / "collection", MORE)


def adds_a_bad_model(checkout: Path) -> None:
    """Its test output is that of another model."""
    model = put_model(checkout / "collection", "cells-two-channel", "cells-wrong")
    output, other = model / "test_border_probability.npy", model / "test_nuclei_probability.npy"
    output.write_bytes(other.read_bytes())
    _describe_again(model / "rdf.yaml")


def _describe_again(description: Path) -> None:
    """Without digests of files, which would tell that one was replaced."""
    description.write_text(re.sub(r"(?m)^\s*sha256: .*\n", "", description.read_text()))


def changes_metadata(checkout: Path) -> None:
    description = checkout / "collection" / "membrane-unet2d" / "rdf.yaml"
    description.write_text(
        re.sub(r"(?m)^description: .*", "description: Other words", description.read_text())
    )


def changes_an_environment(checkout: Path) -> None:
    """A comment in what it asks for is a change of a file, and none of what is installed."""
    requirements = checkout / "environments" / "onnx" / "requirements.in"
    requirements.write_text(f"# reviewed\n{requirements.read_text()}")


def is_hostile(checkout: Path) -> None:
    """Its weights do not come from any exporter, and it brings a policy that excuses it."""
    model = put_model(checkout / "collection", "cells-two-channel", "hostile")
    (model / "weights.onnx").write_bytes(b"\x80\x04cos\nsystem\n(S'id'\ntR.")
    _describe_again(model / "rdf.yaml")
    policy = checkout / "collection" / "policy.toml"
    policy.write_text(
        f'{policy.read_text()}\n[[rule]]\nmodel = "*"\nlevel = "quarantined"\nwhy = "it is mine"\n'
    )


def touches_nothing(checkout: Path) -> None:
    (checkout / "README.md").write_text("# The same zoo\n")


def deletes_a_model(checkout: Path) -> None:
    (checkout / "collection" / "foci-binary2d.zip").unlink()


class Expected(NamedTuple):
    """What is to come: models that run, result of the gate, commit status, words of the comment."""

    models: set[str]
    gate: str
    status: str
    words: str
    removed: tuple[str, ...] = ()
    review: tuple[str, ...] = ()


CASES = [
    (adds_a_good_model, False, Expected({MORE}, "success", "success", "passed")),
    (adds_a_bad_model, False, Expected({"cells-wrong"}, "failure", "failure", "cells-wrong")),
    (changes_metadata, False, Expected({"membrane-unet2d"}, "success", "success", "passed")),
    (
        changes_an_environment,
        False,
        # of all that are in it, a selection
        Expected(
            {MODELS[0]},
            "success",
            "pending",
            "/harness accept",
            review=("environments/onnx/requirements.in",),
        ),
    ),
    (
        is_hostile,
        True,
        Expected({"hostile"}, "failure", "failure", "hostile", review=("collection/policy.toml",)),
    ),
    (touches_nothing, False, Expected(set(), "success", "success", "")),
    (deletes_a_model, False, Expected(set(), "success", "success", "", removed=("foci-binary2d.zip",))),
]


@pytest.mark.parametrize(
    ("number", "change", "fork", "expected"),
    [pytest.param(number, *case, id=case[0].__name__) for number, case in enumerate(CASES, 1)],
)
def test_a_pull_request(
    hosted: Hosted, double: Double, number: int, change: Any, fork: bool, expected: Expected
) -> None:
    run, ended = hosted.run("pull-request.yml", hosted.propose(number, change, fork=fork))
    log = run.log

    assert _plan(run, "change.json")["removed"] == list(expected.removed), log
    assert _plan(run, "change.json")["review"] == list(expected.review), log
    planned = {entry["cell"]["model"]["source"] for entry in _plan(run, "plan.json")["cells"]}
    assert planned == expected.models, log
    assert _shards(run) == _jobs(run), log
    assert ended["collection"].result == expected.gate, log
    assert all(step.ok for step in run.steps if " / run " in step.job), log
    assert TOKEN not in log

    report, answered = hosted.run("pull-request-report.yml", tell(double.state, run, hosted.path))

    log = report.log
    assert answered["report"].result == "success", log
    head = double.state.pulls[number].head_sha
    said = double.state.newest_status(head, "harness")
    assert said is not None, log
    assert said.state == expected.status, log
    comments = [comment.body for comment in double.state.comments_of(number)]
    assert len(comments) <= 1
    assert expected.words in "".join(comments), log


def changes_text(checkout: Path) -> None:
    (checkout / "README.md").write_text("# The same zoo in other words\n")


def test_it_is_pending_while_it_is_tested_and_not_after(hosted: Hosted, double: Double) -> None:
    run, _ = hosted.run("pull-request.yml", hosted.propose(21, changes_text))
    ended = {**tell(double.state, run, hosted.path), "token": TOKEN}
    begun = {**ended, "event": {**ended["event"], "action": "requested"}}

    def said(happened: Any, status: str) -> tuple[str, str]:
        """What answers an event while GitHub's word for the run is this, and the status then."""
        double.state.runs[int(run.github["run_id"])].status = status
        _, answered = hosted.run("pull-request-report.yml", happened)
        there = double.state.newest_status(double.state.pulls[21].head_sha, "harness")
        assert there is not None
        return " ".join(name for name, job in answered.items() if job.result == "success"), there.state

    assert said(begun, "in_progress") == ("begin", "pending")
    assert said(ended, "completed") == ("report", "success")
    assert said(begun, "completed") == ("begin", "success"), "an event that came late"


def adds_many_models(checkout: Path) -> None:
    """More than one job can do in a minute, as they are expected to take."""
    for number in range(3):
        description = put_model(checkout / "collection", "cells-two-channel", f"copy-{number}") / "rdf.yaml"
        text = description.read_text().replace("id: cells-two-channel", f"id: copy-{number}")
        description.write_text(text)


def test_many_models_run_in_several_jobs(hosted: Hosted) -> None:
    run, ended = hosted.run("pull-request.yml", hosted.propose(20, adds_many_models))
    assert _shards(run) == _jobs(run) == {f"shard-{k}-of-3" for k in (1, 2, 3)}, run.log
    assert ended["collection"].result == "success", run.log
    assert any(
        re.search(r"(\d+) of \1 planned cells have a record from 3 shards", step.log) for step in run.steps
    )


def test_the_night_is_published_and_taken_over(hosted: Hosted) -> None:
    """What is published has a site and a branch; the next night runs nothing of it again.

    Of a night that runs again, what lies there from a plan with another number of shards is passed over.
    """
    run, ended = hosted.run("nightly.yml", hosted.night())
    assert {name: outcome.result for name, outcome in ended.items()} == {
        "collection": "success",
        "publish": "success",
    }, run.log
    assert "ledger" in git(hosted.path, "ls-tree", "--name-only", "ledger").split(), run.log
    assert (hosted.pages / "index.html").is_file()

    again, _ = hosted.run("nightly.yml", hosted.night())
    (planned,) = (step.log for step in again.steps if step.step == "Plan")
    assert "3 need not run" in planned
    (ran,) = (step.log for step in again.steps if step.step == "Run")
    assert "3 unchanged" in ran, ran

    other = {"shard-1-of-9": again.artifacts / "shard-1-of-1.zip"}
    repeated, ended = hosted.run("nightly.yml", hosted.night(), left=other)
    assert ended["publish"].result == "success", repeated.log
    taken = {step.job: step.log for step in repeated.steps if step.step == "Take"}
    assert set(taken) == {"collection / gate", "publish / ledger"}
    assert all("shard-1-of-9: is of another attempt" in log for log in taken.values()), taken


def test_every_command_was_run(hosted: Hosted) -> None:
    """By the tests above, all of which have to run for that; not_run.py has the others."""
    ran = set().union(*(run.commands for run in hosted.runs))
    stated = {
        (where, step["run"]): f"{source.name}: {where}: {step['run']}"
        for source in all_sources()
        for where, step in source.steps
        if "run" in step and source.name not in ELSEWHERE
    }
    assert ran <= set(stated)
    assert [told for each, told in stated.items() if each not in ran and not has_reason(each[1])] == []
    assert [told for each, told in stated.items() if each in ran and has_reason(each[1])] == []


def _plan(run: Run, name: str) -> Any:
    with ZipFile(run.artifacts / "plan.zip") as archive:
        return json.loads(archive.read(name))


def _shards(run: Run) -> set[str]:
    return {path.stem for path in run.artifacts.glob("shard-*.zip")}


def _jobs(run: Run) -> set[str]:
    found = (re.match(r"collection / run (\d+)/(\d+), plan [0-9a-f]{64}$", step.job) for step in run.steps)
    return {f"shard-{match[1]}-of-{match[2]}" for match in found if match}


def test_every_model_of_the_zoo_is_there() -> None:
    assert all((ROOT / "collection" / name).exists() for name in (*MODELS, MORE))
