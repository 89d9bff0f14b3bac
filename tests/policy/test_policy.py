from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import Cell, Device, WeightsFormat
from harness.isolation import Level as IsolationLevel
from harness.limits import Limits
from harness.policy import DEFAULT, Level, Policy
from harness.policy.bounds import Bound, Bounds
from harness.policy.isolation import Isolation
from harness.policy.policy import FINDINGS, Checks, LimitsRule, Rule, Waiver
from harness.policy.scan import Allow, ScanRules
from harness.verdict import Check, Reason, Status
from tests.policy.cells import CELL, CELLS, POLICIES, RED, RULES, TODAY, UNREADABLE, rule, waiver


def test_without_a_policy_every_cell_is_required_and_nothing_is_bounded() -> None:
    assert DEFAULT.level_of(CELL) == (Level.REQUIRED, "no rule matches: required")
    assert DEFAULT.limits_for(CELL) == Limits()
    assert DEFAULT.required_checks == frozenset()
    assert DEFAULT.bounded(0, 1e9, 1e6) == (0, 1e9, 1e6)
    assert DEFAULT.deciding() == {}
    assert not DEFAULT.as_described
    assert Policy(as_described=True).deciding() == {}, "it adds cells and changes none"
    assert Policy(required_devices=(Device.CUDA,)).deciding() == {}, "it keeps cells and changes none"


def test_a_tool_has_the_word_where_no_rule_matches() -> None:
    level, words = DEFAULT.level_of(CELL, Level.ADVISORY)
    assert (level, words) == (
        Level.ADVISORY,
        f"no rule matches: advisory, as {CELL.consumer.name} asks for itself",
    )
    required = Policy(rules=(Rule(level=Level.REQUIRED, why="all of them"),))
    assert required.level_of(CELL, Level.ADVISORY)[0] is Level.REQUIRED


@given(st.lists(RULES, max_size=4), CELLS)
def test_the_first_rule_that_matches_decides(rules: list[Rule], cell: Cell) -> None:
    level, words = Policy(rules=tuple(rules)).level_of(cell)
    first = next((number for number, rule in enumerate(rules) if rule.matches(cell)), None)
    if first is None:
        assert (level, words) == (Level.REQUIRED, "no rule matches: required")
    else:
        assert level is rules[first].level
        assert words.startswith(f"rule {first + 1} ({rules[first].cells}): {level.value}, because ")


def test_the_rule_in_words_is_one_line() -> None:
    policy = Policy(rules=(Rule(level=Level.ADVISORY, weights="onnx", why="a\n  long story\n"),))
    assert policy.level_of(CELL)[1] == "rule 1 (weights onnx): advisory, because a long story"


def test_the_last_day_of_a_waiver() -> None:
    held = waiver(Reason.CRASHED, Reason.TIMED_OUT, model="nuclei")
    assert held.holds(TODAY)
    assert not held.holds(TODAY + datetime.timedelta(days=1))
    assert held.words == "(model nuclei): crashed, timed-out until 2026-06-15 by @octocat, because known"


@pytest.mark.parametrize("reason", RED, ids=lambda reason: reason.slug)
def test_every_reason_that_turns_a_cell_red_can_be_waived(reason: Reason) -> None:
    assert waiver(reason).reasons == (reason.slug,)


def test_what_a_waiver_must_say() -> None:
    whole: dict[str, object] = msgspec.to_builtins(waiver(Reason.CRASHED))
    wrong: list[tuple[dict[str, object], str]] = [
        ({"reasons": []}, "reasons: is empty; known: "),
        ({"reasons": ["crashed", "bored"]}, "reasons: 'bored' is no reason of a failed or inconclusive cell"),
        ({"reasons": ["format-not-supported"]}, "reasons: 'format-not-supported' is no reason"),
        ({"owner": " "}, "owner: is empty"),
        ({"why": ""}, "why: is empty"),
        ({"model": ""}, "model: is empty"),
    ]
    for changes, message in wrong:
        with pytest.raises(msgspec.ValidationError, match=message):
            msgspec.convert({**whole, **changes}, Waiver)


def test_a_rule_says_why_and_what_it_matches() -> None:
    with pytest.raises(ValueError, match="why: is empty"):
        Rule(level=Level.ADVISORY, why="\n")
    with pytest.raises(ValueError, match="device: 'gpu'"):
        rule(Level.ADVISORY, device="gpu")


