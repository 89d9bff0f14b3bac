"""What is a time, and what comes after it."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ledger.moment import as_text, for_names, is_time, later

MOMENTS = st.datetimes(
    max_value=datetime.datetime(9999, 12, 31), timezones=st.just(datetime.timezone.utc)
)  # fmt: skip


@given(MOMENTS)
def test_what_comes_later_sorts_later(moment: datetime.datetime) -> None:
    text = as_text(moment)
    assert is_time(text)
    assert is_time(later(text))
    assert text < later(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13-45T99:99:99.999Z",
        "2023-02-29T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "٢٠٢٤-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00.000",
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00.000Z",
        "2024-01-01T02:00:00.000+02:00",
        "0001-01-01T00:00:00.000+02:00",
        "2024-01-01T00:00:00.000Z\n",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert not is_time(text)


def test_other_time_zones_are_told_in_utc() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert as_text(datetime.datetime(2024, 1, 1, 1, tzinfo=zone)) == "2023-12-31T23:00:00.000Z"


def test_the_last_moment_has_no_later_one() -> None:
    with pytest.raises(OverflowError):
        later("9999-12-31T23:59:59.999Z")


def test_names_of_files_begin_to_the_second() -> None:
    assert for_names("2026-01-01T12:34:56.789Z") == "20260101T123456"
