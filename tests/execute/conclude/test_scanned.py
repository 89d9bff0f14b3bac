"""What follows from what a scan found, by policy."""

from __future__ import annotations

import pytest

from harness.collection.scan import ScanResult
from harness.collection.scan.sources import SourceImports
from harness.execute.conclude.scanned import check_of_scan, verdict_of_scan
from harness.policy.scan import OnUnreadable, ScanRules
from harness.verdict import Blame, CheckStatus, Reason, Status

CLEAN = ScanResult(status="clean", message="nothing dangerous was found")
DANGEROUS = ScanResult(status="dangerous", message="it imports os.system", found=("imports os.system",))
UNREADABLE = ScanResult(status="failed", message="it cannot be scanned", unreadable=("cannot be scanned",))
BOTH = ScanResult(status="dangerous", message="both", found=("f",), unreadable=("u",))
ALLOWED = ScanResult(status="dangerous", message="let through: f", allowed=("f",))
ALLOWED_UNREADABLE = ScanResult(status="failed", message="let through: u", allowed=("u",))
ALLOWED_IN_PART = ScanResult(status="dangerous", message="u", allowed=("f",), unreadable=("u",))

PASSED, FAILED, INCONCLUSIVE = CheckStatus.PASSED, CheckStatus.FAILED, CheckStatus.INCONCLUSIVE


@pytest.mark.parametrize("unreadable", OnUnreadable)
@pytest.mark.parametrize(
    ("result", "reason", "check"),
    [
        (CLEAN, None, PASSED),
        (DANGEROUS, Reason.DANGEROUS_CONTENT, FAILED),
        (BOTH, Reason.DANGEROUS_CONTENT, FAILED),
        (ALLOWED, None, FAILED),
        (ALLOWED_UNREADABLE, None, INCONCLUSIVE),
    ],
)
def test_what_was_read_and_what_was_let_through(
    result: ScanResult, reason: Reason | None, check: CheckStatus, unreadable: OnUnreadable
) -> None:
    verdict = verdict_of_scan(result, ScanRules(unreadable=unreadable))
    assert verdict.reason is reason
    told = check_of_scan(result, verdict, ())
    assert (told.status, told.message) == (check, result.message)


@pytest.mark.parametrize("result", [UNREADABLE, ALLOWED_IN_PART])
def test_what_cannot_be_read(result: ScanResult) -> None:
    verdict = verdict_of_scan(result, ScanRules())
    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, Reason.SCAN_FAILED)
    assert check_of_scan(result, verdict, ()).status is INCONCLUSIVE

    verdict = verdict_of_scan(result, ScanRules(unreadable=OnUnreadable.BLOCK))
    assert (verdict.status, verdict.reason, verdict.blame) == (
        Status.FAILED,
        Reason.SCAN_FAILED,
        Blame.MODEL,
    )
    assert verdict.message == f"the policy lets nothing be loaded that cannot be scanned: {result.message}"
    told = check_of_scan(result, verdict, ())
    assert (told.status, told.message) == (FAILED, verdict.message)

    verdict = verdict_of_scan(result, ScanRules(unreadable=OnUnreadable.ALLOW))
    assert verdict.status is Status.PASSED
    told = check_of_scan(result, verdict, ())
    assert told.status is (INCONCLUSIVE if result is UNREADABLE else FAILED), "it is told all the same"
    assert told.reason is not None


def test_the_imports_of_the_models_own_code_are_listed() -> None:
    sources = (
        SourceImports(file="net.py", imports=("os", "torch")),
        SourceImports(file="x.py", problem="is more than 1 MiB"),
    )
    for result in (CLEAN, DANGEROUS):
        check = check_of_scan(result, verdict_of_scan(result, ScanRules()), sources)
        assert check.message == f"{result.message}\nnet.py imports os, torch\nx.py is more than 1 MiB"
