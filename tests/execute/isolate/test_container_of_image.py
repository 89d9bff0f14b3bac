"""Workers in the image of an environment: as hard to get out of as of the system of the machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import IsolationError
from harness.execute.isolate.level import Level
from harness.execute.isolate.probe import ATTEMPTS, escapes, probe
from harness.execute.isolate.process import Process
from harness.execute.isolate.requirements import sandbox
from tests.conftest import needs_base_image, needs_level

from .containers import PYTHON_OF_IMAGE, confinement, environment_of_image
from .warm_probe import probe_forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def test_nothing_gets_out_of_a_container() -> None:
    attempts = probe(confinement().in_image(needs_base_image()), PYTHON_OF_IMAGE, mounts=())
    assert [attempt.name for attempt in attempts] == list(ATTEMPTS)
    assert escapes(attempts, Level.CONTAINER) == []
    assert [attempt.name for attempt in attempts if attempt.escaped is None] == []


def test_nothing_gets_out_of_a_forked_cell(tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    built = environment_of_image(tmp_path, needs_base_image())
    assert probe_forked(confinement(), tmp_path / "probe", built=built) == {}


@pytest.mark.parametrize("level", ["process", "sandbox"])
def test_other_levels_run_no_images(level: str) -> None:
    needs_level(level)
    found = Process() if level == "process" else sandbox()
    with pytest.raises(IsolationError, match=f"runs in a container and not at the level {level}: leave out"):
        found.in_image("bioimage-harness/onnx:0")
