"""How far outputs may be from the declared ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import WeightsFormat
from harness.collection.fault import ModelFault
from harness.collection.tolerance import (
    DEFAULT_0_4,
    DEFAULT_0_5,
    Tolerance,
    ToleranceRule,
    rules_of,
    tolerance_for,
)
from harness.verdict import Reason

RULES = st.lists(
    st.builds(
        ToleranceRule,
        tolerance=st.builds(Tolerance, atol=st.floats(0, 1)),
        weights_formats=st.lists(st.sampled_from([w.value for w in WeightsFormat]), max_size=2).map(tuple),
        outputs=st.lists(st.sampled_from("ab"), max_size=2).map(tuple),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(RULES, st.sampled_from(list(WeightsFormat)), st.sampled_from("ab"))
def test_the_first_rule_that_matches_is_applied(
    rules: list[ToleranceRule], weights: WeightsFormat, output: str
) -> None:
    chosen = tolerance_for(
        (*rules, ToleranceRule(tolerance=DEFAULT_0_5)), weights_format=weights, output=output
    )
    matching = [
        rule.tolerance
        for rule in rules
        if weights.value in (rule.weights_formats or [weights.value]) and output in (rule.outputs or [output])
    ]
    assert chosen == (matching or [DEFAULT_0_5])[0]


def test_rules_end_with_the_default_of_the_format() -> None:
    listed = {"relative_tolerance": 0.01, "output_ids": ["out"], "weights_formats": ["onnx"]}
    config = {"bioimageio": {"reproducibility_tolerance": [listed], "test_kwargs": {"onnx": {}, "x": None}}}
    new = rules_of({"format_version": "0.5.4", "config": config}, shown="x")
    assert new[0] == ToleranceRule(
        tolerance=Tolerance(rtol=0.01, ppm=100.0), weights_formats=("onnx",), outputs=("out",)
    )
    assert new[-1] == ToleranceRule(tolerance=DEFAULT_0_5)
    assert rules_of({"format_version": "0.4.10"}, shown="x") == (ToleranceRule(tolerance=DEFAULT_0_4),)
    with pytest.raises(ValueError, match="end with one"):
        tolerance_for((), weights_format=WeightsFormat.ONNX, output="a")


@pytest.mark.parametrize(
    "config",
    [
        "text",
        {"bioimageio": {"reproducibility_tolerance": 1}},
        {"bioimageio": {"reproducibility_tolerance": ["x"]}},
        {"bioimageio": {"reproducibility_tolerance": [{"output_ids": "x"}]}},
        {"bioimageio": {"test_kwargs": {"onnx": {"absolute_tolerance": -1}}}},
        {"bioimageio": {"test_kwargs": {"onnx": {"absolute_tolerance": True}}}},
        {"bioimageio": {"test_kwargs": {"onnx": {"absolute_tolerance": 10**400}}}},
        {"bioimageio": {"test_kwargs": {"onnx": {"absolute_tolerance": float("nan")}}}},
    ],
)
def test_tolerances_that_are_none_are_refused(config: Any) -> None:
    with pytest.raises(ModelFault, match="x: field config") as raised:
        rules_of({"format_version": "0.4.10", "config": config}, shown="x")
    assert raised.value.reason is Reason.DESCRIPTION_INVALID
