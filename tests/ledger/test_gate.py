from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import Cell
from harness.errors import ExitCode
from harness.ledger.gate import Decision, Effect, decide
from harness.ledger.record import Record
from harness.policy import DEFAULT, Level, Policy
from harness.policy.policy import Rule
from harness.verdict import Reason, Status
from tests.ledger.records import PLAIN, at, record
from tests.policy.cells import CELLS, FEW_REASONS, POLICIES, RULES, TODAY, WAIVERS, rule, waiver

DIFFER, SILENT, BY_DESIGN = Reason.VALUES_DIFFER, Reason.NO_REPLY, Reason.FORMAT_NOT_SUPPORTED
ADVISORY = Policy(rules=(rule(Level.ADVISORY),))
QUARANTINED = Policy(rules=(rule(Level.QUARANTINED),))

Outcome = Mapping[str, Reason | None]


def gate(outcome: Outcome, policy: Policy = DEFAULT, *, missing: str = "") -> Decision:
    """The decision about cells with these outcomes (None passed), and cells that have no record."""
    planned = {key: _cell(key) for key in (*outcome, *missing)}
    records = [record(reason, key=key) for key, reason in outcome.items()]
    return decide(planned, records, policy, today=TODAY)


def _cell(name: str) -> Cell:
    return msgspec.structs.replace(PLAIN.cell, model=msgspec.structs.replace(PLAIN.model, id=name))


@pytest.mark.parametrize(
    ("outcome", "missing", "code", "sentence"),
    [
        ({}, "", ExitCode.SATISFIED, "no cell was planned: nothing was tested"),
        ({"a": None}, "", ExitCode.SATISFIED, "the cell did not fail"),
        ({"a": None, "b": BY_DESIGN}, "", ExitCode.SATISFIED, "all 2 cells have a verdict, and none failed"),
        ({"a": DIFFER, "b": None}, "", ExitCode.FAILED, "1 of 2 cells failed"),
        ({"a": SILENT}, "", ExitCode.NO_VERDICT, "1 of 1 cell has no verdict"),
        ({"a": SILENT, "b": SILENT}, "", ExitCode.NO_VERDICT, "2 of 2 cells have no verdict"),
        ({"a": None}, "b", ExitCode.NO_VERDICT, "1 of 2 planned cells has no record"),
        ({"a": SILENT}, "bc", ExitCode.NO_VERDICT,
         "2 of 3 planned cells have no record; 1 of 3 cells has no verdict"),
        ({"a": DIFFER, "b": SILENT}, "c", ExitCode.FAILED,
         "1 of 3 cells failed; 1 of 3 planned cells has no record; 1 of 3 cells has no verdict"),
    ],
)  # fmt: skip
def test_without_a_policy(outcome: Outcome, missing: str, code: ExitCode, sentence: str) -> None:
    decision = gate(outcome, missing=missing)
    assert (decision.exit_code, decision.sentence) == (code, sentence)
    assert sum(decision.counts.values()) == len(outcome)
    assert decision.notes == ()


def test_what_became_of_each_cell() -> None:
    decision = gate({"a": DIFFER, "b": SILENT, "c": None, "d": BY_DESIGN}, missing="e")
    assert [(decided.key, decided.status, decided.reason, decided.effect) for decided in decision.cells] == [
        ("a", Status.FAILED, "values-differ", Effect.BLOCKS),
        ("b", Status.INCONCLUSIVE, "no-reply", Effect.NO_VERDICT),
        ("c", Status.PASSED, None, Effect.PASSES),
        ("d", Status.NOT_APPLICABLE, "format-not-supported", Effect.PASSES),
        ("e", None, None, Effect.NO_RECORD),
    ]
    assert {decided.level for decided in decision.cells} == {Level.REQUIRED}
    assert decision.cells[0].rule == "no rule matches: required"
    assert decision.cells[4].rule == "every planned cell needs a record, whatever its level"
    assert decision.cells[0].cell == _cell("a")
    assert [decided.key for decided in decision.having(Effect.NO_RECORD, Effect.BLOCKS)] == ["a", "e"]


def test_a_tool_that_asks_for_it_does_not_block() -> None:
    planned, failed = {"a": _cell("a")}, [record(DIFFER, key="a")]
    decision = decide(planned, failed, DEFAULT, today=TODAY, levels={"a": Level.ADVISORY})
    assert (decision.exit_code, decision.cells[0].effect) == (ExitCode.SATISFIED, Effect.COUNTED)
    rules = Policy(rules=(rule(Level.REQUIRED),))
    assert decide(planned, failed, rules, today=TODAY, levels={"a": Level.ADVISORY}).exit_code == 1


