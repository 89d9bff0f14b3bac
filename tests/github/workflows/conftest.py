"""What tests of workflows share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.workflows.javascript import Actions


@pytest.fixture(scope="session")
def actions() -> Iterator[Actions]:
    """GitHub's own parser and evaluator."""
    started = Actions()
    yield started
    started.close()
