"""From a plan to shards and back, for real: what jobs of GitHub Actions do one after the other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.plan.plan import read_plan
from tests.conftest import REFERENCE
from tests.github.test_outputs import read_back
from tests.main_job.conftest import harness

pytestmark = pytest.mark.slow

MODELS = ("--select", "nuclei-unet2d", "--select", "cells-two-channel", "--weights", "onnx")
ALONE = {"GITHUB_EVENT_NAME": "", "GITHUB_ACTIONS": "true"}


def shards_of(collection: Path, folder: Path, *options: str) -> list[str]:
    """Plan; which shards there are."""
    outputs = folder / "outputs"
    outputs.unlink(missing_ok=True)
    done = harness(
        "github", "matrix", collection, "--output", folder / "plan", *REFERENCE, *MODELS, *options,
        **ALONE, GITHUB_OUTPUT=str(outputs),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [entry["shard"] for entry in json.loads(read_back(outputs.read_text("utf-8"))["shards"])]


def run_shards(folder: Path, shards: list[str], name: str) -> list[Record]:
    """Run each on its own; all records, and each shard says that it is satisfied."""
    records: list[Record] = []
    for number, shard in enumerate(shards):
        output = folder / name / str(number)
        done = harness(
            "run", "--plan", folder / "plan" / "plan.json", "--policy", folder / "plan" / "policy.toml",
            "--shard", shard, "--output", output, "--isolation", "process", **ALONE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "::group::cells" in done.stderr or "(0 run now" in done.stderr
        records += read_records(output / "ledger")
    return records


def test_shards_make_the_whole_and_what_is_published_is_not_run_again(
    collection: Path, tmp_path: Path
) -> None:
    shards = shards_of(collection, tmp_path, "--target-minutes", "1")
    assert shards == ["1/2", "2/2"]
    first = run_shards(tmp_path, shards, "first")
    planned = {entry.key for entry in read_plan(tmp_path / "plan" / "plan.json").cells}
    assert sorted(record.key for record in first) == sorted(planned)

    published = tmp_path / "published"
    published.mkdir()
    for number, segment in enumerate(sorted((tmp_path / "first").glob("*/ledger/*.jsonl"))):
        shutil.copy(segment, published / f"{number}.jsonl")
    again = shards_of(collection, tmp_path, "--ledger", str(published))
    assert again == ["1/1"]
    second = run_shards(tmp_path, again, "second")
    assert {record.key: record.started_at for record in second} == {
        record.key: record.started_at for record in first
    }
