"""The double of GitHub, and clients that lose their patience soon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.github.actions import Actions
from harness.github.client import Client
from harness.github.session import Api, Patience, connect
from tests.github.double import Double

SOON = Patience(connect=10, read=30, tries=3, backoff=0.01, rate_limit=3)


@pytest.fixture
def github() -> Iterator[Double]:
    """GitHub; what its description does not allow fails the test."""
    with Double() as double:
        yield double
    assert double.violations == []


@pytest.fixture
def api(github: Double) -> Iterator[Api]:
    """The door to it."""
    with connect(github.variables, again="harness github comment", patience=SOON) as api:
        yield api


@pytest.fixture
def client(api: Api) -> Client:
    """What is asked and said there."""
    return Client(api)


@pytest.fixture
def actions(api: Api) -> Actions:
    """Its workflows."""
    return Actions(api)
