"""The page of differences: complete, and what a new run measures."""

from __future__ import annotations

import difflib

import pytest

from harness.verdict import Check, CheckStatus, Reason, Status
from tests.main_job.conftest import harness
from tests.zoo.building import as_it_is
from tests.zoo.case import Case
from tests.zoo.differential.cases import CASES
from tests.zoo.differential.document import EXPLAINED, PAGE, Group, group_of, in_cell, render, verdict
from tests.zoo.differential.outcomes import ENVIRONMENTS, Row, measure
from tests.zoo.differential.reference import Outcome
from tests.zoo.differential.why import WHY

GOOD = Case("good", as_it_is("onnx"))
WITH_A_FINDING = GOOD._replace(findings=((Check.AS_CALLED, CheckStatus.FAILED),))
BROKEN = GOOD._replace(reason=Reason.CRASHED)
NO_ANSWER = GOOD._replace(reason=Reason.NO_REPLY)


@pytest.mark.parametrize(
    ("case", "passed", "group"),
    [
        (GOOD, True, Group.BOTH_PASS),
        (GOOD, False, Group.FAILS_WHAT_PASSES),
        (GOOD, None, Group.NO_REPORT),
        (BROKEN, True, Group.LETS_PASS),
        (BROKEN, False, Group.BOTH_FAIL),
        (BROKEN, None, Group.NO_REPORT),
        (BROKEN._replace(status=Status.INCONCLUSIVE), False, Group.FAILS_WITHOUT_VERDICT),
        (NO_ANSWER, True, Group.LETS_PASS),
        (NO_ANSWER, False, Group.FAILS_WITHOUT_VERDICT),
    ],
)
def test_groups(case: Case, passed: bool | None, group: Group) -> None:
    assert group_of(Row(case, Outcome(passed=passed, ended="exit 0"))) is group


def test_what_the_harness_says() -> None:
    assert verdict(GOOD) == "passed"
    assert verdict(WITH_A_FINDING) == "passed · finding: as-called"
    assert verdict(BROKEN) == "failed · crashed · model"
    assert verdict(NO_ANSWER) == "no verdict · no-reply · infrastructure"


def test_marks_in_a_cell_are_shown() -> None:
    assert in_cell("a|b `c_d` <e> [f] \\*") == r"a\|b \`c\_d\` \<e\> \[f\] \\\*"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_every_case_is_on_the_page_once(case: Case) -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {case.label} |")]
    assert len(lines) == 1
    assert f"| {in_cell(verdict(case))} |" in lines[0]
    assert WHY.get(case.label, "") in lines[0]


@pytest.mark.slow
def test_the_page_is_what_a_run_measures() -> None:
    built = harness("env", "build", *ENVIRONMENTS)
    assert built.returncode == 0, built.stdout + built.stderr
    measured = measure()
    assert set(WHY) == {row.case.label for row in measured.rows if group_of(row) in EXPLAINED}
    before, now = PAGE.read_text("utf-8").splitlines(), render(measured).splitlines()
    changes = "\n".join(difflib.unified_diff(before, now, PAGE.name, "measured now", n=0, lineterm=""))
    assert not changes, f"look at it, then renew the page with python -m tests.zoo.differential\n{changes}"
