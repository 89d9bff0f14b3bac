"""What must hold of the record of every case."""

from __future__ import annotations

from harness import labels
from harness.ledger.record import Record
from harness.verdict import Reason, Status
from tests.zoo.case import MEANING, Case


def assert_verdict(record: Record, case: Case) -> None:
    """The record has the verdict of its case, says whose doing it is, and what to do."""
    got = (record.status, record.reason, record.blame, record.stage)
    if case.reason is None:
        assert got == (Status.PASSED, None, None, None), record.message
        assert (record.message, record.hint) == ("", "")
    else:
        meaning = MEANING[case.reason]
        wanted = (case.status or meaning.status, case.reason.slug, meaning.blame, meaning.stage)
        assert got == wanted, record.message
        assert record.message
        assert record.hint == labels.REASON[case.reason].hint
    for words in case.says:
        assert words in record.message
    for name, status in case.findings:
        check = record.check(name)
        assert check is not None, name
        assert check.status is status, check.message
    if record.environment is not None:
        confirmed = case.reason is not None and (
            case.reason.spurious or case.reason is Reason.NOT_DETERMINISTIC
        )
        assert record.attempts == (2 if confirmed else 1)
