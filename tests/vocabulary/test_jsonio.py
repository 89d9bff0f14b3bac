"""Versioned, sorted, atomic JSON."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import jsonio
from harness.errors import ConfigurationError, OutputError


def _float_of(data: bytes) -> float:
    (number,) = struct.unpack(">d", data)
    return float(number)


def test_json_is_sorted_and_has_no_nan(tmp_path: Path) -> None:
    assert jsonio.dumps({"b": 1, "a": [None]}) == b'{"a":[null],"b":1}'
    jsonio.write(tmp_path / "new" / "a.json", {"b": 1, "a": None})
    assert (tmp_path / "new" / "a.json").read_text() == '{\n  "a": null,\n  "b": 1\n}\n'
    assert jsonio.read(tmp_path / "new" / "a.json", dict[str, Any]) == {"a": None, "b": 1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="JSON has no"):
            jsonio.digest({"a": [{"b": number}]})


@given(st.one_of(st.floats(), st.binary(min_size=8, max_size=8).map(_float_of)), st.booleans())
def test_every_number_that_json_has_no_word_for_is_refused(number: float, beside_null: bool) -> None:
    value = [number, None] if beside_null else [number]
    if math.isfinite(number):
        assert jsonio.loads(jsonio.dumps(value), list[float | None], origin="here") == value
    else:
        with pytest.raises(ValueError, match="JSON has no"):
            jsonio.dumps(value)


def test_text_that_looks_like_no_number_in_another_encoding_is_written() -> None:
    value = ["\u02ff\uffff", None, 0xCB7FF0, b"\xcb\x7f\xf0".decode("latin-1"), 2**70]
    assert jsonio.loads(jsonio.dumps(value), list[str | int | None], origin="here") == value


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[" * 100_000, b'"a"', b'{"a": "\xff"}'])
def test_json_that_is_none_names_its_origin(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"a\.json: "):
        jsonio.read(tmp_path / "a.json", dict[str, int])


def test_json_that_is_not_there_or_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a\.json: cannot be read \(No such file"):
        jsonio.read(tmp_path / "a.json", dict[str, int])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.json: cannot be written .* choose another --output"):
        jsonio.write(tmp_path / "file" / "a.json", {})
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError):
        jsonio.write(tmp_path / "a.json", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "file"]
