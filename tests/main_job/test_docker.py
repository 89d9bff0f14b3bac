"""Images give the verdicts of virtual environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environments.docker.dockerfile import BASE_VARIABLE
from harness.ledger.record import Record
from harness.verdict import Status
from tests.conftest import needs_base_image, needs_level
from tests.environments.docker.conftest import choose_builder

from .conftest import Run, harness, run_harness

pytestmark = pytest.mark.slow
CHOSEN = ("--select", "membrane-unet2d", "--select", "cells-two-channel")


@pytest.fixture(scope="module")
def docker_run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two models with weights of PyTorch and ONNX, in images of the project's own environments."""
    needs_level("container")
    base = {BASE_VARIABLE: needs_base_image()}
    with pytest.MonkeyPatch.context() as patch:
        choose_builder("buildkit", patch)  # the faster one
        output = tmp_path_factory.mktemp("docker")
        return run_harness(collection, output, "--backend", "docker", *CHOSEN, **base)


def told(record: Record) -> tuple[object, ...]:
    """What a record says of a model, whatever made its environment."""
    checks = [(check.name, check.status) for check in record.checks]
    return record.status, record.reason, checks, [output.dtype for output in record.outputs]


def test_the_verdicts_are_the_same(docker_run: Run, collection_run: Run) -> None:
    assert docker_run.code == 0, docker_run.stdout + docker_run.stderr
    elsewhere = {(r.model.id, r.weights_format): r for r in collection_run.records}
    assert {r.environment.name for r in docker_run.records if r.environment} == {"pytorch", "onnx"}
    for record in docker_run.records:
        assert told(record) == told(elsewhere[record.model.id, record.weights_format])
        assert record.status is Status.PASSED


def test_how_they_ran_is_recorded(docker_run: Run) -> None:
    for record in docker_run.records:
        assert record.isolation == "container"
        assert record.environment is not None
        assert record.environment.backend.value == "docker"
        assert record.machine is not None
        assert record.machine.python.startswith("3.11.")


def test_a_record_of_an_image_is_reproduced_in_it(docker_run: Run, collection: Path) -> None:
    record = next(r for r in docker_run.records if r.environment and r.environment.name == "onnx")
    options = ("--output", docker_run.output)
    base = {BASE_VARIABLE: needs_base_image()}
    done = harness("reproduce", record.key[:12], collection, *options, **base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the verdict is the same as recorded" in done.stdout
