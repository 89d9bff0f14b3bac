"""A worker does a whole job in a container, and comes to what it comes to outside."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from harness.cell import Backend, WeightsFormat
from harness.collection.model import Model
from harness.environments import store
from harness.environments.spec import load_all
from harness.execute.conclude.tasks import prepare_tasks
from harness.execute.isolate.level import Confinement
from harness.execute.isolate.process import Process
from harness.execute.launch import Job, launch
from harness.execute.stage import stage_model, stage_worker
from harness.execute.workers import Workers
from harness.limits import DEFAULTS
from tests.conftest import ROOT

from .containers import assert_none, confinement

WEIGHTS = WeightsFormat.PYTORCH_STATE_DICT


def outputs(inside: Confinement, model: Model, folder: Path, *, warm: bool = False) -> list[np.ndarray]:
    """What the model answers to its test inputs there, in a worker that is forked if ``warm``."""
    built = store.ensure(load_all(ROOT / "environments")["pytorch"], Backend.VENV, on_progress=lambda _: None)
    worker, cells = folder / "worker", folder / "cells"
    worker.mkdir(parents=True)
    cells.mkdir()
    said: list[str] = []
    with (
        Workers(
            inside, worker=stage_worker(worker), cells=cells, threads=1, warm=warm, say=said.append
        ) as workers,
        workers.folder() as cell,
    ):
        staged = stage_model(model, WEIGHTS, cell / "model")
        job = Job(
            runner="bioimageio_core",
            tasks=prepare_tasks(model, cell)[:1],
            description=staged.description.relative_to(cell).as_posix(),
            weights=staged.weights.relative_to(cell).as_posix(),
            weights_format=WEIGHTS.value,
            device="cpu",
            threads=1,
        )
        log = folder / "log"
        cancel = threading.Event()
        evidence = launch(
            job, workers=workers, built=built, cell=cell, log=log, limits=DEFAULTS, cancel=cancel
        )
        assert evidence.finished.ok, log.read_text()
        assert 100 * 2**20 < evidence.finished.peak_memory_bytes < 4 * 2**30
        found = [np.load(path) for path in sorted((cell / "outputs").rglob("*.npy"))]
    assert list(cells.glob("tmp*")) == [], "what a worker wrote can be removed"
    assert (bool(found), said) == (True, [])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("warm", [True, False])
def test_a_worker_in_a_container_answers_as_one_outside(warm: bool, model: Model, tmp_path: Path) -> None:
    inside = outputs(confinement(), model, tmp_path / "inside", warm=warm)
    outside = outputs(Process(), model, tmp_path / "outside")
    for one, other in zip(inside, outside, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_none()
