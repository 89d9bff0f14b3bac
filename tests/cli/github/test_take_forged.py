"""Ledgers of dishonest jobs: records, lines and files that no harness writes."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import jsonio
from harness.cell import Backend, ConsumerRef, EnvironmentRef, ModelRef, WeightsFormat
from harness.errors import ExitCode
from harness.ledger.record import Artifact, CheckResult, Record
from harness.verdict import Check, CheckStatus, Reason
from tests.cli.github.shards import append, hand_over, naming, write_plan
from tests.cli.github.taking import ALL, GOOD, RED, gate, refused, take, taken
from tests.cli.planned import planned

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
