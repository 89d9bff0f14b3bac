"""What the policy says of a run beside its gate: isolation, and which files are hashed."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pytest

from harness.cli import options, run_command_line
from harness.collection import file_digests
from harness.collection.cache import file_sha256
from harness.errors import ExitCode
from harness.policy import DEFAULT, Policy
from tests.collection.packages import write_model

TICK_SECONDS = 0.05


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A collection of one model."""
    write_model(tmp_path / "models" / "tiny")
    return tmp_path / "models"


def write_policy(models: Path, text: str) -> Path:
    path = models / "policy.toml"
    path.write_text(f"schema = 1\n{text}\n", "utf-8")
    return path


@pytest.mark.parametrize("level", ["sandbox", "container"])
def test_a_weaker_level_than_the_policys_is_refused_before_any_work(
    level: str, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = models.parent / "out"
    write_policy(models, f'[isolation]\nlevel = "{level}"')
    asked = ["run", str(models), "--output", str(output), "--isolation", "process"]
    assert run_command_line(asked) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"harness: --isolation process: is weaker than {level}, the policy's level; ")
    assert not (output / "plan.json").exists()


def test_a_stored_plan_is_run_by_the_same_policy(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = models.parent / "out"
    plan = ["plan", str(models), "--output", str(output)]
    run = ["run", "--plan", str(output / "plan.json"), "--output", str(output), "--isolation", "process"]
    assert run_command_line(plan) == 0
    write_policy(models, '[isolation]\nlevel = "sandbox"')
    assert run_command_line(run) == ExitCode.USAGE
    assert "--isolation process: is weaker than sandbox" in capsys.readouterr().err
    write_policy(models, '[[scan.allow]]\nfinding = "imports x"\nwhy = "known"')
    assert run_command_line(run) == ExitCode.USAGE
    assert "the policy is not what it was when the plan was made" in capsys.readouterr().err


def test_the_policy_can_have_every_file_hashed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []

    def count(path: Path) -> str:
        hashed.append(path.name)
        return file_sha256(path)

    def plan() -> set[str]:
        hashed.clear()
        time.sleep(TICK_SECONDS)
        assert run_command_line(["plan", str(models), "--output", str(models.parent / "out")]) == 0
        return set(hashed)

    monkeypatch.setenv("HARNESS_CACHE_DIR", str(models.parent / "cache"))
    monkeypatch.setattr(file_digests, "GRANULARITY_NS", 0)
    monkeypatch.setattr(file_digests, "file_sha256", count)
    every = plan()
    assert "weights.pt" in every
    assert plan() == set()
    write_policy(models, "verify_files = true")
    assert plan() == plan() == every


@pytest.mark.parametrize(
    ("asked", "policy", "verified"),
    [
        (False, DEFAULT, False),
        (True, DEFAULT, True),
        (False, Policy(verify_files=True), True),
        (True, Policy(verify_files=True), True),
    ],
)
def test_asked_for_or_by_policy(asked: bool, policy: Policy, verified: bool) -> None:
    assert options.verify_files_for(argparse.Namespace(verify_files=asked), policy) is verified
