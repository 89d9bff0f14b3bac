from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ExitCode, GitHubError, RefusedError
from harness.github.actions import Actions
from harness.github.fetch import Fetched, fetch
from harness.github.unpack import UnpackLimits
from tests.github.double import REPOSITORY, Double
from tests.github.double.state import Run

SHA = "a" * 40
DIGEST = "d" * 64
WORKFLOW = ".github/workflows/pull-request.yml"
SMALL = UnpackLimits(zip_bytes=100_000)


@pytest.fixture
def run(github: Double) -> Run:
    """A run with two shards."""
    names = [f"collection / run {number}/2, plan {DIGEST}" for number in (1, 2)]
    github.state.runs[11] = Run(id=11, head_sha=SHA, jobs=["collection / plan", *names, "collection / gate"])
    github.state.add_artifact(11, "plan", {"plan.json": b"{}"})
    for number in (1, 2):
        github.state.add_artifact(11, f"shard-{number}-of-2", {"ledger/run.jsonl": b"%d" % number})
    github.state.add_artifact(11, "something-else", b"")
    return github.state.runs[11]


def fetched(actions: Actions, folder: Path, run: int = 11) -> Fetched:
    return fetch(actions, run, folder, repository=REPOSITORY, workflow=WORKFLOW, limits=SMALL)


def test_plan_and_shards(run: Run, actions: Actions, tmp_path: Path) -> None:
    assert fetched(actions, tmp_path) == Fetched(
        run=11, head_sha=SHA, digest=DIGEST, folders=("plan", "shard-1-of-2", "shard-2-of-2"), refused=()
    )
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["plan/plan.json", "shard-1-of-2/ledger/run.jsonl", "shard-2-of-2/ledger/run.jsonl"]


def test_artifacts_on_later_pages(github: Double, actions: Actions, tmp_path: Path) -> None:
    github.state.runs[11] = Run(
        id=11, head_sha=SHA, jobs=[f"run {number}/150, plan {DIGEST}" for number in range(1, 151)]
    )
    github.state.add_artifact(11, "plan", {"plan.json": b"{}"})
    for number in range(1, 151):
        github.state.add_artifact(11, f"shard-{number}-of-150", {"a": b""})
    assert len(fetched(actions, tmp_path).folders) == 151


