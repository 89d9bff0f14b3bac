"""What holds for every cell of a run."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path

import msgspec

from harness.execute.clock import Clock
from harness.limits import Limits
from harness.policy import DEFAULT, Policy


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every cell of a run.

    Attributes:
        run: the run's id.
        collection: as records call it.
        artifacts: folder for what records point to.
        threads: for every cell; part of the key, since results depend on it.
        clock: the time that records bear.
        limits: what the command line asks for.
        policy: its bounds of tolerance and its required checks are part of the key.
        keys: of the cells of the plan whose outputs others may be held against.
        described_in: for the keys of cells that also run as their authors describe: that environment's name.
        repeat: how often the declared inputs are run; part of the key.
    """

    run: str
    collection: str
    artifacts: Path
    threads: int
    clock: Clock
    limits: Limits = Limits()
    policy: Policy = DEFAULT
    keys: Set[str] = frozenset()
    described_in: Mapping[str, str] = {}
    repeat: int = 1
