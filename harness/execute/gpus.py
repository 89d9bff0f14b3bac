"""The GPUs of a run: one cell at a time on each, and none on a GPU that fails its check."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from harness.environments.built import BuiltEnvironment
from harness.errors import Interrupted
from harness.execute.launch import Job, launch
from harness.execute.workers import Workers
from harness.gpu.gpu import Gpu
from harness.limits import DEFAULTS, Limits, layered

_CHECK_SECONDS = 300.0  # the first use of a GPU loads hundreds of megabytes of code


class NoGpuError(Exception):
    """No GPU can be used for this; says why of each."""


class GpuPool:
    """Hands out whole GPUs.

    One cell at a time: what a model takes of a GPU's memory is not known before it ran, and two that share
    one change each other's times.
    """

    def __init__(self, gpus: Sequence[Gpu]) -> None:
        self._gpus = tuple(gpus)
        self._busy: set[str] = set()
        self._troubles: dict[tuple[str, str], str] = {}
        self._changed = threading.Condition()

    @contextmanager
    def hold(
        self, environment: str, check: Callable[[Gpu], str], *, cancel: threading.Event
    ) -> Iterator[Gpu]:
        """Wait for a GPU and hold it.

        Args:
            environment: its digest.
            check: says what is wrong with a GPU there; called once for each.

        Raises:
            NoGpuError: none passes the check.
            Interrupted: ``cancel`` was set.
        """
        gpu = self._passing(environment, check, cancel)
        try:
            yield gpu
        finally:
            self._release(gpu)

    def condemn(self, environment: str, gpu: Gpu, trouble: str) -> None:
        """Hand this GPU out no more for an environment."""
        with self._changed:
            self._troubles[environment, gpu.uuid] = trouble

    def _passing(self, environment: str, check: Callable[[Gpu], str], cancel: threading.Event) -> Gpu:
        while True:
            gpu = self._free(environment, cancel)
            if self._troubles.get((environment, gpu.uuid)) == "":
                return gpu
            trouble = "it was not checked"
            try:
                trouble = check(gpu)
                if not trouble:
                    self.condemn(environment, gpu, "")
                    return gpu
                self.condemn(environment, gpu, trouble)
            finally:
                if trouble:
                    self._release(gpu)

    def _free(self, environment: str, cancel: threading.Event) -> Gpu:
        with self._changed:
            while True:
                if cancel.is_set():
                    raise Interrupted("stopped by the user")
                good = [gpu for gpu in self._gpus if not self._troubles.get((environment, gpu.uuid))]
                if not good:
                    raise NoGpuError(self._why_none(environment))
                for gpu in good:
                    if gpu.uuid not in self._busy:
                        self._busy.add(gpu.uuid)
                        return gpu
                self._changed.wait(0.2)

    def _release(self, gpu: Gpu) -> None:
        with self._changed:
            self._busy.discard(gpu.uuid)
            self._changed.notify_all()

    def _why_none(self, environment: str) -> str:
        return "; ".join(f"{gpu.words}: {self._troubles[environment, gpu.uuid]}" for gpu in self._gpus)


def try_out(
    gpu: Gpu, built: BuiltEnvironment, workers: Workers, *, runner: str, cancel: threading.Event
) -> str:
    """Compute something small on the GPU, in the environment and as isolated as a cell.

    Returns:
        In words what went wrong; empty if nothing did.

    Raises:
        Interrupted: ``cancel`` was set.
        IsolationError: the environment cannot be shown at this level.
    """
    with workers.folder() as folder:
        cell = folder / "check"
        for name in ("model", "inputs"):
            (cell / name).mkdir(parents=True)
        job = Job(runner=runner, device="cuda", threads=1, check=True)
        try:
            evidence = launch(
                job,
                workers=workers.on(gpu),
                built=built,
                cell=cell,
                log=folder / "check.log",
                limits=layered(DEFAULTS, Limits(seconds=_CHECK_SECONDS)),
                cancel=cancel,
            )
        except OSError as error:
            return f"nothing can be started with it: {error}"
    if (told := evidence.error()) is not None:
        return f"{told.type}: {told.message}"
    if evidence.computed:
        return ""
    ended = evidence.finished
    how = ended.signal or (f"its limit of {ended.limit}" if ended.limit else f"exit code {ended.exit_code}")
    return f"the check ended by {how}\n{evidence.log_tail}".strip()
