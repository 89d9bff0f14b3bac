"""``harness github matrix`` in real repositories, with payloads as GitHub sends them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import jsonio
from harness.change import Change
from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.ledger.record import Record
from harness.plan import plan as plan_module
from harness.plan.plan import Plan, read_plan
from harness.plan.shard import shard
from harness.policy import read_policy
from harness.verdict import Reason
from tests.collection.git_repository import VARIABLES, Repository
from tests.collection.packages import write_model
from tests.conftest import ROOT
from tests.github.test_outputs import read_back
from tests.ledger.records import record

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

PAYLOADS = ROOT / "tests" / "github" / "payloads"
QUARANTINE = '[[rule]]\nmodel = "*"\nlevel = "quarantined"\nwhy = "trust me"\n'


class Zoo(Repository):
    """A repository with two models, two environments and a policy; ``base`` is their commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("one", "two"):
            write_model(folder / "collection" / name, id=name)
        for name in ("pytorch", "onnx"):
            shutil.copytree(ROOT / "environments" / name, folder / "environments" / name)
        self.write("collection/policy.toml", "schema = 1\n")
        self.write("README.md")
        self.base = self.commit()


class Planned:
    """What one call has written."""

    def __init__(self, folder: Path, outputs: str) -> None:
        self.folder = folder
        self.plan: Plan = read_plan(folder / "plan.json")
        self.change: Change = jsonio.read(folder / "change.json", Change)
        self.policy = (folder / "policy.toml").read_text()
        values = read_back(outputs)
        self.shards: list[dict[str, Any]] = json.loads(values["shards"])
        self.count = values["count"]
        assert set(values) == {"shards", "digest", "count"}
        assert values["digest"] == hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest()

    @property
    def models(self) -> set[str]:
        """Of which something is planned."""
        return {entry.cell.model.source for entry in self.plan.cells}

    @property
    def runs(self) -> set[tuple[str, str]]:
        """Models and environments of what is to run."""
        return {
            (entry.cell.model.source, entry.cell.environment.name)
            for entry in self.plan.cells
            if entry.settled is None and entry.cell.environment and not entry.recorded
        }


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    zoo = Zoo(tmp_path / "zoo")
    monkeypatch.chdir(zoo.folder)
    for name in (
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_REPOSITORY",
        "GITHUB_SHA",
        "GITHUB_ACTIONS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    return zoo


def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Planned:
    output = tmp_path / "output"
    output.unlink(missing_ok=True)
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    command = ["github", "matrix", "--output", str(tmp_path / "plan"), *options]
    assert run_command_line([*command, "--consumer", "bioimageio.core"]) == ExitCode.SATISFIED
    return Planned(tmp_path / "plan", output.read_text("utf-8"))


def happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: str, change: dict[str, Any]) -> None:
    """Let Actions tell of an event, as its payload with some fields changed."""
    content = json.loads((PAYLOADS / f"{payload}.json").read_bytes())
    for place, value in change.items():
        *parents, last = place.split(".")
        within = content
        for parent in parents:
            within = within[parent]
        within[last] = value
    path = tmp_path / "event.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("GITHUB_EVENT_NAME", payload.partition("-")[0])
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
    monkeypatch.setenv("GITHUB_REPOSITORY", "bioimage-io/collection")


