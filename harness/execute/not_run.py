"""The records of cells that did not run: settled by the plan, or kept from running by something."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harness.collection.model import Model
from harness.execute.conclude.checks import check_of_verdict, with_notes
from harness.execute.make_record import make_record
from harness.execute.settings import Settings
from harness.ledger.record import Artifact, Record
from harness.plan.plan import PlannedCell
from harness.verdict import Check, Reason, Stage, Verdict

_CHECK_OF_STAGE: Mapping[Stage, Check] = {
    Stage.FETCH: Check.FETCH,
    Stage.VALIDATE: Check.VALIDATE,
    Stage.ENVIRONMENT: Check.ENVIRONMENT,
}


class NotRun:
    """Makes their records.

    Args:
        models: by source; a model that cannot be read is not among them.
    """

    def __init__(self, models: Mapping[str, Model], settings: Settings) -> None:
        self._models = models
        self._settings = settings

    def settled(self, planned: PlannedCell) -> Record:
        """The record of a cell whose verdict the plan knew."""
        settled = planned.settled
        assert settled is not None
        verdict = settled.verdict
        record = self.because(planned, verdict)
        check = _CHECK_OF_STAGE.get(verdict.reason.stage) if verdict.reason else None
        if check is None:
            return record
        return msgspec.structs.replace(record, checks=(check_of_verdict(check, verdict),))

    def without_device(self, planned: PlannedCell, reason: Reason, message: str) -> Record:
        """The record of a cell whose device is not here, or does not work."""
        verdict = Verdict.because(reason, message)
        record = self.because(planned, verdict)
        return msgspec.structs.replace(record, checks=(check_of_verdict(Check.ENVIRONMENT, verdict),))

    def without_environment(
        self, planned: PlannedCell, verdict: Verdict, log: tuple[Artifact, ...], *, at: str
    ) -> Record:
        """The record of a cell whose environment cannot be had; ``at`` is when that was tried."""
        check = with_notes(check_of_verdict(Check.ENVIRONMENT, verdict), planned.notes)
        return msgspec.structs.replace(self.because(planned, verdict, log, at=at), checks=(check,))

    def because(
        self, planned: PlannedCell, verdict: Verdict, log: tuple[Artifact, ...] = (), *, at: str = ""
    ) -> Record:
        """The record of a cell with this verdict and this log; it began ``at``, or just now."""
        model = self._models.get(planned.cell.model.source)
        started_at = at or self._settings.clock.now()
        record = make_record(planned, verdict, self._settings, started_at=started_at, model=model)
        return msgspec.structs.replace(record, artifacts=record.artifacts + log)
