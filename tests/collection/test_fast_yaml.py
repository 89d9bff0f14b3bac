"""Descriptions that are read by libyaml say the same as those that PyYAML reads."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.collection import description_yaml
from harness.collection.fault import ModelFault

pytestmark = pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")

_SIGNS = [
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "'",
    '"',
    "|\n",
    ">-\n",
    "#",
    "? ",
    "<<: ",
    "%",
    "@",
    "\t",
]
_WORDS = [
    "a",
    "b: ",
    "- ",
    "&x ",
    "*x",
    "!!str ",
    "1e-5",
    "010",
    "no",
    "0x1F",
    "1_000",
    "2020-01-01",
    ".inf",
    "~",
]
_PIECES = st.sampled_from([*_SIGNS, *_WORDS, "\\u00e4", "é", "🦈", "\x85"])


def _parsed(text: str, monkeypatch: pytest.MonkeyPatch, *, fast: bool) -> Any:
    with monkeypatch.context() as patch:
        if not fast:
            patch.setattr(description_yaml, "_is_plain", lambda _text: False)
        try:
            return description_yaml.parse(text.encode("utf-8", "surrogatepass"), shown="rdf.yaml")
        except ModelFault as fault:
            return fault.message


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_any_text(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast, slow = (_parsed(f"k: {text}", patch, fast=fast) for fast in (True, False))
    assert _same(fast, slow), (fast, slow)
