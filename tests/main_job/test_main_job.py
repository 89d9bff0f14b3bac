"""One command from a collection to a report, on real models in real environments."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cell import WeightsFormat
from harness.ledger.store import read_records
from harness.verdict import Check, CheckStatus, Reason, Status

from .conftest import Run, harness, run_harness

pytestmark = pytest.mark.slow

CONTRACT = {
    "schema", "key", "run", "model", "weights_format", "consumer", "depth", "environment", "device",
    "status", "reason", "blame", "stage", "message", "hint", "checks", "outputs", "seconds",
    "peak_memory_bytes", "attempts", "started_at", "harness", "run_url", "artifacts",
}  # fmt: skip


OF_CAREAMICS = "spots-n2v2d"  # its network is part of CAREamics; the policy knows


def test_every_cell_of_the_collection_reproduces(collection_run: Run) -> None:
    assert collection_run.code == 0, collection_run.stdout + collection_run.stderr
    records = collection_run.records
    (other,) = [record for record in records if record.model.id == OF_CAREAMICS]
    assert (other.status, other.reason) == (Status.INCONCLUSIVE, Reason.DEPENDENCY_NOT_INSTALLED.slug)
    ran = [r for r in records if r is not other and r.status is not Status.NOT_APPLICABLE]
    assert len({record.model.id for record in ran}) >= 8
    for record in ran:
        for name in (Check.RUNS, Check.REPRODUCES, Check.VARIANTS, Check.AS_CALLED):
            assert record.check(name) is not None, (record.model.id, name)
        for name in (Check.LOAD, Check.RUNS, Check.REPRODUCES):
            check = record.check(name)
            assert check
            assert (check.status, check.seconds > 0) == (CheckStatus.PASSED, True), (record.model.id, check)
        assert record.status is Status.PASSED
        assert record.peak_memory_bytes > 50e6
        assert record.seconds > 0
        assert record.threads == 1
        assert record.outputs


def test_the_collection_has_every_weights_format(collection_run: Run) -> None:
    assert {record.weights_format for record in collection_run.records} == set(WeightsFormat)


def test_tensorflow_js_is_not_applicable_with_the_reason(collection_run: Run) -> None:
    (record,) = [r for r in collection_run.records if r.weights_format is WeightsFormat.TENSORFLOW_JS]
    assert record.status is Status.NOT_APPLICABLE
    assert "TensorFlow.js" in record.message


def test_every_planned_cell_has_exactly_one_record(collection_run: Run) -> None:
    plan = json.loads((collection_run.output / "plan.json").read_text())
    planned = sorted(cell["key"] for cell in plan["cells"])
    recorded = sorted(record.key for record in read_records(collection_run.output / "ledger"))
    assert planned == recorded


def test_real_models_reproduce_and_the_padding_is_a_finding(real_run: Run) -> None:
    assert real_run.code == 0, real_run.stdout + real_run.stderr
    assert len(real_run.records) == 3
    for record in real_run.records:
        assert record.status is Status.PASSED
        as_called = record.check(Check.AS_CALLED)
        assert as_called
        expected = CheckStatus.FAILED if record.model.id == "unet2d-nuclei-broad" else CheckStatus.PASSED
        assert as_called.status is expected
    onnx = next(r for r in real_run.records if r.weights_format is WeightsFormat.ONNX)
    check = onnx.check(Check.AS_CALLED)
    assert check
    assert "576" in check.message, "the padded input does not fit the fixed size"


def test_the_finding_is_on_the_models_page(real_run: Run) -> None:
    page = (real_run.output / "site" / "models" / "unet2d-nuclei-broad.html").read_text("utf-8")
    assert "as called" in page
    assert "largest difference 0.35" in page


def test_nothing_is_run_twice(collection_run: Run, collection: Path, tmp_path: Path) -> None:
    shutil.copytree(collection_run.output, tmp_path / "out")
    before = sorted((tmp_path / "out" / "ledger").iterdir())
    with_answer = {record.model.id for record in collection_run.records} - {OF_CAREAMICS}
    selected = [option for name in sorted(with_answer) for option in ("--select", name)]
    clock = time.monotonic()
    again = run_harness(collection, tmp_path / "out", *selected)
    seconds = time.monotonic() - clock
    assert again.code == 0
    assert "(0 run now" in again.stdout
    assert sorted((tmp_path / "out" / "ledger").iterdir()) == before
    assert seconds < 30, "nothing was to be run"


def test_results_as_json_have_the_keys_of_the_contract(collection_run: Run) -> None:
    listed = json.loads(harness("results", "--format", "json", "--output", collection_run.output).stdout)
    assert len(listed) == len(collection_run.records)
    for record in listed:
        assert set(record) >= CONTRACT
        assert set(record["model"]) == {"id", "version", "sha256", "source"}


def test_results_as_csv_and_junit(collection_run: Run) -> None:
    table = harness("results", "--format", "csv", "--output", collection_run.output).stdout
    assert len(list(csv.reader(io.StringIO(table)))) == 1 + len(collection_run.records)
    suite = ElementTree.fromstring(  # noqa: S314  our own output
        harness("results", "--format", "junit", "--output", collection_run.output).stdout
    )
    assert suite.get("tests") == str(len(collection_run.records))
    assert suite.get("failures") == "0"


def test_results_can_be_filtered(collection_run: Run) -> None:
    output = ("--output", collection_run.output)
    only = harness("results", "--format", "json", "--weights", "onnx", "--select", "nuclei-*", *output)
    listed = json.loads(only.stdout)
    assert {record["weights_format"] for record in listed} == {"onnx"}
    assert all(record["model"]["id"].startswith("nuclei-") for record in listed)


def test_the_site_can_be_rebuilt_from_the_ledger_alone(collection_run: Run, tmp_path: Path) -> None:
    shutil.copytree(collection_run.output / "ledger", tmp_path / "ledger")
    done = harness("report", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    for record in collection_run.records:
        assert any(record.model.id in page.name for page in (tmp_path / "site" / "models").iterdir())


def test_a_shard_runs_its_part_and_shards_make_the_whole(
    collection_run: Run, collection: Path, tmp_path: Path
) -> None:
    keys: list[str] = []
    for index in (1, 2):
        part = run_harness(
            collection, tmp_path / str(index), "--weights", "onnx", "--select", "nuclei-*",
            "--select", "cells-*", "--shard", f"{index}/2",
        )  # fmt: skip
        assert part.code == 0, part.stderr
        keys += [record.key for record in part.records]
    onnx = {r.key for r in collection_run.records if r.weights_format is WeightsFormat.ONNX}
    assert len(keys) == len(set(keys)) == 2
    assert set(keys) <= onnx
