"""The main job in environments that conda makes: the same verdicts as in those that uv makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend
from harness.paths import cache_folder
from tests.conftest import ONNX_ENVIRONMENT
from tests.environments.conda.channel import PYTHON, LocalChannel, python_package

from .conftest import Run, run_harness
from .verdicts import OPTIONS, answers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def conda_run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The collection's ONNX and PyTorch models, with a Python from a channel in a folder.

    The cache folder is new: the name of this channel is that of another one in the world outside.
    """
    folder = tmp_path_factory.mktemp("conda-run")
    package = python_package(tmp_path_factory.mktemp("python"))
    if package is None:
        pytest.skip(f"needs Linux and a CPython {PYTHON} that is not Debian's")
    channel = LocalChannel(folder / "channel")
    channel.link(package)
    # What is compiled already need not be compiled again: it belongs to files of uv's cache.
    (folder / "cache").mkdir()
    kept = cache_folder() / "bytecode"
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "bytecode").symlink_to(kept)
    return run_harness(
        collection,
        folder / "output",
        *("--backend", "conda", *OPTIONS),
        HARNESS_CACHE_DIR=str(folder / "cache"),
        HARNESS_CONDA_CHANNELS=f"conda-forge={channel.address}",
    )


def test_the_same_verdicts(conda_run: Run, collection_run: Run) -> None:
    assert conda_run.code == 0, conda_run.stdout + conda_run.stderr
    told = answers(conda_run.records)
    assert len(told) >= 10
    assert told == answers(collection_run.records)


def test_the_records_name_the_backend(conda_run: Run) -> None:
    ran = [record for record in conda_run.records if record.environment]
    assert {record.environment.backend for record in ran if record.environment} == {Backend.CONDA}
    assert {record.environment.name for record in ran if record.environment} == {ONNX_ENVIRONMENT, "pytorch"}
