"""A recorded cell runs again on the same files, lock and limits, and is compared with its record."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.environments.spec import load_all
from harness.ledger.store import read_records
from tests.conftest import ONNX_ENVIRONMENT
from tests.zoo.building import copy_model

from .conftest import ROOT, Run, harness, run_harness

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One passed cell of one model."""
    folder = tmp_path_factory.mktemp("models")
    copy_model(collection / "nuclei-unet2d", folder, "one")
    run = run_harness(folder, tmp_path_factory.mktemp("output"), "--weights", "onnx", "--timeout", "77")
    assert run.code == 0, run.stderr
    return run


def test_the_same_verdict(recorded: Run) -> None:
    (record,) = recorded.records
    before = sorted((recorded.output / "ledger").iterdir())
    done = harness("reproduce", record.key[:8], "--output", recorded.output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the verdict is the same as recorded" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.rstrip().endswith("differs")]
    assert sorted((recorded.output / "ledger").iterdir()) == before, "the ledger is not touched"
    (segment,) = (recorded.output / "reproduced" / "ledger").glob("*.jsonl")
    again = json.loads(segment.read_text("utf-8"))
    assert again["key"] == record.key
    assert again["limits"] == record.limits
    assert again["limits"]["seconds"] == 77


def test_another_verdict_is_exit_code_1(recorded: Run, tmp_path: Path) -> None:
    (record,) = recorded.records
    (tmp_path / "ledger").mkdir()
    (segment,) = (recorded.output / "ledger").glob("*.jsonl")
    told = json.loads(segment.read_text("utf-8"))
    told |= {"status": "failed", "reason": "wrong-shape", "blame": "model", "stage": "compare"}
    (tmp_path / "ledger" / "r.jsonl").write_text(json.dumps(told) + "\n", "utf-8")
    (tmp_path / "plan.json").write_bytes((recorded.output / "plan.json").read_bytes())
    done = harness("reproduce", record.key, "--output", tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    (verdict,) = [line for line in done.stdout.splitlines() if line.strip().startswith("verdict ")]
    assert verdict.split() == ["verdict", "failed", "passed", "differs"]


def test_files_that_are_others_now_are_refused(recorded: Run, collection: Path, tmp_path: Path) -> None:
    (record,) = recorded.records
    changed = copy_model(collection / "nuclei-unet2d", tmp_path, "one")
    with (changed / "rdf.yaml").open("a") as description:
        description.write("# one more line\n")
    done = harness("reproduce", record.key, changed, "--output", recorded.output)
    assert done.returncode == 2
    assert "one: the record cannot be reproduced: its files are not those of the record" in done.stderr


@pytest.fixture(scope="module")
def moved_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of environments, some commits later: a package has another version in the lock of onnx."""
    folder = tmp_path_factory.mktemp("later") / "environments"
    shutil.copytree(ROOT / "environments", folder)
    lock = load_all(folder)[ONNX_ENVIRONMENT].lock
    text, count = re.subn(r"(?m)^tzdata==\S+.*\n(?:    --hash.*\n)*", "tzdata==1900.1\n", lock.read_text())
    assert count == 1
    lock.write_text(text)
    return folder


def test_the_recorded_environment_is_made_again(recorded: Run, moved_on: Path, tmp_path: Path) -> None:
    (record,) = recorded.records
    assert record.environment
    ledger = tmp_path / "ledger"  # on another machine: a copy of the ledger, and an empty cache
    shutil.copytree(recorded.output / "ledger", ledger)
    shutil.copy(recorded.output / "plan.json", tmp_path)
    again = ("reproduce", record.key[:12], "--output", tmp_path, "--environments", moved_on)
    done = harness(*again, HARNESS_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{ONNX_ENVIRONMENT}: building the environment" in done.stderr
    assert "the verdict is the same as recorded" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.rstrip().endswith("differs")]
    (now,) = read_records(tmp_path / "reproduced" / "ledger")
    assert (now.key, now.environment) == (record.key, record.environment)
    stored = f"environments/{record.environment.digest}.json"
    assert (tmp_path / "reproduced" / "ledger" / stored).read_bytes() == (ledger / stored).read_bytes()

    (ledger / stored).write_text((ledger / stored).read_text().replace("tzdata==", "tzdata ==", 1))
    refused = harness(*again, HARNESS_CACHE_DIR=str(tmp_path / "cache"))
    assert refused.returncode == 2
    assert f"{ledger / stored}: was changed after it was stored" in refused.stderr


def test_an_environment_that_was_not_stored(recorded: Run, moved_on: Path, tmp_path: Path) -> None:
    (record,) = recorded.records
    (tmp_path / "ledger").mkdir()
    for segment in (recorded.output / "ledger").glob("*.jsonl"):
        shutil.copy(segment, tmp_path / "ledger")
    shutil.copy(recorded.output / "plan.json", tmp_path)
    cache = str(tmp_path / "cache")
    refused = harness(
        *("reproduce", record.key, "--output", tmp_path, "--environments", moved_on), HARNESS_CACHE_DIR=cache
    )
    assert refused.returncode == 2
    assert "one: the record cannot be reproduced: " in refused.stderr
    assert (
        f"what environment {ONNX_ENVIRONMENT} was made of was not stored with its records" in refused.stderr
    )
    assert f"commit {record.harness.commit[:12] or 'of that time'}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [("abc", "is too short"), ("000000000", "no recorded cell begins so")],
)
def test_keys_that_name_no_record(recorded: Run, key: str, words: str) -> None:
    done = harness("reproduce", key, "--output", recorded.output)
    assert done.returncode == 2
    assert words in done.stderr


def test_without_a_ledger(tmp_path: Path) -> None:
    done = harness("reproduce", "abcdef", "--output", tmp_path)
    assert done.returncode == 2
    assert "there is no ledger" in done.stderr
