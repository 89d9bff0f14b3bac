"""A recorded cell runs again on the same files, lock and limits, and is compared with its record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.zoo.building import copy_model

from .conftest import Run, harness, run_harness

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