def test_a_verdict_is_not_undone_by_a_later_attempt_that_told_nothing() -> None:
    later = record(SILENT, key="a", started_at=at(1))
    assert decide({"a": _cell("a")}, [record(key="a"), later], DEFAULT, today=TODAY).exit_code == 0


def test_records_of_cells_that_are_not_planned_say_nothing() -> None:
    decision = decide({"a": _cell("a")}, [record(key="a"), record(DIFFER, key="b")], DEFAULT, today=TODAY)
    assert decision.sentence == "the cell did not fail"


def test_advisory_cells_are_counted_and_do_not_block() -> None:
    decision = gate({"a": DIFFER, "b": SILENT, "c": None}, ADVISORY)
    assert (decision.exit_code, decision.sentence) == (
        ExitCode.SATISFIED,
        "none of 3 cells blocks; 2 advisory and not passed",
    )
    assert [decided.effect for decided in decision.cells] == [Effect.COUNTED, Effect.COUNTED, Effect.PASSES]
    assert decision.cells[0].rule == "rule 1 (every cell): advisory, because so"
    assert decision.counts[Status.FAILED] == 1


def test_quarantined_cells_neither_block_nor_count() -> None:
    decision = gate({"a": DIFFER, "b": SILENT, "c": None}, QUARANTINED)
    assert (decision.exit_code, decision.sentence) == (
        ExitCode.SATISFIED,
        "none of 3 cells blocks; 3 quarantined",
    )
    assert {decided.effect for decided in decision.cells} == {Effect.IGNORED}
    assert set(decision.counts.values()) == {0}


@pytest.mark.parametrize("policy", [ADVISORY, QUARANTINED])
def test_no_level_excuses_a_missing_record(policy: Policy) -> None:
    decision = gate({}, policy, missing="a")
    assert (decision.exit_code, decision.sentence) == (
        ExitCode.NO_VERDICT,
        "1 of 1 planned cell has no record",
    )


def test_only_required_cells_are_spoken_of_where_there_are_others() -> None:
    policy = Policy(rules=(rule(Level.ADVISORY, model="a"), rule(Level.QUARANTINED, model="b")))
    decision = gate({"a": DIFFER, "b": DIFFER, "c": DIFFER, "d": SILENT}, policy)
    assert decision.exit_code is ExitCode.FAILED
    assert decision.sentence == (
        "1 of 2 required cells failed; 1 of 2 required cells has no verdict; "
        "1 advisory and not passed; 1 quarantined"
    )


def test_a_waiver_waives_its_reasons_only() -> None:
    policy = Policy(waivers=(waiver(DIFFER, SILENT, model="[ab]"),))
    decision = gate({"a": DIFFER, "b": SILENT}, policy)
    assert (decision.exit_code, decision.sentence) == (
        ExitCode.SATISFIED,
        "none of 2 cells blocks; 2 waived",
    )
    assert decision.cells[0].rule == (
        "waiver 1 (model [ab]): values-differ, no-reply until 2026-06-15 by @octocat, because known"
    )
    assert decision.notes == ()
    assert gate({"a": Reason.CRASHED}, policy).exit_code is ExitCode.FAILED
    assert gate({"c": DIFFER}, policy).exit_code is ExitCode.FAILED


def test_of_several_waivers_the_first_that_holds_decides() -> None:
    policy = Policy(
        waivers=(
            waiver(SILENT),
            waiver(DIFFER, model="b"),
            waiver(DIFFER, weights="onnx"),
            waiver(DIFFER),
        )
    )
    (decided,) = gate({"a": DIFFER}, policy).cells
    assert (decided.effect, decided.rule[:9]) == (Effect.WAIVED, "waiver 3 ")


def test_levels_come_before_waivers() -> None:
    policy = msgspec.structs.replace(ADVISORY, waivers=(waiver(DIFFER),))
    assert gate({"a": DIFFER}, policy).cells[0].effect is Effect.COUNTED


def test_an_expired_waiver_fails_even_where_nothing_is_red() -> None:
    policy = Policy(waivers=(waiver(DIFFER, days=-1, model="a"),))
    decision = gate({"a": None}, policy)
    expired = "waiver 1 (model a) of @octocat expired on 2026-06-14: renew it or take it out of the policy"
    assert (decision.exit_code, decision.sentence, decision.notes) == (ExitCode.FAILED, expired, ())
    assert gate({}, policy, missing="a").exit_code is ExitCode.FAILED
    decision = gate({"a": DIFFER}, policy)
    assert decision.sentence == f"1 of 1 cell failed; {expired}"
    assert decision.cells[0].rule == "no rule matches: required; waiver 1 (model a) expired on 2026-06-14"


