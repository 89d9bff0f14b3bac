"""Write down what happened to a cell."""

from __future__ import annotations

import traceback

from harness import labels
from harness.collection.model import Model
from harness.errors import disk_is_full
from harness.execute import artifacts, machine, origin
from harness.execute.settings import Settings
from harness.ledger.record import Artifact, ModelInfo, Record
from harness.plan.plan import PlannedCell
from harness.verdict import Reason, Verdict


def make_record(
    planned: PlannedCell,
    verdict: Verdict,
    settings: Settings,
    *,
    started_at: str,
    model: Model | None,
    python: str = "",
) -> Record:
    """A record without checks, for any verdict; ``python`` is the version that the cell ran in."""
    cell = planned.cell
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
        hint=_hint(planned, verdict, settings),
        started_at=started_at,
        harness=origin.harness_ref(),
        run_url=origin.run_url(),
        threads=settings.threads,
        repeat=settings.repeat,
        platform=machine.platform_name(),
        machine=machine.machine(python=python),
        artifacts=artifacts.keep_cover(model, settings.artifacts) if model else (),
        model_info=_info(model) if model else ModelInfo(),
    )


def _hint(planned: PlannedCell, verdict: Verdict, settings: Settings) -> str:
    """What to do next; where another cell has what this one lacks, that is what to look at."""
    if verdict.reason is Reason.DEPENDENCY_NOT_INSTALLED and planned.key in settings.described_in:
        return labels.HINT_AS_DESCRIBED.format(name=settings.described_in[planned.key])
    return labels.REASON[verdict.reason].hint if verdict.reason else ""


def of_internal_error(error: Exception, settings: Settings) -> tuple[Verdict, tuple[Artifact, ...]]:
    """The verdict when the harness itself fails, and the traceback, which is kept."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    reason = Reason.DISK_FULL if disk_is_full(error) else Reason.INTERNAL_ERROR
    verdict = Verdict.because(reason, f"{type(error).__name__}: {error}")
    return verdict, (artifacts.keep_text(text.encode(), settings.artifacts, kind="log"),)


def _info(model: Model) -> ModelInfo:
    described = model.description
    return ModelInfo(
        name=described.name,
        description=described.summary,
        format_version=described.format_version,
        license=described.license,
        authors=described.authors,
        tags=described.tags,
    )
