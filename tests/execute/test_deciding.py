"""The key of a cell covers all the code that can change its verdict."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

import harness
from harness.execute.deciding import deciding_files

PACKAGE = Path(harness.__file__).parent

# What a verdict passes through and cannot be changed by, or what the key covers in another way.
SAID_OTHERWISE = (
    "harness.cell",  # the key itself
    "harness.collection",  # the digest of every named file; what reads their meaning is in the list
    "harness.consumers",  # the consumer's version
    "harness.environments",  # the environment's digest
    "harness.errors",
    "harness.execute.clock",
    "harness.execute.kept",  # the outputs of other formats, whose agreement is a finding
    "harness.execute.settings",
    "harness.isolation",  # words
    "harness.jsonio",
    "harness.labels",  # words
    "harness.ledger.moment",
    "harness.ledger.record",
    "harness.limits",  # a cell that hit a limit runs again when it may use more
    "harness.network",  # files are known by their sha256, wherever they came from
    "harness.paths",
    "harness.plan.plan",
    "harness.policy",  # its settings
    "harness.proc",  # reports what happened; judged by the list
)

PACKAGES = {f"harness.{name}" for name in ("worker", "execute.conclude", "execute.isolate", "execute.warm")}


def name_of(path: Path) -> str:
    parts = ("harness", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def test_all_that_concludes_is_covered() -> None:
    graph = grimp.build_graph("harness")
    starts = (
        "harness.execute.attempt",
        "harness.execute.conclude.believe",
        "harness.execute.conclude.answers",
    )
    reached = {*starts}.union(*(graph.find_upstream_modules(start) for start in starts))
    covered = {name_of(path) for path in deciding_files()}
    excused = {
        module for module in reached if any(f"{module}.".startswith(f"{name}.") for name in SAID_OTHERWISE)
    }
    assert reached - covered - excused - PACKAGES == set()


@pytest.mark.parametrize(
    "name",
    [
        "verdict.py",
        "execute/judge/partition.py",
        "execute/conclude/classify.py",
        "collection/scan/pickles.py",
    ],
)
def test_what_decides_is_there(name: str) -> None:
    assert PACKAGE / name in deciding_files()
    assert PACKAGE / "labels.py" not in deciding_files()
