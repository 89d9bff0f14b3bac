"""The reply of a worker, and what is known of an attempt from it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.conclude import evidence as evidence_module
from harness.execute.conclude.evidence import (
    BeginEvent,
    DeviceEvent,
    EndEvent,
    ErrorEvent,
    Event,
    LoadedEvent,
    StageEvent,
    read_reply,
)
from tests.execute.conclude.replies import LOADED, Setting, error, evidence, result, setting, worked


@pytest.fixture
def asked(tmp_path: Path) -> Setting:
    return setting(tmp_path)


def reply(events: tuple[Event, ...]) -> bytes:
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def test_what_the_events_tell(asked: Setting) -> None:
    first, *_ = asked.tasks
    told = evidence(*worked(asked.tasks, reproduces=error(first)))
    assert told.load_seconds == 0.5
    assert told.began("reproduces")
    assert not told.began("no such task")
    assert told.result("reproduces") is None
    assert told.result("as-called") is not None
    assert told.error() is None
    assert told.error("reproduces") == error(first)
    assert told.tracebacks == "Traceback"
    assert evidence().load_seconds is None


@pytest.mark.parametrize(
    ("events", "stage"),
    [((), "start"), (LOADED[:1], "import"), (LOADED, "load"), ((*LOADED, BeginEvent(task="t")), "run")],
)
def test_the_last_stage_that_was_entered(events: tuple[Event, ...], stage: str) -> None:
    assert evidence(*events).stage == stage


def test_a_reply_is_read_back(asked: Setting, tmp_path: Path) -> None:
    events = worked(asked.tasks, as_called=error(asked.tasks[-1]))
    (tmp_path / "reply").write_bytes(reply(events))
    assert read_reply(tmp_path / "reply") == (events, None)
    assert read_reply(tmp_path / "nothing") == ((), None)


@given(st.integers(0, 200))
def test_a_reply_may_be_cut_at_any_byte(cut: int) -> None:
    events = (*LOADED, EndEvent())
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "reply"
        path.write_bytes(reply(events)[:cut])
        whole = path.read_bytes().count(b"\n")
        assert read_reply(path) == (events[:whole], None)


LINES = [
    b"",
    b"{}",
    b"[]",
    b'{"event": "bored"}',
    b'{"event": "loaded"}',
    b'{"event": "loaded", "seconds": "long"}',
    b'{"event": "loaded", "seconds": 1e999}',
    b'{"event": "loaded", "seconds": 1e308}',
    b'{"event": "loaded", "seconds": -1}',
    b'{"event": "result", "task": "t", "seconds": 1, "outputs": [], "peak_memory_bytes": 1'
    + b"0" * 40
    + b"}",
    b'{"event": "end", "x": ' + b"[" * 100_000,
    b'{"event": "stage", "stage": "run", "seconds": 1}',
    b'{"event": "begin", "task": "\\ud800"}',
    b'{"event": "begin", "task": null}',
    b"\xff",
    b'{"event": "begin", "task": "\xff"}',
]


@pytest.mark.parametrize("line", LINES)
def test_what_comes_after_a_malformed_line_is_not_believed(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(reply(LOADED) + line + b"\n" + reply((EndEvent(),)))
    events, malformed = read_reply(tmp_path / "reply")
    assert events == LOADED
    assert malformed is not None
    assert malformed.startswith("line 4 of the reply: ")


def test_what_is_no_reply_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for place in (tmp_path, tmp_path / "pipe", tmp_path / "link"):
        assert read_reply(place) == ((), "the reply is no regular file")
    monkeypatch.setattr(evidence_module, "_MOST_BYTES", 20)
    (tmp_path / "reply").write_bytes(reply(LOADED[:1]))
    events, malformed = read_reply(tmp_path / "reply")
    assert events == ()
    assert malformed is not None
    assert malformed.endswith("; at most 20 are read")


def test_a_reply_without_end(tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(b'{"event": "end"}\n' * 10_001)
    events, malformed = read_reply(tmp_path / "reply")
    assert (len(events), malformed) == (10_000, "the reply has more than 10,000 lines")


def test_unknown_fields_are_of_a_newer_worker(tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(b'{"event": "loaded", "seconds": 1, "memory": 2}\n')
    assert read_reply(tmp_path / "reply") == ((LoadedEvent(seconds=1.0),), None)


def test_what_is_told_of_a_gpu(asked: Setting) -> None:
    on_cpu = result(asked.tasks[0])
    told = evidence(on_cpu, DeviceEvent(computes=("torch",)))
    assert (evidence(on_cpu).computed, told.computed) == (False, True)
    assert told.peak_device_memory_bytes == 0
    on_gpu = msgspec.structs.replace(on_cpu, peak_device_memory_bytes=5)
    assert evidence(on_cpu, on_gpu, on_cpu).peak_device_memory_bytes == 5
    assert evidence().peak_device_memory_bytes == 0


@pytest.mark.parametrize("stage", ["import", "refused"])
def test_no_code_of_a_model_can_say_that_it_never_ran(stage: str, tmp_path: Path) -> None:
    """The model's code reaches the reply, and such an error would not be held against it."""
    told = ErrorEvent(
        stage=stage,  # type: ignore[arg-type]
        task=None,
        type="RefusedError",
        message="not for me",
        missing_module=None,
        causes=(),
        traceback="",
        where="",
        in_worker=True,
    )
    before, after = StageEvent(stage="import", seconds=0.0), StageEvent(stage="load", seconds=0.1)
    reply = tmp_path / "reply"
    lines = [msgspec.json.encode(event) + b"\n" for event in (before, told, after, told)]
    reply.write_bytes(b"".join(lines[:2]))
    assert read_reply(reply) == ((before, told), None)
    reply.write_bytes(lines[0] + lines[2] + lines[3])
    assert read_reply(reply) == ((before, after), "line 3 of the reply: too late for this error")
