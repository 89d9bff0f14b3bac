"""What all tests share: paths, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.errors import IsolationError

# A busy machine is no failure; and what gates a merge draws the same examples every time.
settings.register_profile(
    "harness",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("HARNESS_TESTS_NO_SKIPS") == "1",
)
settings.load_profile("harness")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With HARNESS_TESTS_NO_SKIPS=1 a skipped test fails: CI must have every component that a test needs.

    A test of what few machines have (a GPU, an old Python) is marked ``may_skip``.
    """
    report = yield
    allowed = item.get_closest_marker("may_skip") is not None
    strict = os.environ.get("HARNESS_TESTS_NO_SKIPS") == "1" and not allowed
    if strict and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI must not skip this test: {reason}"
    return report


def needs_level(level: str) -> None:
    """Skip the test where this level of isolation cannot be had."""
    from harness.execute.isolate.choose import choose
    from harness.execute.isolate.level import Level

    try:
        choose(Level(level))
    except IsolationError as error:
        pytest.skip(f"needs the level {level}: {error}")


BASE_IMAGE = "bioimage-harness-base:python3.11"


def needs_base_image() -> str:
    """The name of an image with Python 3.11, from which a test can build; skip the test without one."""
    from harness.environments.docker import engine

    try:
        there = engine.image(BASE_IMAGE)
    except engine.EngineError as error:
        pytest.skip(f"needs Docker: {error}")
    if there is None:
        pytest.skip(f"needs the image {BASE_IMAGE}, which .ci/base-image makes")
    return BASE_IMAGE


@pytest.fixture(scope="session")
def collection() -> Path:
    """The project's own models."""
    return ROOT / "collection"


@pytest.fixture(scope="session")
def real_models() -> Path:
    """Two real models of the zoo, kept beside the checkout."""
    folder = SHARED / "models"
    if not folder.is_dir():
        pytest.skip("needs ../shared/models, which is not here")
    return folder
