"""Descriptions are read and staged as the YAML 1.2 that the format means."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.collection.description_yaml import Dumper, parse, read_description
from tests.collection.values import VALUES
from tests.conftest import SHARED

ROOT = Path(__file__).parents[2]
REAL = sorted([*ROOT.glob("collection/*/rdf.yaml"), *SHARED.glob("models/*/rdf.yaml")])
PLAIN = [
    "1e-5",
    "no",
    "on",
    "1:30",
    "190:20:30",
    "010",
    "08",
    "0o17",
    "0x1F",
    "1_000",
    "1_0.5",
    "0b11",
    "+12",
]
PLAIN += ["-010", "2021-01-01", "~", "null", "Null", ".inf", "-.INF", "+.inf", ".nan", "+.5", "5.", "1e5"]
PLAIN += [
    "-1E+3",
    ".5e3",
    "y",
    "TRUE",
    "12345678901234567890",
    "1.2.3",
    "0.5.4",
    ".",
    "1e",
    "1__0",
    "_1",
    "0",
]


def _reference(data: bytes) -> Any:
    ruyaml = pytest.importorskip("ruyaml", reason="needs ruyaml, which bioimageio.spec reads with")
    return ruyaml.YAML(typ="safe").load(io.BytesIO(data))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.parent.name)
def test_real_descriptions_are_read_as_the_reference_reads_them(path: Path) -> None:
    assert read_description(path, shown="rdf.yaml") == _reference(path.read_bytes())


@pytest.mark.parametrize("text", PLAIN)
def test_plain_values_are_those_of_yaml_1_2(text: str) -> None:
    ours, theirs = parse(f"a: {text}".encode(), shown="x")["a"], _reference(f"a: {text}".encode())["a"]
    assert repr(ours) == repr(theirs)


def test_times_keep_their_zone() -> None:
    read = parse(b"a: 2021-01-01T10:00:00+02:00", shown="x")["a"]
    assert read == datetime.datetime(2021, 1, 1, 8, tzinfo=datetime.timezone.utc)


def test_characters_that_json_writes_as_two() -> None:
    assert parse(rb'{"a": "\ud83e\udd88", "b": 1}', shown="x") == {"a": "\N{SHARK}", "b": 1}


@settings(deadline=None)
@given(VALUES | st.sampled_from([*PLAIN, "\x85", "a\u2028b", "\ufeff", "a\n b", " a"]))
def test_what_is_staged_is_read_back(value: Any) -> None:
    data = yaml.dump({"a": value}, Dumper=Dumper, allow_unicode=True, sort_keys=False).encode()
    assert parse(data, shown="x") == {"a": value}


@pytest.mark.parametrize("text", PLAIN)
def test_staged_text_stays_text_for_the_reference(text: str) -> None:
    data = yaml.dump({"a": text}, Dumper=Dumper).encode()
    assert _reference(data) == {"a": text}
