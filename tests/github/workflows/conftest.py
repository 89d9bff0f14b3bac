"""What tests of workflows share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.double import Double
from tests.github.workflows.hosted import Hosted
from tests.github.workflows.javascript import Actions


@pytest.fixture(scope="session")
def actions() -> Iterator[Actions]:
    """GitHub's own parser and evaluator."""
    started = Actions()
    yield started
    started.close()


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    """GitHub's API, which keeps GitHub's own description."""
    with Double() as started:
        yield started
    assert started.violations == []


@pytest.fixture(scope="module")
def hosted(actions: Actions, double: Double, tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """The repository that all pull requests of a module are to."""
    return Hosted(tmp_path_factory.mktemp("hosted"), actions, {"GITHUB_API_URL": double.url})
