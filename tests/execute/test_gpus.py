"""GPUs are handed out one at a time, after a check, and none that has failed it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import Interrupted
from harness.execute.gpus import GpuPool, NoGpuError
from harness.gpu.gpu import Gpu
from harness.gpu.nvidia_smi import parse
from tests.gpu.stand_in import HEALTHY

ONE, TWO = parse(HEALTHY + HEALTHY.replace("0, GPU-5", "1, GPU-6")).found
GOOD = threading.Event()  # never set


def _fine(_gpu: Gpu) -> str:
    return ""


def test_one_cell_at_a_time_on_each() -> None:
    pool = GpuPool([ONE, TWO])
    checked: list[int] = []
    together: list[int] = []
    busy: dict[str, int] = {ONE.uuid: 0, TWO.uuid: 0}

    def check(gpu: Gpu) -> str:
        checked.append(gpu.index)
        return ""

    def cell(_number: int) -> None:
        with pool.hold("env", check, cancel=GOOD) as gpu:
            busy[gpu.uuid] += 1
            together.append(max(busy.values()))
            time.sleep(0.01)
            busy[gpu.uuid] -= 1

    with ThreadPoolExecutor(max_workers=6) as threads:
        list(threads.map(cell, range(20)))
    assert max(together) == 1
    assert sorted(checked) == [0, 1]


def test_a_gpu_that_fails_is_passed_over_and_said_if_there_is_no_other() -> None:
    pool = GpuPool([ONE, TWO])
    with pool.hold("env", lambda gpu: "too hot" if gpu is ONE else "", cancel=GOOD) as gpu:
        assert gpu is TWO
    with pool.hold("other", _fine, cancel=GOOD) as gpu:
        assert gpu is ONE  # each environment has a check of its own
    pool.condemn("env", TWO, "it fell off the bus")
    says = r"GPU 0, .*: too hot; GPU 1, .*: it fell off the bus"
    with pytest.raises(NoGpuError, match=says), pool.hold("env", _fine, cancel=GOOD):
        pytest.fail("handed out")


def test_a_check_that_breaks_gives_the_gpu_back() -> None:
    pool = GpuPool([ONE])

    def broken(_gpu: Gpu) -> str:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"), pool.hold("env", broken, cancel=GOOD):
        pytest.fail("handed out")
    with pool.hold("env", _fine, cancel=GOOD) as gpu:
        assert gpu is ONE


def test_waiting_ends_when_the_run_does() -> None:
    pool, stop = GpuPool([ONE]), threading.Event()
    stop.set()
    with pytest.raises(Interrupted), pool.hold("env", _fine, cancel=stop):
        pytest.fail("handed out")