def test_the_newest_of_a_name(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.add_artifact(11, "shard-1-of-2", {"ledger/again.jsonl": b""})
    fetched(actions, tmp_path)
    assert (tmp_path / "shard-1-of-2" / "ledger" / "again.jsonl").is_file()


def test_no_shard_where_nothing_is_tested(github: Double, actions: Actions, tmp_path: Path) -> None:
    github.state.runs[11] = Run(id=11, head_sha=SHA, jobs=["collection / plan"])
    github.state.add_artifact(11, "plan", {"plan.json": b"{}"})
    assert fetched(actions, tmp_path).digest == ""


def refusal(actions: Actions, folder: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        fetched(actions, folder)
    assert caught.value.exit_code is ExitCode.NO_VERDICT
    return str(caught.value)


def test_the_plan_is_missing(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.artifacts = [one for one in github.state.artifacts if one.name != "plan"]
    assert refusal(actions, tmp_path) == (
        "run 11: has no artifact named plan; its job `plan` has not handed it over: see its log"
    )


def test_a_shard_that_is_missing_is_left_to_the_gate(
    github: Double, run: Run, actions: Actions, tmp_path: Path
) -> None:
    github.state.artifacts = [one for one in github.state.artifacts if one.name != "shard-2-of-2"]
    assert fetched(actions, tmp_path).folders == ("plan", "shard-1-of-2")


def test_the_plan_has_expired(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.artifacts[0].expired = True
    assert refusal(actions, tmp_path) == ("artifact plan of run 11: has expired; run the workflow again")


def test_the_plan_is_too_large(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.artifacts[0].size = 100_001
    assert refusal(actions, tmp_path) == "artifact plan of run 11: has 100,001 bytes, at most 100,000"
    assert not (tmp_path / "plan").exists()


def test_the_plan_is_larger_than_it_states(
    github: Double, run: Run, actions: Actions, tmp_path: Path
) -> None:
    github.state.artifacts[0].data = bytes(100_001)
    github.state.artifacts[0].size = 1
    assert refusal(actions, tmp_path) == "plan.zip: has more than the 100,000 bytes allowed"


def test_an_artifact_of_another_run(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.add_artifact(-12, "shard-1-of-2", {"ledger/run.jsonl": b"not ours"})
    assert refusal(actions, tmp_path) == "artifact shard-1-of-2: is of run -12, not of 11"


def test_an_archive_that_is_not_what_github_keeps(
    github: Double, run: Run, actions: Actions, tmp_path: Path
) -> None:
    github.state.artifacts[0].digest = f"sha256:{'0' * 64}"
    assert "is not what GitHub keeps" in refusal(actions, tmp_path)


def test_a_shard_that_cannot_be_taken_is_told(
    github: Double, run: Run, actions: Actions, tmp_path: Path
) -> None:
    github.state.add_artifact(11, "shard-2-of-2", {"../evil": b""})
    taken = fetched(actions, tmp_path)
    assert taken.folders == ("plan", "shard-1-of-2")
    assert re.match(r"shard-2-of-2\.zip: entry '\.\./evil' is no path", taken.refused[0])
    assert not (tmp_path / "shard-2-of-2").exists()


def test_a_run_of_another_workflow(run: Run, actions: Actions, tmp_path: Path) -> None:
    run.path = ".github/workflows/same-name.yml"
    assert refusal(actions, tmp_path) == (
        f"run 11: is of .github/workflows/same-name.yml, not of {WORKFLOW}; name its file with --workflow"
    )


def test_a_run_of_another_repository(run: Run, actions: Actions, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=f"run 11: is of {REPOSITORY}, not of elsewhere/collection"):
        fetch(actions, 11, tmp_path, repository="elsewhere/collection", workflow=WORKFLOW)


def test_a_run_that_goes_on(run: Run, actions: Actions, tmp_path: Path) -> None:
    run.status = "in_progress"
    assert refusal(actions, tmp_path) == "run 11: is not completed; fetch it when it is"


def test_a_run_that_is_not_there(github: Double, actions: Actions, tmp_path: Path) -> None:
    with pytest.raises(GitHubError, match="GET actions/runs/11: refused with 404"):
        fetched(actions, tmp_path)


@pytest.mark.parametrize("name", ["shard-1-of-1", "shard-1-of-3"])
def test_a_shard_that_no_job_had(
    github: Double, run: Run, actions: Actions, tmp_path: Path, name: str
) -> None:
    """A job that got out of hand might say that it had been all of them; or it is of an attempt before."""
    github.state.add_artifact(11, name, {"a": b""})
    taken = fetched(actions, tmp_path)
    assert taken.folders == ("plan", "shard-1-of-2", "shard-2-of-2")
    assert taken.refused == (f"run 11: artifact {name}: by the names of its jobs the run has 2 shards",)
    assert not (tmp_path / name).exists()


def test_shards_of_an_attempt_before(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    """All jobs ran again, and one of them did not get far."""
    github.state.add_artifact(11, "plan", {"plan.json": b"{}"})
    github.state.add_artifact(11, "shard-2-of-2", {"a": b""})
    taken = fetched(actions, tmp_path)
    assert taken.folders == ("plan", "shard-2-of-2")
    said = "run 11: artifact shard-1-of-2: is older than the plan, from an attempt before"
    assert taken.refused == (said,)


def test_shards_without_a_job_that_names_the_plan(run: Run, actions: Actions, tmp_path: Path) -> None:
    run.jobs = ["run 1/2"]
    taken = fetched(actions, tmp_path)
    assert (taken.folders, taken.digest, len(taken.refused)) == (("plan",), "", 2)


def test_all_together_have_a_limit(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    for number in (1, 2):
        github.state.add_artifact(11, f"shard-{number}-of-2", {"a": b"x" * 3000})
    within = fetch(actions, 11, tmp_path, repository=REPOSITORY, workflow=WORKFLOW, limits=SMALL, budget=5000)
    assert within.folders == ("plan", "shard-1-of-2")
    assert "shard-2-of-2" in within.refused[0]
    assert len(within.refused) == 1


def test_what_is_refused_counts_too(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.state.add_artifact(11, "shard-1-of-2", {"../evil": b"x" * 3000})
    github.state.artifacts[-1].size = 900
    within = fetch(actions, 11, tmp_path, repository=REPOSITORY, workflow=WORKFLOW, limits=SMALL, budget=1000)
    assert within.folders == ("plan",)
    assert within.refused[1:] == ("artifact shard-2-of-2 of run 11: is too much, with those before it",)


def test_what_is_too_much_is_not_even_downloaded(
    github: Double, run: Run, actions: Actions, tmp_path: Path
) -> None:
    github.state.artifacts[-2].size = 90_000
    within = fetch(
        actions, 11, tmp_path, repository=REPOSITORY, workflow=WORKFLOW, limits=SMALL, budget=80_000
    )
    assert within.refused == ("artifact shard-2-of-2 of run 11: is too much, with those before it",)


def test_the_store_is_down_for_a_moment(github: Double, run: Run, actions: Actions, tmp_path: Path) -> None:
    github.fail(path="/store/", status=503)
    assert len(fetched(actions, tmp_path).folders) == 3
