"""Run one cell to its record: scan, attempt, confirm what may be chance, compare with its siblings."""

from __future__ import annotations

import threading
import time
from collections.abc import Set
from pathlib import Path

import msgspec

from harness.collection.model import Model
from harness.collection.scan import scan_weights
from harness.collection.scan.sources import sources_of
from harness.environments.built import BuiltEnvironment
from harness.errors import Interrupted, IsolationError, OutputError
from harness.execute import artifacts, kept
from harness.execute.attempt import Attempted, attempt
from harness.execute.circumstances import of_damage, under_circumstances
from harness.execute.conclude.agreement import agreement, hint_of_device
from harness.execute.conclude.answers import Conclusion, with_required
from harness.execute.conclude.believe import believed
from harness.execute.conclude.checks import with_notes
from harness.execute.conclude.confirm import needs_another
from harness.execute.conclude.question import Question
from harness.execute.conclude.scanned import check_of_scan, verdict_of_scan
from harness.execute.make_record import make_record, of_internal_error
from harness.execute.refused import as_asked, if_ever_asked
from harness.execute.settings import Settings
from harness.execute.unusable import with_owner
from harness.execute.workers import Workers
from harness.ledger.record import Agreement, Artifact, CheckResult, Record
from harness.limits import Limits
from harness.plan.plan import PlannedCell
from harness.verdict import Check, CheckStatus, Reason, Status, Verdict


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a cell, and what is kept of it. ``attempts`` is 0 if nothing was run."""

    conclusion: Conclusion
    scan: CheckResult | None = None
    agreement: tuple[Agreement, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    attempts: int = 0
    peak_memory_bytes: int = 0
    peak_device_memory_bytes: int = 0


def run_cell(
    planned: PlannedCell,
    model: Model,
    built: BuiltEnvironment,
    settings: Settings,
    workers: Workers,
    *,
    limits: Limits,
    cancel: threading.Event,
) -> Record:
    """Execute the cell and make its record, whatever happens; only the user's stop raises Interrupted.

    Raises:
        OutputError: the output folder cannot be written.
        IsolationError: the environment cannot be shown at this level of isolation.
    """
    cell = planned.cell
    assert cell.weights_format is not None, "a cell that runs has weights"
    started_at, clock = settings.clock.now(), time.monotonic()
    try:
        question = Question(
            model=model,
            weights_format=cell.weights_format,
            limits=limits,
            policy=settings.policy,
            repeat=settings.repeat,
            as_described=built.ref.as_described,
        )
        outcome = _outcome(planned, question, built, settings, workers, cancel)
    except (Interrupted, IsolationError, OutputError):
        raise
    except Exception as error:  # the harness's own fault must never look like the model's
        if cancel.is_set():  # stopped twice: what the cell needs is gone already
            raise Interrupted("stopped by the user") from error
        verdict, log = of_internal_error(error, settings)
        verdict = of_damage(built) or verdict  # e.g. its interpreter is gone
        outcome = Outcome(conclusion=Conclusion(verdict=verdict), artifacts=log)
    conclusion = outcome.conclusion
    record = make_record(
        planned,
        conclusion.verdict,
        settings,
        started_at=started_at,
        model=model,
        python=built.python_version,
    )
    return msgspec.structs.replace(
        record,
        checks=(*_before(planned, conclusion.verdict, outcome.scan, built), *conclusion.checks),
        hint=hint_of_device(cell, conclusion.verdict, outcome.agreement) or record.hint,
        outputs=tuple(j.result for j in conclusion.compared.judgements) if conclusion.compared else (),
        agreement=outcome.agreement,
        seconds=round(time.monotonic() - clock, 3),
        peak_memory_bytes=outcome.peak_memory_bytes,
        peak_device_memory_bytes=outcome.peak_device_memory_bytes,
        attempts=max(1, outcome.attempts),
        limits=limits.stated(),
        isolation=workers.level.value,
        artifacts=record.artifacts + outcome.artifacts,
    )


def _outcome(
    planned: PlannedCell,
    question: Question,
    built: BuiltEnvironment,
    settings: Settings,
    workers: Workers,
    cancel: threading.Event,
) -> Outcome:
    """Scan, and unless something keeps it from being loaded, attempt until the verdict can be believed."""
    result = scan_weights(question.model, question.weights_format, question.policy.scan)
    scanned = verdict_of_scan(result, question.policy.scan)
    scan = check_of_scan(result, scanned, sources_of(question.model, question.weights_format))
    if scanned.status is Status.FAILED:
        return Outcome(conclusion=Conclusion(verdict=scanned), scan=scan)
    attempts: list[Attempted] = []
    with workers.folder() as scratch:
        while not attempts or needs_another([done.conclusion.verdict for done in attempts]):
            folder = scratch / f"attempt-{len(attempts) + 1}"
            attempts.append(attempt(planned, question, built, settings, workers, folder, cancel=cancel))
        conclusion = believed([done.conclusion for done in attempts], question)
        verdict = under_circumstances(conclusion.verdict, question.model, built)
        verdict = with_owner(verdict, planned.cell.consumer.name)
        verdict = if_ever_asked(verdict, planned.cell.consumer.name)
        if verdict.reason is Reason.REFUSED_BY_TOOL:
            asked = attempt(
                planned, question, built, settings, workers, scratch / "asked", cancel=cancel, only_ask=True
            )
            verdict = as_asked(verdict, asked.conclusion.verdict)
        conclusion = msgspec.structs.replace(conclusion, verdict=verdict)
        conclusion, pairs = _with_agreement(planned, conclusion, question, settings.keys)
        conclusion = with_required(conclusion, settings.policy.required_checks)
        if conclusion.verdict.status is Status.PASSED and scanned.status is not Status.PASSED:
            # It loads, so that what the scanner could not read is no broken file: nobody knows what it is.
            conclusion = msgspec.structs.replace(conclusion, verdict=scanned)
        found = _keep_evidence(conclusion, settings.artifacts, attempts[-1].log)
    return Outcome(
        conclusion=conclusion,
        scan=scan,
        agreement=pairs,
        artifacts=found,
        attempts=len(attempts),
        peak_memory_bytes=max(done.peak_memory_bytes for done in attempts),
        peak_device_memory_bytes=max(done.peak_device_memory_bytes for done in attempts),
    )


def _with_agreement(
    planned: PlannedCell, conclusion: Conclusion, question: Question, keys: Set[str]
) -> tuple[Conclusion, tuple[Agreement, ...]]:
    """The conclusion with the check *agreement*, if there are outputs that others can be compared with."""
    compared = conclusion.compared
    if compared is None or not compared.produced or conclusion.verdict.reason in _UNUSABLE:
        return conclusion, ()
    reproduces = compared.verdict.status is Status.PASSED
    # Kept first: of two formats that end at the same time, at least one sees the other.
    kept.keep(planned.cell, planned.key, compared.produced, reproduces=reproduces)
    check, pairs = agreement(
        planned.cell,
        compared.produced,
        kept.others(planned.cell, keys=keys),
        question,
        [target.tensor for target in compared.targets],
    )
    return msgspec.structs.replace(conclusion, checks=(*conclusion.checks, check)), pairs


def _keep_evidence(conclusion: Conclusion, folder: Path, log: Path) -> tuple[Artifact, ...]:
    """The log if anything did not pass, and every output that differs as arrays and as a picture."""
    found: tuple[Artifact, ...] = ()
    troubled = any(check.status in _TROUBLE for check in conclusion.checks)
    if troubled or conclusion.verdict.status is not Status.PASSED:
        found = artifacts.keep_log(log, folder, kind="log")
    if conclusion.compared is None or not conclusion.compared.produced:
        return found
    compared = conclusion.compared
    for (tensor, expected), judgement, produced in zip(
        compared.targets, compared.judgements, compared.produced, strict=True
    ):
        if not judgement.passed:
            found += artifacts.keep_difference(
                tensor.id,
                produced,
                expected,
                axes=tensor.axes,
                folder=folder,
                label_map=tensor.label_map,
                at=judgement.result.worst_at,
            )
    return found


def _before(
    planned: PlannedCell, verdict: Verdict, scan: CheckResult | None, built: BuiltEnvironment
) -> tuple[CheckResult, ...]:
    """The checks that come before the model is loaded."""
    unhealthy = verdict.reason is Reason.ENVIRONMENT_UNHEALTHY
    environment = CheckResult(
        name=Check.ENVIRONMENT,
        status=CheckStatus.INCONCLUSIVE if unhealthy else CheckStatus.PASSED,
        seconds=round(built.seconds, 3),
        reason=Reason.ENVIRONMENT_UNHEALTHY.slug if unhealthy else None,
    )
    passed = (CheckResult(name=name, status=CheckStatus.PASSED) for name in (Check.FETCH, Check.VALIDATE))
    return (*passed, *((scan,) if scan else ()), with_notes(environment, planned.notes))


_TROUBLE = (CheckStatus.FAILED, CheckStatus.INCONCLUSIVE)
_UNUSABLE = (
    Reason.NOT_DETERMINISTIC,
    Reason.ENVIRONMENT_UNHEALTHY,
    Reason.INTERNAL_ERROR,
    Reason.TOOL_UNUSABLE,
)
