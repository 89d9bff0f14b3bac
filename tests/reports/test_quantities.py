from __future__ import annotations

import pytest

from harness.reports import quantities


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "–"),
        (0.0001, "1 ms"),
        (0.42, "420 ms"),
        (4.24, "4.2 s"),
        (42.4, "42 s"),
        (200, "3 min 20 s"),
        (3900, "1 h 05 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert quantities.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "–"), (32, "32 B"), (52_311, "51 KiB"), (5_000_000, "5 MiB"), (1_500_000_000, "1.4 GiB")],
)
def test_memory(count: int, text: str) -> None:
    assert quantities.memory(count) == text


@pytest.mark.parametrize(
    ("number", "text"), [(None, "–"), (0.0, "0"), (1.43e-6, "1.43e-06"), (12.44, "12.4")]
)
def test_difference(number: float | None, text: str) -> None:
    assert quantities.difference(number) == text


@pytest.mark.parametrize(("number", "text"), [(0.0, "0"), (3.14159, "3.14"), (1_000_000.0, "1,000,000")])
def test_per_million(number: float, text: str) -> None:
    assert quantities.per_million(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (-1830.55, "none"),
        (0.0, "0 %"),
        (0.004, "< 1 %"),
        (0.5, "50 %"),
        (0.986, "99 %"),
        (0.9999, "> 99 %"),
        (1.0, "100 %"),
    ],
)
def test_percent_says_100_only_for_all(share: float | None, text: str) -> None:
    assert quantities.percent(share) == text


def test_shape() -> None:
    assert quantities.shape((1, 2, 64)) == "1 × 2 × 64"
    assert quantities.shape(()) == "scalar"


@pytest.mark.parametrize(
    ("iso", "text"),
    [
        ("2026-05-20T12:03:11Z", "2026-05-20 12:03 UTC"),
        ("2026-05-20T14:03:11+02:00", "2026-05-20 12:03 UTC"),
        ("2026-05-20T12:03:11", "2026-05-20 12:03 UTC"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_moment(iso: str, text: str) -> None:
    assert quantities.moment(iso) == text
