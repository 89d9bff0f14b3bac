"""Every model of the zoo."""

from __future__ import annotations

from pathlib import Path

from tests.zoo import cases_compare, cases_load, cases_read, cases_real, cases_run, cases_scan
from tests.zoo.case import Case

# Real networks are not in a checkout; their tests skip where they are not beside it.
REAL: tuple[Case, ...] = cases_real.CASES
OURS: tuple[Case, ...] = (
    *cases_read.CASES,
    *cases_scan.CASES,
    *cases_load.CASES,
    *cases_run.CASES,
    *cases_compare.CASES,
)
CASES: tuple[Case, ...] = OURS + REAL


def _first_of_each_stage(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    return tuple({case.reason and case.reason.stage: case for case in reversed(cases)}.values())


# What could depend on how a worker is started and confined: everything that does harm while it runs, and one
# case of each stage in which others fail. What is settled without a worker has the same code in every mode.
OF_WORKERS: tuple[Case, ...] = (
    *cases_run.CASES,
    *_first_of_each_stage(cases_load.CASES),
    *_first_of_each_stage(cases_compare.CASES),
)


def build_all(cases: tuple[Case, ...], folder: Path) -> None:
    """Make the models of the cases below ``folder``, the real ones if they are on this machine."""
    chosen = [case for case in cases if case not in REAL or cases_real.ORIGINALS.is_dir()]
    for name, build in {case.name: case.build for case in chosen}.items():
        build(folder / name)
