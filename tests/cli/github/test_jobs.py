"""The entries of a matrix."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.cell import Device
from harness.cli.github.jobs import Job, jobs_of
from harness.errors import ConfigurationError
from harness.github.runners import DEFAULT, Runner, Runners
from harness.plan.plan import PlannedCell
from tests.plan.cells import planned
from tests.plan.test_expect import plan_of


def jobs(*cells: PlannedCell, **options: Any) -> list[Job]:
    settings: dict[str, Any] = {
        "target_seconds": 100.0, "most": 256, "runners": DEFAULT, "memory_of": lambda _: 0, **options,
    }  # fmt: skip
    return [job for job, _ in jobs_of(plan_of(*cells), **settings)]


def test_an_entry_as_workflows_read_it() -> None:
    (job,) = jobs(planned("m", environment="onnx"))
    assert msgspec.to_builtins(job) == {
        "shard": "1/1",
        "name": "1 model in onnx",
        "runner": ("ubuntu-24.04",),
        "artifact": "shard-1-of-1",
        "cache-key": job.cache_key,
        "downloads-key": job.downloads_key,
        "environments": ("onnx",),
    }
    assert len(job.cache_key) == len(job.downloads_key) == 64


def test_a_name_says_what_is_in_it_in_few_words_of_our_own() -> None:
    cells = [planned("\n::evil::", tool, tool) for tool in ("a", "b", "c", "d", "e")]
    assert [job.name for job in jobs(*cells)] == ["1 model in a, b, c and 2 more"]
    assert [job.name for job in jobs(planned("m"), planned("n"))] == ["2 models, nothing to run"]


def test_the_same_environments_have_the_same_cache_key() -> None:
    one, other, third = (
        jobs(planned(model, environment=environment))[0].cache_key
        for model, environment in (("m", "onnx"), ("n", "onnx"), ("m", "pytorch"))
    )
    assert one == other != third


def test_the_same_files_of_models_have_the_same_key_of_downloads() -> None:
    one, other, third = (
        jobs(planned(model, environment=environment))[0].downloads_key
        for model, environment in (("m", "onnx"), ("m", "pytorch"), ("n", "onnx"))
    )
    assert one == other != third


def test_what_is_recorded_needs_no_environment_and_no_gpu() -> None:
    known = planned("k", environment="gpu", device=Device.CUDA, recorded=True)
    (job,) = jobs(known, planned("m", environment="onnx"))
    assert (job.environments, job.runner) == (("onnx",), ("ubuntu-24.04",))


def test_a_gpu_has_jobs_of_its_own() -> None:
    gpu = Runner(labels=("self-hosted", "gpu"), devices=(Device.CUDA,))
    cells = (planned("m", environment="onnx"), planned("m", "other", "gpu", device=Device.CUDA))
    found = jobs(*cells, runners=Runners(runner=(*DEFAULT.runner, gpu)))
    assert sorted((job.environments, job.runner) for job in found) == [
        (("gpu",), ("self-hosted", "gpu")),
        (("onnx",), ("ubuntu-24.04",)),
    ]
    with pytest.raises(ConfigurationError, match="no runner has cuda"):
        jobs(*cells)


def test_no_cells_no_jobs() -> None:
    assert jobs() == []
