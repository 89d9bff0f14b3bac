from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.github.rate_limit import seconds_to_wait

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000010"}, "", None),
        (403, {}, "Resource not accessible by integration", None),
        (403, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "1700000010"}, "", None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000010"}, "", 11),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1600000000"}, "", 1),
        (403, {"x-ratelimit-remaining": "0"}, "", None),
        (403, {"retry-after": "30"}, "", 30),
        (403, {"retry-after": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000000"}, "", 30),
        (403, {}, "You have exceeded a secondary rate limit", 60),
        (403, {}, "You have triggered an abuse detection mechanism", 60),
        (429, {}, "", 60),
        (429, {"retry-after": "soon"}, "", 60),
    ],
)
def test_as_told(status: int, headers: dict[str, str], body: str, seconds: float | None) -> None:
    assert seconds_to_wait(status, headers, body, now=NOW) == seconds


NAMES = st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"])


@given(st.integers(100, 599), st.dictionaries(NAMES, st.text() | st.integers().map(str)), st.text())
def test_no_header_makes_it_wait_for_a_time_that_is_none(
    status: int, headers: dict[str, str], body: str
) -> None:
    seconds = seconds_to_wait(status, headers, body, now=NOW)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))
