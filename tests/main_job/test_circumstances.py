"""What happens around a model is never held against it: full disks, damaged environments, edits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.spec import load_all
from harness.ledger.store import read_records
from harness.verdict import Blame, Check, CheckStatus, Reason, Status
from tests.conftest import ONNX_ENVIRONMENT, REFERENCE

from .broken import copy_model
from .conftest import ROOT, Run, harness, run_harness

pytestmark = pytest.mark.slow

ONNX = ("--weights", "onnx", "--jobs", "1")


@pytest.fixture
def models(collection: Path, tmp_path: Path) -> Path:
    """A collection of two copies of one model."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("first", "second"):
        copy_model(collection / "nuclei-unet2d", folder, name)
    return folder


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of so many kilobytes."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("small_disk", [420, 500, 560, 900, 1000], indirect=True)
def test_a_full_scratch_disk(small_disk: Path, collection: Path, tmp_path: Path) -> None:
    run = run_harness(
        collection, tmp_path / "out", *ONNX, "--select", "nuclei-unet2d", TMPDIR=str(small_disk)
    )
    assert run.code == 3, run.stdout + run.stderr
    (record,) = run.records
    assert (record.status, record.reason) == (Status.INCONCLUSIVE, Reason.DISK_FULL.slug), record.message


@pytest.mark.parametrize("small_disk", [16], indirect=True)
def test_a_scratch_disk_without_room_for_the_worker(
    small_disk: Path, collection: Path, tmp_path: Path
) -> None:
    run = run_harness(
        collection, tmp_path / "out", *ONNX, "--select", "nuclei-unet2d", TMPDIR=str(small_disk)
    )
    assert run.code == 3
    assert "TMPDIR" in run.stderr
    assert "internal error" not in run.stderr


def test_a_damaged_environment_is_built_anew(collection: Path, tmp_path: Path) -> None:
    spec = load_all(ROOT / "environments")[ONNX_ENVIRONMENT]
    ready = store.ensure(spec, Backend.VENV, on_progress=lambda _: None)
    cache = tmp_path / "cache"
    entry = cache / "environments" / "venv" / ready.prefix.parent.name
    shutil.copytree(ready.prefix.parent, entry, symlinks=True)
    prefix = entry / ready.prefix.name
    shutil.rmtree(next(prefix.glob("lib/python*/site-packages/onnxruntime/capi")))
    only = (*ONNX, "--select", "nuclei-unet2d")
    run = run_harness(collection, tmp_path / "out", *only, HARNESS_CACHE_DIR=str(cache))
    (record,) = run.records
    assert (record.status, record.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT), record.message
    assert "onnxruntime" in record.message
    environment = record.check(Check.ENVIRONMENT)
    assert environment
    assert environment.status is CheckStatus.INCONCLUSIVE
    again = run_harness(collection, tmp_path / "out", *only, HARNESS_CACHE_DIR=str(cache))
    assert again.code == 0, again.stdout + again.stderr


def test_an_environment_of_ours_that_cannot_be_had(collection: Path, tmp_path: Path) -> None:
    environments = tmp_path / "environments"
    shutil.copytree(ROOT / "environments" / "onnx", environments / "onnx")
    lock = load_all(environments)[ONNX_ENVIRONMENT].lock
    text, count = re.subn(
        r"(?m)^tzdata==\S+.*\n(?:    --hash.*\n)*", "tzdata==1900.1\n", lock.read_text("utf-8")
    )
    assert count == 1
    lock.write_text(text, "utf-8")
    only = (*ONNX, "--select", "nuclei-unet2d", "--environments", str(environments))
    run = run_harness(collection, tmp_path / "out", *only)
    assert run.code == 3, run.stdout + run.stderr
    (record,) = run.records
    assert (record.status, record.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert "tzdata" in record.message
    (log,) = [artifact for artifact in record.artifacts if artifact.kind == "build-log"]
    assert "tzdata" in (tmp_path / "out" / "artifacts" / log.path).read_text("utf-8")


def test_a_time_out_before_the_model_is_reached(collection: Path, tmp_path: Path) -> None:
    only = (*ONNX, "--select", "nuclei-unet2d")
    run = run_harness(collection, tmp_path, *only, "--timeout", "0.1", "--no-fork")
    (record,) = run.records
    assert (record.status, record.reason) == (Status.INCONCLUSIVE, Reason.NO_REPLY.slug)
    assert run_harness(collection, tmp_path, *only).code == 0


def _verdicts(run: Run) -> dict[str, str | None]:
    listed = harness("results", "--format", "csv", "--output", run.output).stdout.splitlines()[1:]
    shown = {line.split(",")[0]: line.split(",")[8] for line in listed}
    assert shown == {record.model.id: record.status.value for record in run.records}
    return dict(shown)


def test_views_follow_the_collection(models: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert _verdicts(run_harness(models, output, *ONNX)) == {"first": "passed", "second": "passed"}
    description = models / "first" / "rdf.yaml"
    good = description.read_text("utf-8")

    description.write_text(good + "\nbroken: [\n", "utf-8")
    assert _verdicts(run_harness(models, output, *ONNX)) == {"first": "failed", "second": "passed"}

    description.write_text(good, "utf-8")
    restored = run_harness(models, output, *ONNX)
    assert "(0 run now" in restored.stdout
    assert _verdicts(restored) == {"first": "passed", "second": "passed"}

    shutil.rmtree(models / "second")
    assert _verdicts(run_harness(models, output, *ONNX)) == {"first": "passed"}
    pages = {page.name.partition("@")[0] for page in (output / "site" / "models").iterdir()}
    assert pages == {"first"}


def test_a_reader_that_leaves_does_not_end_the_run(models: Path, tmp_path: Path) -> None:
    options = " ".join((*ONNX, *REFERENCE))
    command = f"{sys.executable} -m harness run {models} --output {tmp_path / 'out'} {options}"
    subprocess.run(f"{command} 2>&1 >/dev/null | true", shell=True, check=True, cwd=ROOT)
    assert len(list(read_records(tmp_path / "out" / "ledger"))) == 2
