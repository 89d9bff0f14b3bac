"""HARNESS_OFFLINE, as people write it."""

from __future__ import annotations

import pytest

from harness import network


@pytest.mark.parametrize("value", ["1", "true", "YES", " on ", "anything"])
def test_off(value: str) -> None:
    assert network.offline({network.VARIABLE: value})


@pytest.mark.parametrize("value", ["", "0", "False", "no", " off"])
def test_on(value: str) -> None:
    assert not network.offline({network.VARIABLE: value})
    assert not network.offline({})


def test_what_is_started_is_offline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(network.VARIABLE, raising=False)
    monkeypatch.setenv(network.VARIABLE, "0")  # put back at the end, whatever happens
    assert not network.offline()
    network.go_offline()
    assert network.offline()
