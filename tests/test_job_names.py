"""What the names of jobs and of what they hand over tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RefusedError
from harness.job_names import MAX_SHARDS, ShardName, plan_of, shard_of

DIGEST = "d" * 64


@given(st.integers(1, MAX_SHARDS), st.integers(1, MAX_SHARDS))
def test_every_shard_is_known_by_its_name(one: int, other: int) -> None:
    name = ShardName(min(one, other), max(one, other))
    assert shard_of(str(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *("shard-0-of-2", "shard-3-of-2", "shard-1-of-257", "shard-1-of-1000", "shard-01-of-2"),
        *("shard-1-of-2\n", "shard-\u0661-of-2", "a/shard-1-of-2", "shard-1-of-x-of-2", ""),
    ],
)
def test_what_is_called_otherwise_is_no_shard(name: str) -> None:
    assert shard_of(name) is None


def test_the_digest_is_the_end_of_a_name() -> None:
    others = ["plan", f"run 1/9, plan {DIGEST}, and more", "run 1/9, plan 12ab", f"plan {DIGEST}"]
    assert plan_of([f"collection / run 2/3, plan {DIGEST}", *others]) == (DIGEST, 3)
    assert plan_of([*others, f"rerun 1/2, plan {DIGEST}", f"run 1/2, plan {DIGEST}0"]) == ("", 0)


def test_jobs_by_different_plans() -> None:
    with pytest.raises(RefusedError, match="the jobs ran by different plans"):
        plan_of([f"run 1/2, plan {DIGEST}", f"run 2/2, plan {'e' * 64}"])
    with pytest.raises(RefusedError, match="the jobs ran by different plans"):
        plan_of([f"run 1/2, plan {DIGEST}", f"run 1/3, plan {DIGEST}"])


def test_more_jobs_than_one_matrix_has() -> None:
    assert plan_of([f"run 1/257, plan {DIGEST}", f"run 257/256, plan {DIGEST}"]) == ("", 0)
