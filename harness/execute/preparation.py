"""What all cells of a run share, made ready while its plan is still being made."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Literal

from harness.cell import Backend
from harness.environments import store
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import HarnessError, OutputError
from harness.execute import kept
from harness.execute.isolate.choose import choose, find
from harness.execute.isolate.level import Confinement
from harness.execute.scratch import scratch_folder, sweep
from harness.execute.stage import stage_worker
from harness.execute.workers import Kind, Workers
from harness.isolation import Level


class Preparation:
    """The workers of a run, and fork servers that are started before anybody asks for them.

    To import a framework takes as long as to read a collection, and needs another processor. A context
    manager: nothing of it is left afterwards.

    Args:
        isolation: the level that is asked for, or "auto".
        threads: how many each worker may use.
        warm: whether workers may be forked.
        one_container_per_cell: whether no cells share a container, where containers isolate.
        cancel: set it to give up waiting. It is set at the end.
    """

    def __init__(
        self,
        *,
        isolation: Level | Literal["auto"],
        threads: int,
        warm: bool,
        one_container_per_cell: bool = False,
        cancel: threading.Event,
    ) -> None:
        self._isolation = isolation
        self._threads = threads
        self._warm = warm
        self._one_container_per_cell = one_container_per_cell
        self.cancel = cancel
        self._leases = ExitStack()
        self._opened = ExitStack()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._prober = ThreadPoolExecutor(max_workers=1)
        self._workers: Future[Workers] | None = None
        self._proven: Future[Confinement]
        self._expected: set[tuple[str, str]] = set()
        self._said: list[str] = []
        self._say = self._said.append

    def __enter__(self) -> Preparation:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel.set()
        self._pool.shutdown(cancel_futures=True)
        self._prober.shutdown(cancel_futures=True)
        self._opened.close()
        self._leases.close()

    def expect(self, spec: EnvironmentSpec, backend: Backend, runner: str) -> None:
        """Cells will likely run in this environment: start its fork server now, if it is built.

        Whatever goes wrong is told to whom it keeps from running.
        """
        self._begin()
        expected = (spec.name, runner)
        if self._warm and expected not in self._expected:
            self._expected.add(expected)
            self._pool.submit(self._start, spec, backend, runner)

    def workers(self, say: Callable[[str], None]) -> Workers:
        """The workers, once they are ready.

        Args:
            say: is told how cells are kept apart, and later what is otherwise than it was meant to be.

        Raises:
            IsolationError: the level of isolation cannot be had here.
            OutputError: the temporary folder has no room.
        """
        workers = self._begin().result()
        with _room():
            proven = self._proven.result()
        if proven.level is not workers.level:
            self._workers = self._pool.submit(self._open_again, workers, proven)
            workers = self._workers.result()
        for line in (proven.description, *self._said):
            say(line)
        self._say = say
        return workers

    def _tell(self, line: str) -> None:
        self._say(line)

    def _begin(self) -> Future[Workers]:
        if self._workers is None:
            # Side by side: what a fork server imports is known, and no cell runs before the probe has ended.
            self._proven = self._prober.submit(choose, self._isolation)
            self._workers = self._pool.submit(lambda: self._open(find(self._isolation)))
        return self._workers

    def _open_again(self, workers: Workers, proven: Confinement) -> Workers:
        workers.close()
        return self._open(proven)

    def _open(self, confinement: Confinement) -> Workers:
        with _room():
            sweep()
            kept.prune()
            scratch = self._opened.enter_context(scratch_folder())
            worker, cells = scratch / "worker", scratch / "cells"
            stage_worker(worker)
            confinement.hand_over(worker)
            cells.mkdir()
            cells.chmod(0o755)
        return self._opened.enter_context(
            Workers(
                confinement,
                worker=worker,
                cells=cells,
                threads=self._threads,
                warm=self._warm,
                one_container_per_cell=self._one_container_per_cell,
                say=self._tell,
            )
        )

    def _start(self, spec: EnvironmentSpec, backend: Backend, runner: str) -> None:
        with suppress(HarnessError, EnvironmentBuildError, OSError):
            self._leases.enter_context(store.in_use(spec, backend, cancel=self.cancel))
            if not spec.trusted:
                self._proven.result()
            if (built := store.find(spec, backend)) is not None:
                self._begin().result().start(Kind(built.ref.digest, runner), built, self.cancel)


@contextmanager
def _room() -> Iterator[None]:
    """Raises OutputError where the temporary folder cannot be written."""
    try:
        yield
    except OSError as error:
        why = error.strerror or "no space left on device"  # shutil's errors are lists of others
        raise OutputError(
            f"{tempfile.gettempdir()}: cannot be written ({why}); "
            "free space there, or set TMPDIR to another folder"
        ) from error
