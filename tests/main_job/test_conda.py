"""The main job in environments that conda makes: the same verdicts as in those that uv makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend, WeightsFormat
from harness.ledger.record import Record
from harness.paths import cache_folder
from harness.verdict import Check
from tests.environments.conda.channel import PYTHON, LocalChannel, python_package

from .conftest import Run, run_harness

pytestmark = pytest.mark.slow

FORMATS = (WeightsFormat.ONNX, WeightsFormat.PYTORCH_STATE_DICT, WeightsFormat.TORCHSCRIPT)


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
    weights = [option for weights in FORMATS for option in ("--weights", weights.value)]
    return run_harness(
        collection,
        folder / "output",
        *("--backend", "conda", *weights),
        HARNESS_CACHE_DIR=str(folder / "cache"),
        HARNESS_CONDA_CHANNELS=f"conda-forge={channel.address}",
    )


def _answers(records: list[Record]) -> dict[object, object]:
    """What each cell says, of those that both runs have.

    Whether weights formats agree is left out: it depends on which others have run before.
    """
    return {
        (record.model.id, record.weights_format): (
            record.status,
            record.reason,
            [(check.name, check.status) for check in record.checks if check.name is not Check.AGREEMENT],
            [(output.name, output.shape, output.dtype) for output in record.outputs],
        )
        for record in records
        if record.weights_format in FORMATS
    }


def test_the_same_verdicts(conda_run: Run, collection_run: Run) -> None:
    assert conda_run.code == 0, conda_run.stdout + conda_run.stderr
    answers = _answers(conda_run.records)
    assert len(answers) >= 10
    assert answers == _answers(collection_run.records)


def test_the_records_name_the_backend(conda_run: Run) -> None:
    ran = [record for record in conda_run.records if record.environment]
    assert {record.environment.backend for record in ran if record.environment} == {Backend.CONDA}
    assert {record.environment.name for record in ran if record.environment} == {"onnx", "pytorch"}
