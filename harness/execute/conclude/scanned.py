"""What follows from a scan (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.collection.scan import ScanResult
from harness.collection.scan.sources import SourceImports
from harness.execute.conclude.checks import check_of_verdict
from harness.ledger.record import CheckResult
from harness.policy.scan import OnUnreadable, ScanRules
from harness.verdict import PASSED, Blame, Check, Reason, Status, Verdict


def verdict_of_scan(result: ScanResult, rules: ScanRules) -> Verdict:
    """Failed weights are not loaded; those without a verdict are, but never pass.

    They pass if the policy lets through all that was found.
    """
    if result.found:
        return Verdict.because(Reason.DANGEROUS_CONTENT, result.message)
    if not result.unreadable or rules.unreadable is OnUnreadable.ALLOW:
        return PASSED
    if rules.unreadable is OnUnreadable.BLOCK:
        message = f"the policy lets nothing be loaded that cannot be scanned: {result.message}"
        return Verdict(status=Status.FAILED, reason=Reason.SCAN_FAILED, blame=Blame.MODEL, message=message)
    return Verdict.because(Reason.SCAN_FAILED, result.message)


def check_of_scan(result: ScanResult, verdict: Verdict, sources: Sequence[SourceImports]) -> CheckResult:
    """The check: what was found, also where the verdict is passed since the policy lets it through.

    Args:
        sources: the model's own code, whose imports are listed for reviewers.
    """
    found = _FOUND[result.status] if verdict.status is Status.PASSED else verdict
    lines = (verdict.message or result.message, *(source.words for source in sources))
    return check_of_verdict(Check.SCAN, msgspec.structs.replace(found, message="\n".join(lines)))


_FOUND = {
    "clean": PASSED,
    "dangerous": Verdict.because(Reason.DANGEROUS_CONTENT, ""),
    "failed": Verdict.because(Reason.SCAN_FAILED, ""),
}
