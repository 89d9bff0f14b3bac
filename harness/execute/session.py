"""Execute a plan: every planned cell ends in exactly one record, and what is finished is never lost."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

import msgspec

from harness.cell import Backend, Device
from harness.collection.model import Model
from harness.consumers import CONSUMERS, REFERENCE
from harness.environments import recipe, solved, store
from harness.environments.backend import recipes_of
from harness.environments.built import BuiltEnvironment
from harness.environments.declared import solution
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, HarnessError, Interrupted
from harness.execute import artifacts
from harness.execute.budget import Budget, Expectations
from harness.execute.conclude.checks import check_of_verdict, with_notes
from harness.execute.gpus import NoGpuError
from harness.execute.limits_of import limits_of
from harness.execute.make_record import make_record, of_internal_error
from harness.execute.on_gpu import OnGpu
from harness.execute.preparation import Preparation
from harness.execute.run_cell import run_cell
from harness.execute.settings import Settings
from harness.execute.unusable import UnusableTools
from harness.execute.whose import WHOSE, ReferenceRecords
from harness.execute.workers import Workers
from harness.ledger.record import Artifact, Record
from harness.ledger.store import LedgerWriter
from harness.limits import Limits
from harness.plan.plan import PlannedCell
from harness.verdict import Check, Reason, Stage, Status, Verdict


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
                    self._ledger.append(self._not_run(planned, verdict, log, at=self._clock.now()))

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
                self._record(self._settled(planned))
            elif why_not := self._on_gpu.why_not(planned):
                self._record(self._without_device(planned, Reason.DEVICE_UNAVAILABLE, why_not))
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
        """The environment; None if it cannot be had, and then its cells are recorded with the reason.

        Nobody removes it until the end of ``leases``.
        """
        started_at = self._clock.now()
        environment = cells[0].cell.environment
        assert environment is not None, "a cell that runs has an environment"
        spec, backend = self._specs[name], environment.backend
        self._keep_recipes(spec, backend)
        say = self._observer.environment
        try:
            leases.enter_context(store.in_use(spec, backend, on_progress=say, cancel=self._cancel))
            built = store.ensure(spec, backend, on_progress=say, cancel=self._cancel)
            if not spec.trusted:
                # Somebody may have removed its lock: the cells run all the same.
                with suppress(ConfigurationError):
                    solution.keep(self._recipes, built.ref.digest, solved.of(built))
            return built
        except EnvironmentBuildError as error:
            verdict = _of_environment(error)
            log = artifacts.keep_log(error.log, self._settings.artifacts, kind="build-log")
        except HarnessError:
            raise
        except Exception as error:
            verdict, log = of_internal_error(error, self._settings)
        for planned in cells:
            record = self._not_run(planned, verdict, log, at=started_at)
            check = with_notes(check_of_verdict(Check.ENVIRONMENT, verdict), planned.notes)
            self._record(msgspec.structs.replace(record, checks=(check,)))
        return None

    @property
    def _recipes(self) -> Path:
        """Where what environments are made of is stored."""
        return self._ledger.path.parent / recipe.FOLDER

    def _keep_recipes(self, spec: EnvironmentSpec, backend: Backend) -> None:
        """Store in the ledger what the environment is made of, so that it can be made again.

        The other backends' recipes are what they make the same environment from.
        """
        for made in {**recipes_of(spec), backend: spec.recipe(backend)}.values():
            recipe.keep(self._recipes, made)

    def _run(self, planned: PlannedCell, built: BuiltEnvironment, workers: Workers) -> None:
        if self._cancel.is_set():
            raise Interrupted("stopped by the user")
        if (verdict := self._unusable.verdict(planned.cell)) is not None:
            self._record(self._not_run(planned, verdict, (), at=self._clock.now()))
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
                record = self._without_device(planned, Reason.DEVICE_UNHEALTHY, str(error))
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
            self._record(self._not_run(planned, verdict, log, at=record.started_at))

    def _settled(self, planned: PlannedCell) -> Record:
        settled = planned.settled
        assert settled is not None
        verdict = settled.verdict
        model = self._models.get(planned.cell.model.source)
        record = make_record(planned, verdict, self._settings, started_at=self._clock.now(), model=model)
        check = _CHECK_OF_STAGE.get(verdict.reason.stage) if verdict.reason else None
        return (
            msgspec.structs.replace(record, checks=(check_of_verdict(check, verdict),)) if check else record
        )

    def _without_device(self, planned: PlannedCell, reason: Reason, message: str) -> Record:
        verdict = Verdict.because(reason, message)
        record = self._not_run(planned, verdict, (), at=self._clock.now())
        return msgspec.structs.replace(record, checks=(check_of_verdict(Check.ENVIRONMENT, verdict),))

    def _not_run(
        self, planned: PlannedCell, verdict: Verdict, log: tuple[Artifact, ...], *, at: str
    ) -> Record:
        """The record of a cell that something kept from running."""
        model = self._models.get(planned.cell.model.source)
        record = make_record(planned, verdict, self._settings, started_at=at, model=model)
        return msgspec.structs.replace(record, artifacts=record.artifacts + log)

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


def _of_environment(error: EnvironmentBuildError) -> Verdict:
    """Only what a model's author asks for is held against a model: all else says nothing about it."""
    if error.declared_so:
        return Verdict.because(error.reason, error.message)
    return Verdict(
        status=Status.INCONCLUSIVE, reason=error.reason, blame=error.reason.blame, message=error.message
    )


_CHECK_OF_STAGE: Mapping[Stage, Check] = {
    Stage.FETCH: Check.FETCH,
    Stage.VALIDATE: Check.VALIDATE,
    Stage.ENVIRONMENT: Check.ENVIRONMENT,
}
