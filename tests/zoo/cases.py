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


def build_all(folder: Path) -> None:
    """Make the models of all cases below ``folder``, the real ones if they are on this machine."""
    chosen = CASES if cases_real.ORIGINALS.is_dir() else OURS
    for name, build in {case.name: case.build for case in chosen}.items():
        build(folder / name)
