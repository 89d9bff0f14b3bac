"""What is recorded of a check."""

from __future__ import annotations

from harness.execute.conclude.checks import check_of_verdict, with_notes
from harness.verdict import PASSED, Check, Reason, Verdict

NOTES = ("a==1+cu (without the label)", "name: (the author's own)")
CHANGED = "changed in what is declared: a==1+cu (without the label); name: (the author's own)"


def test_what_was_changed_in_a_declaration_is_said_beside_what_came_of_it() -> None:
    passed = check_of_verdict(Check.ENVIRONMENT, PASSED)
    assert with_notes(passed, ()) == passed
    assert with_notes(passed, NOTES).message == CHANGED
    failed = check_of_verdict(
        Check.ENVIRONMENT, Verdict.because(Reason.ENVIRONMENT_UNSATISFIABLE, "no solution")
    )
    assert with_notes(failed, NOTES).message == f"no solution\n{CHANGED}"
