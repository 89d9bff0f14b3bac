"""Which folders are shards of which plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from harness import jsonio
from harness.errors import ExitCode
from harness.github.fetch import Fetched
from harness.plan import shard as plan_shard
from harness.plan.plan import PlannedCell
from harness.plan.shard import Part, split
from tests.cli.github.shards import hand_over, write_plan
from tests.cli.github.taking import ALL, GOOD, gate, refused, take, taken


def test_the_plan_is_the_one_that_the_run_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = write_plan(place / "plan", *ALL)
    folders = hand_over(place, 1, *ALL)
    assert take(*folders, options=("--plan-digest", digest)) == 0
    Path("out").rename("before")
    write_plan(place / "plan", GOOD)
    assert take(*folders, options=("--plan-digest", digest)) == ExitCode.NO_VERDICT
    assert not Path("out").exists()
    assert "is not the plan of this run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "code", "what"),
    [
        (
            ["all/shard-1-of-x-of-2"],
            ExitCode.USAGE,
            "is neither a shard's folder",
        ),
        (["shard-1-of-2", "shard-2-of-3"], ExitCode.NO_VERDICT, "is no shard of this plan, which has 2"),
        (["shard-3-of-2"], ExitCode.USAGE, "is neither a shard's folder"),
        (["shard-1-of-257"], ExitCode.USAGE, "is neither a shard's folder"),
        (["all/shard-1-of-257"], ExitCode.USAGE, "is neither a shard's folder"),
        (["a/shard-1-of-2", "b/shard-1-of-2"], ExitCode.NO_VERDICT, "is no shard of this plan"),
        (["shard-0-of-2"], ExitCode.USAGE, "is neither a shard's folder"),
    ],
)
def test_shards_fit_together(
    names: list[str], code: int, what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in names:
        (place / name).mkdir(parents=True)
    assert take(*(place / name for name in names)) == code
    assert what in capsys.readouterr().err
    assert not Path("out").exists()


def test_the_folder_of_all_shards(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in hand_over(place, 2, *ALL):
        (place / "shards").mkdir(exist_ok=True)
        folder.rename(place / "shards" / folder.name)
    assert take(place / "shards") == 0
    assert taken().keys() == {entry.key for entry in ALL}
    (place / "shards" / "shard-1-of-x-of-2").mkdir()
    Path("out").rename("before")
    assert take(place / "shards") == ExitCode.NO_VERDICT
    assert "is not named shard-K-of-N; nothing was taken" in capsys.readouterr().err


def test_shards_of_an_attempt_before_are_left_out_of_a_folder(place: Path) -> None:
    hand_over(place / "shards", 5, msgspec.structs.replace(GOOD, message="before"))
    hand_over(place / "shards", 2, *ALL)
    assert take(place / "shards", options=("--shards-planned", "2")) == 0
    assert taken()["good"].message == GOOD.message
    said = [f"shard-{number}-of-5: is of another attempt; the plan has 2 shards" for number in range(1, 6)]
    assert refused() == said


def test_what_was_not_fetched_is_said_too(place: Path) -> None:
    hand_over(place / "incoming", 2, *ALL)
    left_out = Fetched(run=1, head_sha="a" * 40, digest="", folders=(), refused=("shard-3: too\x1b large",))
    jsonio.write(place / "incoming" / "fetched.json", left_out)
    assert take(place / "incoming") == 0
    assert refused() == ["shard-3: too\\x1b large"]
    (place / "incoming" / "fetched.json").write_bytes(b"[]")
    assert take(place / "incoming") == ExitCode.USAGE


def test_a_plan_is_split_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(cells: Sequence[PlannedCell], count: int) -> list[Part]:
        calls.append(count)
        return split(cells, count)

    monkeypatch.setattr(plan_shard, "split", counted)
    folders = hand_over(place, 3, *ALL)
    calls.clear()
    assert take(*folders) == 0
    assert calls == [3]


def test_no_job_handed_anything_over(place: Path) -> None:
    write_plan(place / "plan", *ALL)
    assert take(place / "shards") == 0
    assert gate() == ExitCode.NO_VERDICT


def test_one_shard_cannot_claim_to_be_all(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = hand_over(place, 1, *ALL)
    assert take(*folders, options=("--shards-planned", "3")) == ExitCode.NO_VERDICT
    assert "which has 3" in capsys.readouterr().err


def test_no_shard_at_all(place: Path) -> None:
    assert take() == 0
    assert gate() == ExitCode.NO_VERDICT


def test_hostile_plan_and_change(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "plan" / "change.json").write_bytes(b'{"a": ' + b"[" * 100_000)
    assert take() == ExitCode.USAGE
    (place / "plan" / "change.json").unlink()
    (place / "plan" / "change.json").symlink_to(place / "plan" / "plan.json")
    assert take() == ExitCode.NO_VERDICT
    assert "change.json: is no plain file; nothing was taken" in capsys.readouterr().err
    assert not Path("out").exists()
