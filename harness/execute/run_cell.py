"""Run one cell to its record: stage, launch, conclude, confirm what may be chance, clean up."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import labels
from harness.collection.model import Model
from harness.consumers import CONSUMERS
from harness.environments import store
from harness.environments.built import BuiltEnvironment, run_variables
from harness.environments.integrity import damage
from harness.errors import Interrupted, OutputError, disk_is_full
from harness.execute import artifacts, origin
from harness.execute.answers import Conclusion, conclude
from harness.execute.confirm import confirmed, needs_another
from harness.execute.launch import Job, launch
from harness.execute.scratch import scratch_folder
from harness.execute.stage import stage_model
from harness.execute.tasks import prepare_tasks
from harness.ledger.record import Artifact, CheckResult, ModelInfo, Record
from harness.plan.plan import PlannedCell
from harness.verdict import Check, CheckStatus, Reason, Status, Verdict


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every cell of a run.

    Attributes:
        run: the run's id.
        collection: as it was given.
        artifacts: folder for what records point to.
        worker: folder with the staged worker.
        timeout: seconds for one attempt.
        threads: for every cell; part of the key, since results depend on it.
    """

    run: str
    collection: str
    artifacts: Path
    worker: Path
    timeout: float
    threads: int


def run_cell(
    planned: PlannedCell,
    model: Model,
    built: BuiltEnvironment,
    settings: Settings,
    *,
    cancel: threading.Event,
) -> Record:
    """Execute the cell and make its record, whatever happens; only the user's stop raises Interrupted."""
    started_at, clock = origin.now(), time.monotonic()
    kept: tuple[Artifact, ...] = ()
    attempts: list[Attempted] = []
    try:
        with scratch_folder() as scratch:
            while not attempts or needs_another([attempt.conclusion.verdict for attempt in attempts]):
                folder = scratch / f"attempt-{len(attempts) + 1}"
                attempts.append(_attempt(planned, model, built, settings, folder, cancel))
            conclusion = _believed(attempts, model, built)
            if any(check.status is not CheckStatus.PASSED for check in conclusion.checks):
                kept = artifacts.keep_log(attempts[-1].log, settings.artifacts, kind="log")
    except (Interrupted, OutputError):
        raise
    except Exception as error:  # the harness's own fault must never look like the model's
        conclusion, kept = internal_error(error, settings.artifacts)
    unhealthy = conclusion.verdict.reason is Reason.ENVIRONMENT_UNHEALTHY
    before = (
        CheckResult(name=Check.FETCH, status=CheckStatus.PASSED),
        CheckResult(name=Check.VALIDATE, status=CheckStatus.PASSED),
        CheckResult(
            name=Check.ENVIRONMENT,
            status=CheckStatus.INCONCLUSIVE if unhealthy else CheckStatus.PASSED,
            seconds=round(built.seconds, 3),
        ),
    )
    record = make_record(planned, conclusion.verdict, settings, started_at=started_at, model=model)
    return msgspec.structs.replace(
        record,
        checks=before + conclusion.checks,
        outputs=conclusion.outputs,
        seconds=round(time.monotonic() - clock, 3),
        peak_memory_bytes=max((attempt.peak_memory_bytes for attempt in attempts), default=0),
        attempts=max(1, len(attempts)),
        limits={"seconds": settings.timeout},
        artifacts=record.artifacts + kept,
    )


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what it concludes and what it left."""

    conclusion: Conclusion
    log: Path
    peak_memory_bytes: int


def _attempt(
    planned: PlannedCell,
    model: Model,
    built: BuiltEnvironment,
    settings: Settings,
    folder: Path,
    cancel: threading.Event,
) -> Attempted:
    cell = planned.cell
    assert cell.weights_format is not None, "a cell that runs has weights"
    folder.mkdir()
    tasks = prepare_tasks(model, folder)
    job = Job(
        runner=CONSUMERS[cell.consumer.name].RUNNER,
        description=str(stage_model(model, cell.weights_format, folder / "model")),
        weights_format=cell.weights_format.value,
        device=cell.device.value,
        threads=settings.threads,
        reply=str(folder / "reply.jsonl"),
        tasks=tasks,
    )
    evidence = launch(
        job,
        python=built.python,
        worker=settings.worker,
        variables=run_variables(built, threads=settings.threads),
        scratch=folder,
        log=folder / "log.txt",
        timeout=settings.timeout,
        cancel=cancel,
    )
    if evidence.tracebacks:
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"\n{evidence.tracebacks}")
    conclusion = conclude(
        evidence, tasks, model=model, weights_format=cell.weights_format, timeout=settings.timeout
    )
    return Attempted(
        conclusion=conclusion,
        log=folder / "log.txt",
        peak_memory_bytes=evidence.finished.peak_memory_bytes,
    )


def _believed(attempts: Sequence[Attempted], model: Model, built: BuiltEnvironment) -> Conclusion:
    """The last attempt's conclusion with the verdict that all attempts support, once the circumstances hold.

    A damaged environment, or a collection that was edited meanwhile, is no fault of the model.
    """
    conclusion = attempts[-1].conclusion
    verdict = confirmed([attempt.conclusion.verdict for attempt in attempts])
    if verdict.status is not Status.PASSED and (missing := damage(built)):
        store.discard(built)
        verdict = Verdict.because(
            Reason.ENVIRONMENT_UNHEALTHY,
            f"the environment is damaged: {missing}; the next run builds it",
        )
    elif changed := model.changed():
        verdict = Verdict.because(Reason.INTERNAL_ERROR, f"{changed} while the cell ran; run again")
    return msgspec.structs.replace(conclusion, verdict=verdict)


def internal_error(error: Exception, folder: Path) -> tuple[Conclusion, tuple[Artifact, ...]]:
    """The conclusion when the harness itself fails, with the traceback kept."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    reason = Reason.DISK_FULL if disk_is_full(error) else Reason.INTERNAL_ERROR
    verdict = Verdict.because(reason, f"{type(error).__name__}: {error}")
    return Conclusion(verdict=verdict, checks=()), (artifacts.keep_text(text.encode(), folder, kind="log"),)


def make_record(
    planned: PlannedCell,
    verdict: Verdict,
    settings: Settings,
    *,
    started_at: str,
    model: Model | None,
) -> Record:
    """A record without checks, for any verdict."""
    cell = planned.cell
    described = model.description if model else None
    return Record(
        key=planned.key,
        run=settings.run,
        collection=settings.collection,
        model=cell.model,
        weights_format=cell.weights_format,
        consumer=cell.consumer,
        depth=planned.depth,
        environment=cell.environment,
        device=cell.device,
        status=verdict.status,
        reason=verdict.reason.slug if verdict.reason else None,
        blame=verdict.blame,
        stage=verdict.reason.stage if verdict.reason else None,
        message=verdict.message,
        hint=labels.REASON[verdict.reason].hint if verdict.reason else "",
        started_at=started_at,
        harness=origin.harness_ref(),
        run_url=origin.run_url(),
        threads=settings.threads,
        platform=origin.machine(),
        artifacts=artifacts.keep_cover(model, settings.artifacts) if model else (),
        model_info=ModelInfo(
            name=described.name,
            description=described.summary,
            format_version=described.format_version,
            license=described.license,
            authors=described.authors,
            tags=described.tags,
        )
        if described
        else ModelInfo(),
    )
