from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from harness.errors import ExitCode
from tests.cli.github.conftest import DIGEST, RUN, SHA, Harness
from tests.cli.github.said import comments, state, taken
from tests.cli.github.shards import hand_over
from tests.cli.planned import outcome_of
from tests.github.double import Double


def files_below(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def upload(github: Double, folder: Path) -> None:
    """What the jobs of a run with two shards hand over."""
    outcomes = [outcome_of("a"), outcome_of("b")]
    made = taken(folder / "plan", *outcomes)
    plan = {name: (made / name).read_bytes() for name in ("plan.json", "change.json")}
    github.state.add_artifact(RUN, "plan", plan)
    for shard in hand_over(folder, 2, *outcomes):
        github.state.add_artifact(RUN, shard.name, files_below(shard))


def test_from_a_run_to_what_is_said(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(repository, tmp_path / "jobs")
    digest = hashlib.sha256((tmp_path / "jobs" / "plan" / "plan.json").read_bytes()).hexdigest()
    repository.state.runs[RUN].jobs = [f"collection / run {number}/2, plan {digest}" for number in (1, 2)]

    assert harness("fetch") == ExitCode.SATISFIED
    assert f"plan {digest}\n" in capsys.readouterr().out
    assert re.search(rf"^digest<<(\S+)\n{digest}\n\1\n\Z", (tmp_path / "output").read_text(), re.MULTILINE)
    shards = sorted(Path("incoming").glob("shard-*"))
    assert harness("take", "incoming/plan", *shards, "--plan-digest", digest, "--output", "reports") == 0
    assert harness("checks", "--output", "reports") == 0
    assert harness("comment", "--output", "reports") == 0
    assert state(repository) == "success"
    assert "Both cells passed" in comments(repository)[0]


def test_what_was_fetched_is_stored(repository: Double, harness: Harness, tmp_path: Path) -> None:
    repository.state.add_artifact(RUN, "plan", {"plan.json": b"{}"})
    repository.state.add_artifact(RUN, "shard-1-of-1", {"../../evil": b""})
    assert harness("fetch", "--run-id", RUN, "--output", "in") == 0
    stored = json.loads((tmp_path / "in" / "fetched.json").read_text())
    assert (stored["run"], stored["head_sha"], stored["digest"], stored["folders"]) == (
        RUN,
        SHA,
        DIGEST,
        ["plan"],
    )
    assert "is no path of plain names" in stored["refused"][0]
    assert not (tmp_path.parent / "evil").exists()


def test_a_folder_that_is_in_use(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "incoming" / "old").mkdir(parents=True)
    assert harness("fetch") == ExitCode.USAGE
    assert "incoming: is not empty" in capsys.readouterr().err


def test_no_plan(repository: Double, harness: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness("fetch") == ExitCode.NO_VERDICT
    assert "run 11: has no artifact named plan" in capsys.readouterr().err


def test_another_event_names_no_run(
    repository: Double,
    harness: Harness,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GITHUB_EVENT_NAME")
    assert harness("fetch") == ExitCode.USAGE
    assert "--run-id: name the run" in capsys.readouterr().err
