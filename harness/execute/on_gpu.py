"""Cells on a GPU: whether one can be used, and that nothing is held against a model while one cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import msgspec

from harness.cell import Device
from harness.environments import cuda, lock
from harness.environments.built import BuiltEnvironment
from harness.environments.spec import EnvironmentSpec, read_text
from harness.execute.gpus import GpuPool, NoGpuError, try_out
from harness.execute.workers import Workers
from harness.gpu import detect
from harness.gpu.gpu import Gpu
from harness.ledger.record import Record
from harness.plan.plan import PlannedCell
from harness.verdict import Status


def missing_devices(devices: frozenset[Device]) -> Mapping[Device, str]:
    """Of these devices, those that this machine lacks, with the reason in words."""
    why = detect.gpus().why_none if Device.CUDA in devices else ""
    return {Device.CUDA: why} if why else {}


class OnGpu:
    """All cells of a run that need a GPU; the driver is asked when the first one comes.

    Args:
        specs: environments by name.
        cancel: set it to give up waiting.
    """

    def __init__(self, specs: Mapping[str, EnvironmentSpec], cancel: threading.Event) -> None:
        self._specs = specs
        self._cancel = cancel
        self._pool: GpuPool | None = None

    def why_not(self, planned: PlannedCell) -> str:
        """In words why the cell cannot run here, known before anything is built; empty if it can."""
        environment = planned.cell.environment
        assert environment is not None, "a cell that runs has an environment"
        if planned.cell.device is not Device.CUDA:
            return ""
        found = detect.gpus()
        troubles = self._troubles(environment.name)
        if found.why_none or not all(troubles.values()):
            return found.why_none
        return "; ".join(f"{words}: {trouble}" for words, trouble in troubles.items())

    def run(
        self,
        built: BuiltEnvironment,
        workers: Workers,
        *,
        runner: str,
        cell: Callable[[Workers], Record],
    ) -> Record:
        """Run ``cell`` with workers that have a GPU.

        A GPU is tried before the first cell of an environment, and again after a cell that failed.

        Raises:
            NoGpuError: none passes its check.
            Interrupted: the run was cancelled.
        """

        def check(gpu: Gpu) -> str:
            pins = lock.pins(read_text(self._specs[built.ref.name].lock))
            too_old = cuda.driver_trouble(pins, gpu.driver)
            return too_old or try_out(gpu, built, workers, runner=runner, cancel=self._cancel)

        pool = self._pool = self._pool or GpuPool(detect.gpus().usable)
        with pool.hold(built.ref.digest, check, cancel=self._cancel) as gpu:
            record = cell(workers.on(gpu))
            if record.status is Status.FAILED and (trouble := check(gpu)):
                pool.condemn(built.ref.digest, gpu, trouble)
                raise NoGpuError(f"{gpu.words} does not pass its check after the cell: {trouble}")
        machine = msgspec.structs.replace(record.machine, gpu=gpu.words)
        return msgspec.structs.replace(record, machine=machine)

    def _troubles(self, environment: str) -> dict[str, str]:
        """What keeps each GPU from running anything of an environment, empty if nothing does."""
        pins = lock.pins(read_text(self._specs[environment].lock))
        return {gpu.words: cuda.driver_trouble(pins, gpu.driver) for gpu in detect.gpus().usable}
