"""What all tests share: paths, and the rule that CI skips nothing."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from harness.environments.spec import load_versions
from harness.errors import IsolationError

# A busy machine is no failure; and what gates a merge draws the same examples every time.
settings.register_profile(
    "harness",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("HARNESS_TESTS_NO_SKIPS") == "1",
)
settings.load_profile("harness")

# What a command says does not hang on where its test runs; tests of what it says in Actions set these.
for _name in ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(_name, None)

ROOT = Path(__file__).parent.parent
REFERENCE = ("--consumer", "bioimageio.core", "--versions", "first")  # one cell for each environment
ONNX_ENVIRONMENT = load_versions(ROOT / "environments" / "onnx")[0].name  # the version that users get
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


# These take longest: begun last, they would leave the other workers with nothing to do.
FIRST = ("tests/zoo/", "tests/main_job/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several workers run the tests, each takes what it runs in this order."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out between workers (pytest-xdist) so that none makes what another has made."""
    from tests.scheduler import ByFixtures

    return ByFixtures(config, log)


def needs_level(level: str) -> None:
    """Skip the test where this level of isolation cannot be had."""
    from harness.execute.isolate.choose import choose
    from harness.execute.isolate.level import Level

    try:
        choose(Level(level))
    except IsolationError as error:
        pytest.skip(f"needs the level {level}: {error}")


def needs_gpu() -> None:
    """Skip the test without a GPU; mark it ``may_skip``, since the machines of CI have none."""
    from harness.gpu.detect import gpus

    if why := gpus().why_none:
        pytest.skip(f"needs an NVIDIA GPU: {why}")


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


@pytest.fixture(scope="session")
def zoo_descriptions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The real descriptions of the zoo's snapshot by id; a null in ``data_range`` stands for ±inf."""
    archive = SHARED / "zoo" / "zoo-snapshot.tar.xz"
    if not archive.is_file():
        pytest.skip("needs ../shared/zoo/zoo-snapshot.tar.xz")
    described = {}
    with tarfile.open(archive) as snapshot:
        for member in snapshot:
            if member.name.endswith("/summary.json") and (stream := snapshot.extractfile(member)):
                content = json.load(stream).get("rdf_content") or {}
                if content.get("type", "model") == "model":  # one was stored as {"error": ...}
                    described[member.name.split("/")[-3]] = _with_infinities(content)
    return described


def _with_infinities(content: dict[str, Any]) -> dict[str, Any]:
    for tensor in (*content.get("inputs", ()), *content.get("outputs", ())):
        if tensor.get("data_range"):
            low, high = tensor["data_range"]
            tensor["data_range"] = [
                float("-inf") if low is None else low,
                float("inf") if high is None else high,
            ]
    return content


def mounts(folder: Path) -> list[str]:
    """Those that have to do with a folder: other tests and containers mount what they need meanwhile."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
