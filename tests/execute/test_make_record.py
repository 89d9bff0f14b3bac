"""What a record tells people to do."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness import labels
from harness.execute.clock import Clock
from harness.execute.make_record import make_record
from harness.execute.settings import Settings
from harness.verdict import PASSED, Reason, Verdict
from tests.cli.planned import outcome_of, planned


def test_who_lacks_what_is_declared_is_sent_to_the_cell_that_has_it(tmp_path: Path) -> None:
    cell = planned(outcome_of("m"))
    settings = Settings(run="r", collection="c", artifacts=tmp_path, threads=1, clock=Clock())
    beside = msgspec.structs.replace(settings, described_in={cell.key: "as-described-12345678"})

    def hint(verdict: Verdict, settings: Settings) -> str:
        return make_record(cell, verdict, settings, started_at="", model=None).hint

    lacking = Verdict.because(Reason.DEPENDENCY_NOT_INSTALLED, "no monai")
    assert "harness run --as-described" in hint(lacking, settings)
    assert "the cell in as-described-12345678 has what it asks for" in hint(lacking, beside)
    crashed = Verdict.because(Reason.CRASHED, "")
    assert hint(crashed, beside) == labels.REASON[Reason.CRASHED].hint
    assert hint(PASSED, beside) == ""
