"""Images give the verdicts of virtual environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environments.docker.dockerfile import BASE_VARIABLE
from tests.conftest import ONNX_ENVIRONMENT, needs_base_image, needs_level
from tests.environments.docker.conftest import choose_builder

from .conftest import Run, harness, run_harness
from .verdicts import OPTIONS, answers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def docker_run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The collection's ONNX and PyTorch models, in images of the project's own environments."""
    needs_level("container")
    base = {BASE_VARIABLE: needs_base_image()}
    with pytest.MonkeyPatch.context() as patch:
        choose_builder("buildkit", patch)  # the faster one
        output = tmp_path_factory.mktemp("docker")
        return run_harness(collection, output, "--backend", "docker", *OPTIONS, **base)


def test_the_verdicts_are_the_same(docker_run: Run, collection_run: Run) -> None:
    assert docker_run.code == 0, docker_run.stdout + docker_run.stderr
    told = answers(docker_run.records)
    assert len(told) >= 10
    assert told == answers(collection_run.records)


def test_how_they_ran_is_recorded(docker_run: Run) -> None:
    ran = [record for record in docker_run.records if record.environment]
    assert {record.environment.name for record in ran if record.environment} == {ONNX_ENVIRONMENT, "pytorch"}
    for record in ran:
        assert record.isolation == "container"  # its flags are those that tests/execute/isolate prove
        assert record.environment is not None
        assert record.environment.backend.value == "docker"
        assert record.machine is not None
        assert record.machine.python.startswith("3.11.")


def test_a_record_of_an_image_is_reproduced_in_it(docker_run: Run, collection: Path) -> None:
    record = next(r for r in docker_run.records if r.environment and r.environment.name == ONNX_ENVIRONMENT)
    options = ("--output", docker_run.output)
    base = {BASE_VARIABLE: needs_base_image()}
    done = harness("reproduce", record.key[:12], collection, *options, **base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the verdict is the same as recorded" in done.stdout
