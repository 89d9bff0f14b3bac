"""An image for whoever plants differences into it."""

from __future__ import annotations

import pytest

from harness.execute.judge.chunks import Array
from tests.execute.judge.planted import textured


@pytest.fixture(scope="module")
def image() -> Array:
    return textured(0)
