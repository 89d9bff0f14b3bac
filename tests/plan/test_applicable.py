"""What is known of a tool before anything is built."""

from __future__ import annotations

import pytest

from harness.consumers import CONSUMERS, REFERENCE
from harness.plan.applicable import untested
from harness.verdict import Reason


@pytest.mark.parametrize("version", ["0.10.9", "0.12.0", "not a version"])
def test_a_version_that_nobody_has_tested(version: str) -> None:
    settled = untested(CONSUMERS[REFERENCE], version)
    assert settled is not None
    assert settled.reason == Reason.TOOL_VERSION_UNTESTED.slug
    assert f"was tested with >=0.11,<0.12, this is {version}" in settled.message


def test_one_that_was_tested() -> None:
    assert untested(CONSUMERS[REFERENCE], "0.11.3") is None
