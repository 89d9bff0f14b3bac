"""A tool whose team publishes versions and environments: ilastik, with a list and channels of ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.cell import Backend, Depth
from harness.paths import cache_folder
from harness.verdict import Reason, Status
from tests.conftest import ROOT
from tests.environments.conda.channel import PYTHON, LocalChannel, python_package
from tests.environments.conda.server import serving

from .conftest import run_harness

pytestmark = pytest.mark.slow

OLDER = "0.10.0"  # of the reference runtime, as it was in ilastik 1.4.2rc1
ENVIRONMENT = f"""
name: ilastik
channels: [ilastik-forge, conda-forge]
dependencies:
  - python={PYTHON}
  - ilastik-core=1.4.2rc1=0
  - gurobi-symlink=8.1.1=0
  - bioimageio.core={OLDER}
  - pip
  - pip:
    - onnxruntime==1.31.1
"""


def _published(folder: Path, address: str) -> Path:
    """A folder of environments with what ilastik publishes, at this address, and the one that it is like."""
    environments = folder / "environments"
    shutil.copytree(ROOT / "environments" / "pytorch", environments / "pytorch")
    text = (ROOT / "environments" / "ilastik" / "published.toml").read_text("utf-8")
    text = text.replace("https://files.ilastik.org", address)
    (environments / "ilastik").mkdir()
    (environments / "ilastik" / "published.toml").write_text(text, "utf-8")
    return environments


def test_the_newest_version_runs_in_its_own_environment(collection: Path, tmp_path: Path) -> None:
    python = python_package(tmp_path)
    if python is None:
        pytest.skip(f"needs Linux and a CPython {PYTHON} that is not Debian's")
    channels = {name: LocalChannel(tmp_path / name) for name in ("ilastik-forge", "conda-forge")}
    channels["conda-forge"].link(python)
    channels["ilastik-forge"].add("ilastik-core", "1.4.2rc1", {"lib/ilastik.txt": b"hello"})
    served = tmp_path / "served"
    served.mkdir()
    listed = ["1.4.2b10", "1.4.2rc1", "1.4.1.post1", "1.4.2b9"]
    (served / "ilastik-versions-bmz.json").write_text(json.dumps(listed), "utf-8")
    (served / "ilastik-1.4.2rc1-Linux.yml").write_text(ENVIRONMENT, "utf-8")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "bytecode").symlink_to(cache_folder() / "bytecode")
    models = tmp_path / "models"
    for name in ("nuclei-unet2d", "cells-two-channel"):
        shutil.copytree(collection / name, models / name)
    with serving(served) as server:
        options = ("--consumer", "ilastik", "--weights", "onnx", "--backend", "conda", "--environments")
        run = run_harness(
            models,
            tmp_path / "output",
            *options,
            str(_published(tmp_path, server.address)),
            HARNESS_CACHE_DIR=str(cache),
            HARNESS_CONDA_CHANNELS=" ".join(
                f"{name}={channel.address}" for name, channel in channels.items()
            ),
        )
    assert run.code == 0, run.stdout + run.stderr
    records = {record.model.id: record for record in run.records}
    ran, skipped = records["nuclei-unet2d"], records["cells-two-channel"]
    assert (ran.status, ran.depth) == (Status.PASSED, Depth.RUNTIME)
    assert ran.consumer.version == "1.4.2rc1"
    assert ran.environment is not None
    assert (ran.environment.name, ran.environment.backend) == ("ilastik-1.4.2rc1", Backend.CONDA)
    assert (skipped.status, skipped.reason) == (Status.NOT_APPLICABLE, Reason.MODEL_NOT_SUPPORTED.slug)
    assert "one input and one output" in skipped.message
