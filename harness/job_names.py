"""What the jobs of a plan are called, and what they hand over: the only thing that GitHub tells of both."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from harness.errors import RefusedError

MAX_SHARDS = 256  # jobs of one matrix of GitHub Actions
_NUMBER = "(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-6])"  # up to those
_SHARD = re.compile(f"shard-(?P<number>{_NUMBER})-of-(?P<all>{_NUMBER})")
_JOB = re.compile(rf"\brun {_NUMBER}/(?P<all>{_NUMBER}), plan (?P<digest>[0-9a-f]{{64}})$")


class ShardName(NamedTuple):
    """Part ``number`` (from 1) of so many ``shards``."""

    number: int
    shards: int

    def __str__(self) -> str:
        return f"shard-{self.number}-of-{self.shards}"


def shard_of(name: str) -> ShardName | None:
    """The part that an artifact or a folder of this name is; None if it is called otherwise."""
    match = _SHARD.fullmatch(name)
    found = ShardName(int(match["number"]), int(match["all"])) if match else None
    return found if found and found.number <= found.shards else None


def plan_of(jobs: Iterable[str]) -> tuple[str, int]:
    """The digest of the plan and the number of shards that the names of a run's jobs tell: "run 2/5, plan …".

    An empty digest and no shard if no name does: nothing had to run.

    Raises:
        RefusedError: they tell different ones.
    """
    told = sorted({(found["digest"], int(found["all"])) for name in jobs if (found := _JOB.search(name))})
    if len(told) > 1:
        plans = ", ".join(f"{digest} in {count}" for digest, count in told)
        raise RefusedError(f"the jobs ran by different plans: {plans}; run all jobs again")
    return told[0] if told else ("", 0)
