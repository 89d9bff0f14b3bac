"""A cell that is stopped has no record, whatever it ran into then."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from harness.cell import WeightsFormat
from harness.collection.index import find_models
from harness.collection.model import Model, read_model
from harness.errors import Interrupted
from harness.execute.clock import Clock
from harness.execute.run_cell import run_cell
from harness.execute.settings import Settings
from harness.ledger.record import Record
from harness.limits import Limits
from harness.verdict import Reason
from tests.conftest import ROOT
from tests.execute.cells import planned
from tests.execute.warm.conftest import workbench

MODEL = ROOT / "collection" / "membrane-unet2d"


def run_in_closed_workers(folder: Path, cancel: threading.Event) -> Record:
    """A second Ctrl-C closes the workers while a cell is still in them."""
    (found,) = find_models(str(MODEL))
    model = read_model(found)
    assert isinstance(model, Model)
    entry = planned("a")
    cell = msgspec.structs.replace(entry.cell, weights_format=WeightsFormat.ONNX)
    entry = msgspec.structs.replace(entry, cell=cell, settled=None)
    settings = Settings(run="run", collection="zoo", artifacts=folder / "artifacts", threads=1, clock=Clock())
    with workbench(folder, "process", fork=False) as bench:
        bench.workers.close()
        return run_cell(
            entry, model, bench.built, settings, bench.workers, limits=Limits(seconds=60), cancel=cancel
        )


def test_a_cell_that_is_stopped_twice_is_no_bug_of_the_harness(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted):
        run_in_closed_workers(tmp_path, cancel)


def test_the_same_without_a_stop_is_a_bug(tmp_path: Path) -> None:
    record = run_in_closed_workers(tmp_path, threading.Event())
    assert record.reason == Reason.INTERNAL_ERROR.slug
