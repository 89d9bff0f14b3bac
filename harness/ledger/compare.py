"""Two records of one cell side by side (pure): do they say the same, and what differs around them?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness import labels
from harness.ledger.record import OutputResult, Record
from harness.verdict import Reason

_MEASURED = ("time", "peak memory")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that both records tell, in words."""

    what: str
    recorded: str
    now: str

    @property
    def differs(self) -> bool:
        """Whether the records tell different things; what is measured is never twice the same."""
        return self.recorded != self.now and self.what not in _MEASURED


def same_verdict(recorded: Record, now: Record) -> bool:
    """Whether status, reason and blame are the same."""
    return (recorded.status, recorded.reason, recorded.blame) == (now.status, now.reason, now.blame)


def rows(recorded: Record, now: Record) -> list[Row]:
    """What the records tell: first the answer, then the measurements, then the circumstances."""
    before, after = dict(_told(recorded)), dict(_told(now))
    return [
        Row(what=what, recorded=before.get(what, "–"), now=after.get(what, "–"))
        for what in dict.fromkeys((*before, *after))
    ]


def _told(record: Record) -> Iterator[tuple[str, str]]:
    yield "verdict", labels.STATUS[record.status].label
    yield "why", labels.REASON[Reason.from_slug(record.reason)].label if record.reason else "–"
    yield "who can act", labels.BLAME[record.blame] if record.blame else "–"
    for check in record.checks:
        yield f"check {labels.CHECK[check.name][0]}", labels.CHECK_STATUS[check.status].label
    for output in record.outputs:
        yield f"output {output.name}", _output(output)
    if record.environment:
        yield "environment", f"{record.environment.name} by {record.environment.backend.value}"
        yield "digest", record.environment.digest[:12]
    yield "attempts", str(record.attempts)
    yield "time", f"{record.seconds:.1f} s"
    yield "peak memory", f"{record.peak_memory_bytes / 1e6:,.0f} MB"
    yield "system", record.machine.system or record.platform
    yield "processor", record.machine.processor
    yield "processors", str(record.machine.processors)
    yield "memory", f"{record.machine.memory_bytes / 1e9:,.0f} GB"
    yield "Python", record.machine.python
    yield "isolation", record.isolation
    yield "harness", record.harness.version
    yield "commit", record.harness.commit[:12] or "–"


def _output(output: OutputResult) -> str:
    """Shape, data type and how far it is from the declared one."""
    size = "×".join(map(str, output.shape))
    if output.max_abs_diff is None:
        return f"{size} {output.dtype}, {output.mismatched_ppm:g} of a million elements differ"
    return f"{size} {output.dtype}, largest difference {output.max_abs_diff:.3g}"
