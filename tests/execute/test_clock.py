"""The time that records bear never goes back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from harness.execute.clock import Clock, now

TIMES = st.datetimes().map(lambda time: f"{time.isoformat(timespec='milliseconds')}Z")


def test_now_is_utc_to_the_millisecond() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())
    assert Clock().now() >= now()[:16]


@given(TIMES, st.lists(TIMES, min_size=2, max_size=20))
def test_it_only_goes_forward_whatever_the_machine_says(newest: str, said: Sequence[str]) -> None:
    source = iter(said)
    clock = Clock(newest, read=lambda: next(source))
    told = [newest, *(clock.now() for _ in said)]
    assert all(before < after or after.startswith("9999-12-31") for before, after in itertools.pairwise(told))


def test_a_ledger_from_the_future_does_not_hide_what_comes_next() -> None:
    clock = Clock("2999-01-01T00:00:00.000Z")
    assert (clock.now(), clock.now()) == ("2999-01-01T00:00:00.001Z", "2999-01-01T00:00:00.002Z")


def test_text_that_is_no_time_sorts_first() -> None:
    assert Clock("yesterday", read=lambda: "z").now() == "z"
