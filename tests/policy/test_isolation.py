from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.isolation import Level
from harness.policy.isolation import Containers, Isolation


@pytest.mark.parametrize(
    ("policy", "asked", "chosen"),
    [
        (None, "auto", "auto"),
        (None, "process", Level.PROCESS),
        (Level.PROCESS, "auto", Level.PROCESS),
        (Level.PROCESS, "sandbox", Level.SANDBOX),
        (Level.SANDBOX, "auto", Level.SANDBOX),
        (Level.SANDBOX, "sandbox", Level.SANDBOX),
        (Level.SANDBOX, "container", Level.CONTAINER),
        (Level.CONTAINER, "auto", Level.CONTAINER),
        (Level.CONTAINER, "sandbox", Level.SANDBOX),
    ],
)
def test_the_level_of_a_run(policy: Level | None, asked: str, chosen: Level | str) -> None:
    assert Isolation(level=policy).chosen(asked) == chosen


@pytest.mark.parametrize("policy", [Level.SANDBOX, Level.CONTAINER])
def test_a_weaker_level_is_refused_in_one_sentence(policy: Level) -> None:
    with pytest.raises(UsageError) as refused:
        Isolation(level=policy).chosen("process")
    assert str(refused.value) == (
        f"--isolation process: is weaker than {policy.value}, the policy's level; "
        "leave it out, or change level in the policy's [isolation]"
    )


def test_cells_share_containers_unless_the_policy_says_otherwise() -> None:
    assert not Isolation().one_container_per_cell
    assert Isolation(container=Containers.EACH).one_container_per_cell
