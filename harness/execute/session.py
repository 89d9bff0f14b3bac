"""Execute a plan: every planned cell ends in exactly one record, and what is finished is never lost."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Protocol

from harness.cell import Device
from harness.collection.model import Model
from harness.consumers import CONSUMERS, REFERENCE
from harness.environments.built import BuiltEnvironment
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import HarnessError, Interrupted
from harness.execute import artifacts
from harness.execute.budget import Budget, Expectations
from harness.execute.build import build, verdict_of
from harness.execute.gpus import NoGpuError
from harness.execute.limits_of import limits_of
from harness.execute.make_record import of_internal_error
from harness.execute.not_run import NotRun
from harness.execute.on_gpu import OnGpu
from harness.execute.preparation import Preparation
from harness.execute.run_cell import run_cell
from harness.execute.settings import Settings
from harness.execute.unusable import UnusableTools
from harness.execute.whose import WHOSE, ReferenceRecords
from harness.execute.workers import Workers
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter
from harness.limits import Limits
from harness.plan.plan import PlannedCell
from harness.verdict import Reason, Status


class Observer(Protocol):
    """Who wants to know how a run goes. Called from several threads, one at a time for ``recorded``."""

    def isolation(self, description: str) -> None:
        """How the cells of this run are kept apart."""

    def environment(self, line: str) -> None:
        """A step of building an environment."""

    def recorded(self, record: Record) -> None:
        """One more cell has its record."""


class Session:
    """One run over one list of cells.

    Args:
        models: by source; every cell that is not settled has its model here.
        specs: environments by name.
        observer: hears of every step.
        preparation: gives the workers; set its ``cancel`` to stop, and finished cells stay recorded.
        reference: what the reference runtime made of weights before; cells of this run are added.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Model],
        specs: Mapping[str, EnvironmentSpec],
        ledger: LedgerWriter,
        settings: Settings,
        observer: Observer,
        preparation: Preparation,
        reference: ReferenceRecords | None = None,
    ) -> None:
        self._models = models
        self._specs = specs
        self._ledger = ledger
        self._settings = settings
        self._observer = observer
        self._preparation = preparation
        self._cancel = preparation.cancel
        self._clock = settings.clock
        self._recording = threading.Lock()
        self._recorded: set[str] = set()
        self._reference = reference or ReferenceRecords()
        self._expectations = Expectations(())
        self._budget = Budget()
        self._on_gpu = OnGpu(specs, preparation.cancel)
        self._unusable = UnusableTools()
        self._not_run = NotRun(models, settings)

    def execute(
        self, cells: Sequence[PlannedCell], *, jobs: int, expectations: Expectations | None = None
    ) -> None:
        """Record every cell, ``jobs`` at a time, the longest of each environment first.

        Args:
            jobs: at most; fewer while cells need more memory than there is.
            expectations: what cells needed when they ran last.

        Raises:
            Interrupted: ``preparation.cancel`` was set.
            IsolationError: the level of isolation cannot be had here.
            OutputError: the ledger cannot be written any more.
        """
        self._expectations = expectations or Expectations(())
        try:
            self._execute(cells, jobs)
        except HarnessError:
            raise
        except Exception as error:  # a bug of ours: what was planned is recorded all the same
            verdict, log = of_internal_error(error, self._settings)
            for planned in cells:
                if planned.key not in self._recorded:
                    self._ledger.append(self._not_run.because(planned, verdict, log))

    def limits_of(self, planned: PlannedCell) -> Limits:
        """What an attempt at the cell may use; nothing is stated for one that is settled."""
        cell = planned.cell
        if planned.settled is not None or cell.environment is None or cell.weights_format is None:
            return Limits()
        return limits_of(
            self._models[cell.model.source],
            cell.weights_format,
            environment=self._specs[cell.environment.name].limits,
            policy=self._settings.policy.limits_for(cell),
            asked=self._settings.limits,
        )

    def _execute(self, cells: Sequence[PlannedCell], jobs: int) -> None:
        by_environment: defaultdict[str, list[PlannedCell]] = defaultdict(list)
        for planned in cells:
            if planned.settled is not None:
                self._record(self._not_run.settled(planned))
            elif why_not := self._on_gpu.why_not(planned):
                self._record(self._not_run.without_device(planned, Reason.DEVICE_UNAVAILABLE, why_not))
            else:
                assert planned.cell.environment is not None, "a cell that runs has an environment"
                by_environment[planned.cell.environment.name].append(planned)
        if not by_environment:
            return
        ordered = _in_order(by_environment)
        for cells_of_one in ordered.values():  # while the cells of the first one run
            if any(planned.cell.device is Device.CPU for planned in cells_of_one):
                self._expect(cells_of_one[0])
        workers = self._preparation.workers(self._observer.isolation)
        with ExitStack() as leases, ThreadPoolExecutor(max_workers=jobs) as pool:
            self._execute_all(ordered, pool, workers, leases)

    def _expect(self, planned: PlannedCell) -> None:
        environment = planned.cell.environment
        assert environment is not None, "a cell that runs has an environment"
        runner = CONSUMERS[planned.cell.consumer.name].RUNNER
        self._preparation.expect(self._specs[environment.name], environment.backend, runner)

    def _execute_all(
        self,
        by_environment: Mapping[str, list[PlannedCell]],
        pool: ThreadPoolExecutor,
        workers: Workers,
        leases: ExitStack,
    ) -> None:
        """Build one environment after the other; its cells run while the next one is built."""
        running: set[Future[None]] = set()
        try:
            for name, cells in by_environment.items():
                built = self._build(name, cells, leases)
                if built is not None:
                    cells.sort(key=self._order)
                    running |= {pool.submit(self._run, planned, built, workers) for planned in cells}
                running = self._collect(running, block=False)
            while running:
                running = self._collect(running, block=True)
        except BaseException:
            self._cancel.set()
            for future in running:
                future.cancel()
            raise

    def _order(self, planned: PlannedCell) -> tuple[bool, float]:
        """The reference runtime first, whose records tell whose failure it is; then the longest."""
        return planned.cell.consumer.name != REFERENCE, -self._expectations.of(planned.cell).seconds

    def _collect(self, running: set[Future[None]], *, block: bool) -> set[Future[None]]:
        """Raise what a finished cell raised; the short wait lets Ctrl-C through."""
        done, rest = wait(running, timeout=0.2 if block else 0, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        return rest

    def _build(self, name: str, cells: Sequence[PlannedCell], leases: ExitStack) -> BuiltEnvironment | None:
        """The environment; None if it cannot be had, and then its cells are recorded with the reason."""
        started_at = self._clock.now()
        environment = cells[0].cell.environment
        assert environment is not None, "a cell that runs has an environment"
        try:
            return build(
                self._specs[name],
                environment.backend,
                leases=leases,
                ledger=self._ledger.path.parent,
                on_progress=self._observer.environment,
                cancel=self._cancel,
            )
        except EnvironmentBuildError as error:
            verdict = verdict_of(error)
            log = artifacts.keep_log(error.log, self._settings.artifacts, kind="build-log")
        except HarnessError:
            raise
        except Exception as error:
            verdict, log = of_internal_error(error, self._settings)
        for planned in cells:
            self._record(self._not_run.without_environment(planned, verdict, log, at=started_at))
        return None

    def _run(self, planned: PlannedCell, built: BuiltEnvironment, workers: Workers) -> None:
        if self._cancel.is_set():
            raise Interrupted("stopped by the user")
        if (verdict := self._unusable.verdict(planned.cell)) is not None:
            self._record(self._not_run.because(planned, verdict))
            return
        self._reference.begin(planned.key, planned.cell)
        model = self._models[planned.cell.model.source]
        limits = self.limits_of(planned)
        needed = self._expectations.of(planned.cell).memory_bytes

        def cell(workers: Workers) -> Record:
            with self._budget.room(needed, cancel=self._cancel):
                return run_cell(
                    planned, model, built, self._settings, workers, limits=limits, cancel=self._cancel
                )

        if planned.cell.device is Device.CPU:
            record = cell(workers)
        else:
            runner = CONSUMERS[planned.cell.consumer.name].RUNNER
            try:
                record = self._on_gpu.run(built, workers, runner=runner, cell=cell)
            except NoGpuError as error:
                record = self._not_run.without_device(planned, Reason.DEVICE_UNHEALTHY, str(error))
        if record.reason == Reason.TOOL_UNUSABLE.slug:
            self._unusable.hear(planned.cell, record.message)
        elif record.status is Status.PASSED:
            self._unusable.works(planned.cell)
        try:
            if WHOSE.hangs_on_reference(record):
                record = WHOSE.blamed(record, self._reference.of(planned.cell, cancel=self._cancel))
            self._record(record)
        except ValueError as error:  # what no ledger can hold is this cell's trouble alone
            verdict, log = of_internal_error(error, self._settings)
            self._record(self._not_run.because(planned, verdict, log, at=record.started_at))

    def _record(self, record: Record) -> None:
        with self._recording:
            self._ledger.append(record)
            self._recorded.add(record.key)
            self._reference.note(record)
            self._observer.recorded(record)


def _in_order(by_environment: Mapping[str, list[PlannedCell]]) -> dict[str, list[PlannedCell]]:
    """First what others are held against: the reference runtime before other tools, the CPU before GPUs."""

    def order(name: str) -> tuple[bool, bool]:
        cells = by_environment[name]
        on_gpu = any(planned.cell.device is not Device.CPU for planned in cells)
        return on_gpu, all(planned.cell.consumer.name != REFERENCE for planned in cells)

    return {name: by_environment[name] for name in sorted(by_environment, key=order)}