def test_an_expired_waiver_that_matches_nothing_is_a_note() -> None:
    decision = gate({"b": None}, Policy(waivers=(waiver(DIFFER, days=-1, model="a"),)))
    assert decision.exit_code is ExitCode.SATISFIED
    (note,) = decision.notes
    assert note.startswith(
        "waiver 1 (model a) of @octocat expired on 2026-06-14 and matches no planned cell: "
    )


@pytest.mark.parametrize(
    ("outcome", "needless"),
    [
        ({"a": None, "b": BY_DESIGN}, True),
        ({"a": None, "b": DIFFER}, False),
        ({"a": SILENT}, False),  # nobody knows
        ({"a": Reason.CRASHED}, False),
        ({}, False),
    ],
)
def test_a_waiver_that_nothing_needs_is_a_note(outcome: Outcome, needless: bool) -> None:
    decision = gate(outcome, Policy(waivers=(waiver(DIFFER),)))
    note = (
        "waiver 1 (every cell) of @octocat is no longer needed by this plan: "
        "no planned cell that it matches is red"
    )
    assert decision.notes == ((note,) if needless else ())


PLANS = st.lists(
    st.tuples(CELLS, st.sampled_from(["missing", "passed"]) | FEW_REASONS), max_size=5
).map(lambda entries: {str(number): entry for number, entry in enumerate(entries)})  # fmt: skip
Plans = dict[str, tuple[Cell, str | Reason]]


def _decide(plan: Plans, policy: Policy) -> Decision:
    records: list[Record] = [
        record(outcome if isinstance(outcome, Reason) else None, key=key)
        for key, (_, outcome) in plan.items()
        if outcome != "missing"
    ]
    return decide({key: cell for key, (cell, _) in plan.items()}, records, policy, today=TODAY)


@given(PLANS, POLICIES)
def test_satisfied_means_no_record_is_missing_and_no_required_cell_is_red_unless_waived(
    plan: Plans, policy: Policy
) -> None:
    decision = _decide(plan, policy)
    stops = False
    for cell, outcome in plan.values():
        required = policy.level_of(cell)[0] is Level.REQUIRED
        waived = isinstance(outcome, Reason) and any(
            held.holds(TODAY) and held.matches(cell) and outcome.slug in held.reasons
            for held in policy.waivers
        )
        stops |= outcome == "missing" or (required and isinstance(outcome, Reason) and not waived)
        stops |= any(not held.holds(TODAY) and held.matches(cell) for held in policy.waivers)
    assert (decision.exit_code is not ExitCode.SATISFIED) is stops
    assert [decided.key for decided in decision.cells] == list(plan)


@given(PLANS, POLICIES)
def test_what_decides_comes_first(plan: Plans, policy: Policy) -> None:
    decision = _decide(plan, policy)
    expired = any(
        held.matches(cell) and not held.holds(TODAY) for held in policy.waivers for cell, _ in plan.values()
    )
    failed = bool(decision.having(Effect.BLOCKS)) or expired
    open_ = bool(decision.having(Effect.NO_RECORD, Effect.NO_VERDICT))
    assert decision.exit_code is (
        ExitCode.FAILED if failed else ExitCode.NO_VERDICT if open_ else ExitCode.SATISFIED
    )


@given(PLANS, POLICIES, RULES, st.integers(0, 3))
def test_another_advisory_rule_breaks_no_satisfied_gate(
    plan: Plans, policy: Policy, added: Rule, place: int
) -> None:
    advisory = msgspec.structs.replace(added, level=Level.ADVISORY)
    more = msgspec.structs.replace(policy, rules=(*policy.rules[:place], advisory, *policy.rules[place:]))
    if _decide(plan, policy).exit_code is ExitCode.SATISFIED:
        assert _decide(plan, more).exit_code is ExitCode.SATISFIED


@given(PLANS, POLICIES, WAIVERS)
def test_another_waiver_that_holds_breaks_no_satisfied_gate(
    plan: Plans, policy: Policy, added: msgspec.Struct
) -> None:
    held = msgspec.structs.replace(added, expires=TODAY)
    more = msgspec.structs.replace(policy, waivers=(held, *policy.waivers))
    if _decide(plan, policy).exit_code is ExitCode.SATISFIED:
        assert _decide(plan, more).exit_code is ExitCode.SATISFIED


@given(PLANS, POLICIES)
def test_what_satisfies_the_default_policy_satisfies_any_without_expired_waivers(
    plan: Plans, policy: Policy
) -> None:
    holding = tuple(held for held in policy.waivers if held.holds(TODAY))
    if _decide(plan, DEFAULT).exit_code is ExitCode.SATISFIED:
        kind = _decide(plan, msgspec.structs.replace(policy, waivers=holding))
        assert kind.exit_code is ExitCode.SATISFIED
