"""The page that says where the two differ, ``docs/differences.md``, from what was measured."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

import jinja2

from harness import labels
from harness.verdict import CheckStatus, Status
from tests.main_job.conftest import ROOT
from tests.zoo.case import MEANING, Case
from tests.zoo.differential.outcomes import LIMITS_OF_A_MODEL_THAT_HANGS, Measured, Row
from tests.zoo.differential.why import WHY

PAGE = ROOT / "docs" / "differences.md"
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701 - Markdown, escaped by in_cell
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class Group(Enum):
    """How the two answers lie to each other."""

    LETS_PASS = auto()
    NO_REPORT = auto()
    FAILS_WHAT_PASSES = auto()
    FAILS_WITHOUT_VERDICT = auto()
    BOTH_FAIL = auto()
    BOTH_PASS = auto()


# In these, words say why; in the others, the answers say it.
EXPLAINED = (Group.LETS_PASS, Group.FAILS_WHAT_PASSES, Group.FAILS_WITHOUT_VERDICT)


class Line(NamedTuple):
    """A line of a table, as Markdown.

    Attributes:
        words: why the answers differ, or the first error that the command tells of.
    """

    case: str
    harness: str
    command: str
    words: str


def group_of(row: Row) -> Group:
    """Where a case belongs."""
    passes = row.case.reason is None
    match row.outcome.passed:
        case None:
            return Group.NO_REPORT
        case True:
            return Group.BOTH_PASS if passes else Group.LETS_PASS
        case False if passes:
            return Group.FAILS_WHAT_PASSES
        case False:
            failed = _status(row.case) is Status.FAILED
            return Group.BOTH_FAIL if failed else Group.FAILS_WITHOUT_VERDICT


def render(measured: Measured) -> str:
    """The page."""
    groups: dict[str, list[Line]] = {group.name: [] for group in Group}
    for row in sorted(measured.rows, key=_by_weight):
        groups[group_of(row).name].append(line_of(row))
    return _ENVIRONMENT.get_template("differences.md.j2").render(
        cases=len(measured.rows),
        patience=LIMITS_OF_A_MODEL_THAT_HANGS.seconds,
        processes=LIMITS_OF_A_MODEL_THAT_HANGS.processes,
        versions=measured.versions,
        **groups,
    )


def line_of(row: Row) -> Line:
    """One case in the table of its group."""
    case, outcome = row
    explained = group_of(row) in EXPLAINED
    words = WHY[case.label] if explained else in_cell(outcome.error)
    answer = {True: "passed", False: "failed", None: "no report"}[outcome.passed]
    return Line(case.label, in_cell(verdict(case)), f"{answer}, {outcome.ended}", words)


def verdict(case: Case) -> str:
    """What the harness says: status, reason and blame, or the findings beside a pass."""
    status = labels.STATUS[_status(case)].label
    if case.reason is None:
        against = [check.value for check, answer in case.findings if answer is CheckStatus.FAILED]
        return " · ".join([status, *(f"finding: {check}" for check in against)])
    return f"{status} · {case.reason.slug} · {MEANING[case.reason].blame.value}"


def in_cell(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table."""
    escaped = text.replace("\\", "\\\\")
    for mark in "`*_<>[]|":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped


def _by_weight(row: Row) -> tuple[bool, bool]:
    """First an exit code that looks like a pass, then what the models did to the command, then its errors."""
    return (row.outcome.ended != "exit 0", row.outcome.ended == "exit 1")


def _status(case: Case) -> Status:
    if case.reason is None:
        return Status.PASSED
    return case.status or MEANING[case.reason].status
