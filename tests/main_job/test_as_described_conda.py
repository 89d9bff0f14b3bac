"""A model that declares conda packages, run in those for real, beside its framework's current environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend
from harness.paths import cache_folder
from harness.verdict import Status
from tests.environments.conda.channel import PYTHON, LocalChannel, python_package

from .conftest import run_harness
from .test_as_described import OTHER, declaring, described

pytestmark = pytest.mark.slow

TEXT = f"""
name: mine
channels: [conda-forge, nodefaults]
dependencies:
  - python={PYTHON}=h12_0_cpython
  - library>=1
  - pip
  - pip:
    - onnxruntime=={OTHER}
"""


def test_a_cell_in_what_conda_makes_of_a_declaration(collection: Path, tmp_path: Path) -> None:
    package = python_package(tmp_path)
    if package is None:
        pytest.skip(f"needs Linux and a CPython {PYTHON} that is not Debian's")
    channel = LocalChannel(tmp_path / "channel")
    channel.link(package)
    channel.add("library", "1.3", {"lib/library.txt": b"hello"})
    declaring(tmp_path / "models" / "of-conda", collection, ("conda:env.yaml", TEXT))
    kept = cache_folder() / "bytecode"  # what belongs to files of uv's cache need not be compiled again
    kept.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "bytecode").symlink_to(kept)
    run = run_harness(
        tmp_path / "models",
        tmp_path / "output",
        *("--backend", "conda", "--as-described"),
        HARNESS_CACHE_DIR=str(tmp_path / "cache"),
        HARNESS_CONDA_CHANNELS=f"conda-forge={channel.address}",
    )
    assert run.code == 0, run.stdout + run.stderr
    record = described(run)["of-conda"]
    assert record.status is Status.PASSED
    assert record.environment is not None
    assert record.environment.backend is Backend.CONDA
    assert record.machine.python.startswith(f"{PYTHON}.")