def pull_request(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Planned:
    """A pull request of a fork with all that was changed since the base."""
    shas = {"pull_request.base.sha": zoo.base, "pull_request.head.sha": zoo.commit()}
    happens(tmp_path, monkeypatch, "pull_request-fork", shas)
    return matrix(tmp_path, monkeypatch, *options)


def test_a_model_of_a_pull_request(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(zoo.folder / "collection" / "three", id="three")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert planned.change == Change(
        event="pull_request",
        repository="bioimage-io/collection",
        pull=42,
        base_sha=zoo.base,
        head_sha=zoo.git("rev-parse", "HEAD"),
        models=("three",),
    )
    assert (planned.change.relevant, planned.count) == (True, "1")
    assert planned.models == {"three"}
    assert planned.plan.sources == ("one", "three", "two"), "what is not planned is there all the same"
    (only,) = planned.shards
    assert only.keys() == {
        "shard",
        "name",
        "runner",
        "artifact",
        "cache-key",
        "downloads-key",
        "environments",
    }
    assert (only["shard"], only["name"]) == ("1/1", "1 model in pytorch")
    assert (only["runner"], only["environments"]) == (["ubuntu-24.04"], ["pytorch"])
    said = capsys.readouterr().out
    assert "touched: three\n" in said
    assert " more: not selected: the change does not touch it\n" in said
    assert "1/1" in said


def test_text_alone_runs_nothing(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.write("README.md", "new\n")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert (planned.change.relevant, planned.shards, planned.count, planned.plan.cells) == (
        False,
        [],
        "0",
        (),
    )
    assert planned.plan.sources == ("one", "two")
    assert planned.plan.is_decided_by(read_policy(planned.folder / "policy.toml"))


def test_a_deleted_model(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(zoo.folder / "collection" / "one")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert (planned.change.relevant, planned.shards, planned.change.removed) == (True, [], ("one",))


def test_a_pull_request_cannot_excuse_itself(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.write("collection/policy.toml", f"schema = 1\n{QUARANTINE}")
    zoo.write(".github/harness.toml", 'schema = 1\n[[runner]]\nlabels = ["self-hosted"]\n')
    write_model(zoo.folder / "collection" / "three", id="three")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert planned.policy == "schema = 1\n"
    assert planned.change.review == (".github/harness.toml", "collection/policy.toml")
    assert {label for entry in planned.shards for label in entry["runner"]} == {"ubuntu-24.04"}


def test_a_policy_alone_runs_nothing(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (zoo.folder / "collection" / "policy.toml").unlink()
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert (planned.change.relevant, planned.shards) == (False, [])
    assert planned.policy == "schema = 1\n"
    assert planned.change.review == ("collection/policy.toml",)


def test_a_first_policy_is_held_against_none(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (zoo.folder / "collection" / "policy.toml").unlink()
    zoo.base = zoo.commit()
    zoo.write("collection/policy.toml", f"schema = 1\n{QUARANTINE}")
    assert pull_request(zoo, tmp_path, monkeypatch).policy == "schema = 1\n"


def test_a_push_is_held_against_its_own_policy(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.write("collection/policy.toml", f"schema = 1\n{QUARANTINE}")
    write_model(zoo.folder / "collection" / "three", id="three")
    happens(tmp_path, monkeypatch, "push", {"before": zoo.base, "after": zoo.commit()})
    planned = matrix(tmp_path, monkeypatch)
    assert planned.policy == f"schema = 1\n{QUARANTINE}"
    assert (planned.models, planned.change.base_sha) == ({"three"}, zoo.base)


def test_an_environment_runs_a_selection_of_what_runs_in_it(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = zoo.folder / "environments" / "pytorch" / "requirements.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert planned.runs == {("one", "pytorch")}
    assert planned.change.broad == "environment pytorch: a selection of what runs in it"
    assert planned.change.review == ("environments/pytorch/requirements.lock",)


def test_the_harness_runs_a_selection_of_everything(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.write("harness/cell.py")
    planned = pull_request(zoo, tmp_path, monkeypatch)
    assert planned.runs == {("one", "pytorch")}
    assert planned.change.broad.startswith("the harness or a workflow changes (1 file): ")


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
def test_everything_every_night(
    event: str, zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happens(tmp_path, monkeypatch, event, {})
    monkeypatch.setenv("GITHUB_SHA", zoo.base)
    planned = matrix(tmp_path, monkeypatch)
    assert planned.models == {"one", "two"}
    assert planned.change.broad.startswith("every model: ")
    assert (planned.change.head_sha, planned.change.relevant) == (zoo.base, True)


def test_new_versions_of_tools_alone(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the job finds them: a version more in a file, and its lock, neither of them committed."""
    happens(tmp_path, monkeypatch, "schedule", {})
    folder = zoo.folder / "environments" / "pytorch"
    before = matrix(tmp_path, monkeypatch, "--new-environments")
    assert (before.models, before.shards) == (set(), [])
    assert before.change.broad == "new environments: none"
    text = (folder / "environment.toml").read_text()
    (folder / "environment.toml").write_text(f'{text}\nversioned = "torch"\nversions = ["99.0"]\n')
    lock = (folder / "requirements.lock").read_text()
    (folder / "requirements-99.0.lock").write_text(lock)
    planned = matrix(tmp_path, monkeypatch, "--new-environments")
    assert planned.runs == {("one", "pytorch-99.0"), ("two", "pytorch-99.0")}
    assert planned.change.broad == "new environments: pytorch-99.0"
    assert "runs: new environments: pytorch-99.0" in capsys.readouterr().out
    zoo.commit()
    assert matrix(tmp_path, monkeypatch, "--new-environments").runs == set()
    (folder / "requirements-99.0.lock").write_text(f"{lock}# locked again\n")
    assert matrix(tmp_path, monkeypatch, "--new-environments").models == {"one", "two"}


def test_a_commit_that_was_pushed_over(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happens(tmp_path, monkeypatch, "push", {"before": "3" * 40, "after": zoo.base, "forced": True})
    planned = matrix(tmp_path, monkeypatch)
    assert planned.models == {"one", "two"}
    assert planned.change.broad == "every model: the commit before was pushed over"


def test_on_a_laptop(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.git("checkout", "--quiet", "-b", "mine")
    write_model(zoo.folder / "collection" / "two", id="two", name="Better")
    zoo.commit()
    assert matrix(tmp_path, monkeypatch, "--base", "main").models == {"two"}
    assert matrix(tmp_path, monkeypatch).models == {"one", "two"}


def published(tmp_path: Path, planned: Planned, reason: Reason | None = None) -> Path:
    """A ledger with a record of every cell of a plan."""
    lines = []
    for entry in planned.plan.cells:
        cell = entry.cell
        made = record(
            reason,
            key=entry.key,
            model=cell.model,
            weights_format=cell.weights_format,
            consumer=cell.consumer,
            environment=cell.environment,
            peak_memory_bytes=20 * 1024**3,
            seconds=321.0,
        )
        lines.append(jsonio.dumps(made))
    folder = tmp_path / "published" / "ledger"
    jsonio.write_bytes(folder / "a.jsonl", b"\n".join(lines) + b"\n")
    return folder.parent


def test_what_is_published_need_not_run(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = published(tmp_path, matrix(tmp_path, monkeypatch))
    write_model(zoo.folder / "collection" / "three", id="three")
    planned = matrix(tmp_path, monkeypatch, "--ledger", str(ledger))
    assert (planned.models, planned.runs) == ({"one", "two", "three"}, {("three", "pytorch")})
    assert [entry.seconds for entry in planned.plan.cells] == [321.0] * 3, (
        "what is new takes as long as its like"
    )
    handed = (planned.folder / "ledger" / "published.jsonl").read_bytes().splitlines()
    assert {jsonio.loads(line, Record, origin="").model.source for line in handed} == {"one", "two"}
    assert f"2 need not run: {ledger} has conclusive records of them" in capsys.readouterr().out
    again = matrix(tmp_path, monkeypatch)
    assert len(again.runs) == 3
    assert not (again.folder / "ledger" / "published.jsonl").exists(), "nothing of an earlier plan"


def test_a_pull_request_is_tested_by_its_own_results(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = published(tmp_path, matrix(tmp_path, monkeypatch))
    zoo.write("collection/one/README.md")  # which no key covers
    planned = pull_request(zoo, tmp_path, monkeypatch, "--ledger", str(ledger))
    assert planned.runs == {("one", "pytorch")}
    assert [entry.seconds for entry in planned.plan.cells] == [321.0], (
        "how long it took is known all the same"
    )
    assert not (planned.folder / "ledger").exists()


def test_what_is_published_without_a_verdict_runs(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del zoo
    ledger = published(tmp_path, matrix(tmp_path, monkeypatch), Reason.NO_REPLY)
    assert len(matrix(tmp_path, monkeypatch, "--ledger", str(ledger)).runs) == 2


def test_a_change_of_the_harness_runs_although_all_is_published(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = published(tmp_path, matrix(tmp_path, monkeypatch))
    zoo.write("harness/cell.py")
    zoo.commit()
    assert matrix(tmp_path, monkeypatch, "--ledger", str(ledger), "--base", zoo.base).runs == {
        ("one", "pytorch")
    }


def test_memory_chooses_the_runner(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = published(tmp_path, matrix(tmp_path, monkeypatch))  # each took 20 GiB
    small = '[[runner]]\nlabels = ["small"]\nmemory_bytes = 17_179_869_184\n'
    zoo.write(".github/harness.toml", f'schema = 1\n{small}[[runner]]\nlabels = ["large", "x64"]\n')
    write_model(zoo.folder / "collection" / "one", id="one", name="Changed")
    planned = matrix(tmp_path, monkeypatch, "--ledger", str(ledger), "--target-minutes", "1")
    assert [entry["runner"] for entry in planned.shards] == [["large", "x64"]]
    assert planned.shards[0]["name"] == "2 models in pytorch", "no job for what need not run"


def test_jobs_find_their_cells_by_the_plan_alone(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del zoo
    planned = matrix(tmp_path, monkeypatch, "--target-minutes", "1", "--max-jobs", "2")
    assert [entry["shard"] for entry in planned.shards] == ["1/2", "2/2"]
    parts = [shard(planned.plan.cells, number, 2) for number in (1, 2)]
    assert sorted(e.key for part in parts for e in part) == sorted(e.key for e in planned.plan.cells)


def test_a_shallow_clone(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zoo.write("collection/one/README.md", "new\n")
    shas = {"pull_request.base.sha": zoo.base, "pull_request.head.sha": zoo.commit()}
    clone = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "--depth=1", zoo.folder.as_uri(), str(clone)]
    subprocess.run(command, env=VARIABLES, check=True, capture_output=True)
    monkeypatch.chdir(clone)
    happens(tmp_path, monkeypatch, "pull_request-fork", shas)
    assert run_command_line(["github", "matrix"]) == ExitCode.USAGE
    assert "`fetch-depth: 0`" in capsys.readouterr().err


def test_an_event_that_nothing_is_planned_for(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del zoo
    happens(tmp_path, monkeypatch, "issue_comment", {})
    assert run_command_line(["github", "matrix"]) == ExitCode.USAGE
    assert "issue_comment: there is nothing to plan" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--max-jobs", "257"), ("--max-jobs", "0"), ("--target-minutes", "0.5")])
def test_what_no_matrix_can_be(option: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command_line(["github", "matrix", *option])
    assert exited.value.code == ExitCode.USAGE


def test_no_model_speaks_to_actions(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(zoo.folder / "collection" / "x\n::error::boo", id="x")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    pull_request(zoo, tmp_path, monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::stop-commands::")
    assert lines[-1] == f"::{lines[0].removeprefix('::stop-commands::')}::"
    assert not [line for line in lines[1:-1] if line.lstrip().startswith("::")]


def test_a_plan_that_nobody_would_take_is_not_made(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plan_module, "LARGEST_BYTES", 1000)
    command = ["github", "matrix", "--output", str(tmp_path / "plan"), "--consumer", "bioimageio.core"]
    assert run_command_line(command) == ExitCode.USAGE
    assert re.search(
        r"plan\.json: \d cells are too many for one plan .*fewer models", capsys.readouterr().err
    )
    assert not (tmp_path / "plan" / "plan.json").exists()