@pytest.mark.parametrize("check", Check)
def test_only_findings_can_be_required(check: Check) -> None:
    if check in FINDINGS:
        assert Policy(checks=Checks(required=(check,))).required_checks == {check}
    else:
        with pytest.raises(ValueError, match=f"required: '{check.value}' is always required"):
            Checks(required=(check,))


def test_without_names_what_is_about_all_models_or_a_folder_is_left() -> None:
    about_all, about_one = rule(Level.ADVISORY, weights="onnx"), rule(Level.ADVISORY, model="nuclei")
    folder, family = waiver(Reason.CRASHED, model="drafts/*"), waiver(Reason.CRASHED, model="nuclei-*")
    policy = Policy(rules=(about_one, about_all), waivers=(family, folder), verify_files=True)
    assert policy.without_names() == Policy(rules=(about_all,), waivers=(folder,), verify_files=True)


def test_of_the_limits_that_match_the_later_win() -> None:
    policy = Policy(
        limits=(
            LimitsRule(seconds=900, processes=8),
            LimitsRule(weights="onnx", seconds=60),
            LimitsRule(device="cuda", seconds=1),
        )
    )
    assert policy.limits_for(CELL) == Limits(seconds=60, processes=8)


def test_limits_have_the_fields_of_limits() -> None:
    every = {name: number for number, name in enumerate(Limits.__struct_fields__, start=1)}
    assert msgspec.convert(every, LimitsRule).limits.stated() == every


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "states no limit; known: seconds, "),
        ({"seconds": -1}, "seconds: -1"),
        ({"device": "x"}, "device: "),
    ],
)
def test_limits_that_are_none(limits: dict[str, float], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(limits, LimitsRule)


BOUNDED = Policy(tolerance=Bounds(ceiling=Bound(rtol=0.5, atol=1.0)))
CHECKED = Policy(checks=Checks(required=(Check.DETERMINISM, Check.AGREEMENT, Check.DETERMINISM)))


def test_what_decides_is_canonical() -> None:
    assert BOUNDED.deciding() == {"policy.tolerance": '{"ceiling":{"atol":1.0,"rtol":0.5}}'}
    assert CHECKED.deciding() == {"policy.checks": "agreement determinism"}


@given(POLICIES)
def test_levels_waivers_and_limits_decide_no_verdict(policy: Policy) -> None:
    assert policy.deciding() == {}
    limited = msgspec.structs.replace(BOUNDED, rules=policy.rules, waivers=policy.waivers)
    assert limited.deciding() == BOUNDED.deciding()
    assert msgspec.structs.replace(CHECKED, limits=(LimitsRule(seconds=1),)).deciding() == CHECKED.deciding()


SCANNED = Policy(
    scan=ScanRules(allow=(Allow(weights="keras_*", finding="has *", why="reviewed"),)),
)


def test_rules_for_scans_decide_only_the_cells_that_they_are_about() -> None:
    keras = msgspec.structs.replace(CELL, weights_format=WeightsFormat.KERAS_V3)
    assert SCANNED.deciding_for(keras) == '["no-verdict",["has *",""]]'
    assert SCANNED.deciding_for(CELL) == SCANNED.deciding_for(UNREADABLE) == ""
    assert DEFAULT.deciding_for(keras) == ""
    assert SCANNED.deciding() == {}


def test_isolation_and_what_is_hashed_decide_no_verdict() -> None:
    policy = Policy(isolation=Isolation(level=IsolationLevel.SANDBOX), verify_files=True)
    assert (policy.deciding(), policy.deciding_for(CELL)) == ({}, "")


def test_which_keys_follow_the_policy() -> None:
    for policy in (DEFAULT, BOUNDED, CHECKED):
        assert policy.decided({"threads": "1", **policy.deciding()})
    assert not DEFAULT.decided(BOUNDED.deciding())
    assert not BOUNDED.decided({})
    assert not BOUNDED.decided({**BOUNDED.deciding(), **CHECKED.deciding()})


def test_bounds_of_tolerance() -> None:
    assert BOUNDED.bounded(3, 3, 3) == (1, 0.5, 3)


def test_all_but_passed_and_not_applicable_can_be_waived() -> None:
    assert {reason.status for reason in set(Reason) - set(RED)} == {Status.NOT_APPLICABLE}
