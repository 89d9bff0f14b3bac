"""What is made of the command's end, report and log."""

from __future__ import annotations

import msgspec
import pytest

from harness.limits import Limits
from harness.proc import Finished
from tests.zoo.differential.reference import (
    Detail,
    Error,
    Report,
    first_error,
    how_it_ended,
    in_few_words,
    raised_first,
)

EXITED = Finished(
    exit_code=1,
    signal=None,
    limit=None,
    seconds=1.0,
    cpu_seconds=1.0,
    peak_memory_bytes=1,
    supervised=True,
)
LIMITS = Limits(seconds=15, processes=400, memory_bytes=1)
CHAIN = """
Traceback (most recent call last):
  File "/a/b.py", line 1, in open
httpx.ReadError: gone

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
ValueError: Failed to open https://127.0.0.1:4321/model/rdf.yaml
"""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "exit 1"),
        ({"exit_code": None, "signal": "SIGSEGV"}, "SIGSEGV"),
        ({"exit_code": None, "signal": "SIGTERM", "limit": "seconds"}, "stopped after 15 s"),
        ({"exit_code": None, "signal": "SIGKILL", "limit": "processes"}, "stopped with 400 processes"),
        ({"exit_code": None, "signal": "SIGKILL", "limit": "memory_bytes"}, "stopped for memory_bytes"),
        ({"exit_code": None, "supervised": False}, "killed its parent"),
    ],
)
def test_how_it_ended(changes: dict[str, object], words: str) -> None:
    assert how_it_ended(msgspec.structs.replace(EXITED, **changes), LIMITS) == words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", ""),
        ("no mitochondria here", "no mitochondria here"),
        (
            "Value error, SHA256 mismatch for /tmp/x1/a/weights.onnx. Expected 0d9",
            "SHA256 mismatch for weights.onnx",
        ),
        (
            "Client error for url 'http://127.0.0.1:4321/a/moved.zip'\nFor more",
            "Client error for url 'moved.zip'",
        ),
        (
            "Output 'a': 22805 of 32768 elements disagree (69.6%). \nMax",
            "Output 'a': elements (of 32768) disagree",
        ),
        ("No rdf.yaml found in ['README.md', 'a.png']", "No rdf.yaml found"),
        ("Error(s) in loading UNet2d:\n\tMissing", "Error(s) in loading UNet2d"),
        ("word " * 30, "word " * 17 + "word…"),
    ],
)
def test_in_few_words(message: str, words: str) -> None:
    assert in_few_words(message) == words


def test_the_first_error_of_a_report_and_of_a_log() -> None:
    nothing = Detail(errors=[])
    report = Report(status="failed", details=[nothing, Detail(errors=[Error("first"), Error("second")])])
    assert first_error(report) == "first"
    assert first_error(Report(status="passed", details=[nothing])) == ""
    assert raised_first(CHAIN) == "httpx.ReadError: gone"
    assert raised_first("all went well") == ""
