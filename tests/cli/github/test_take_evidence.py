"""The files that records of a shard name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.ledger.record import Artifact
from tests.cli.github.shards import append, hand_over, keep, naming
from tests.cli.github.taking import BETTER, GOOD, RED, files, refused, take, taken


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
