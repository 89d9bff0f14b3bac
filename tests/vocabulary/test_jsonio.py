"""Versioned, sorted, atomic JSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from harness import jsonio
from harness.errors import ConfigurationError, OutputError


def test_json_is_sorted_and_has_no_nan(tmp_path: Path) -> None:
    assert jsonio.dumps({"b": 1, "a": [None]}) == b'{"a":[null],"b":1}'
    jsonio.write(tmp_path / "new" / "a.json", {"b": 1, "a": None})
    assert (tmp_path / "new" / "a.json").read_text() == '{\n  "a": null,\n  "b": 1\n}\n'
    assert jsonio.read(tmp_path / "new" / "a.json", dict[str, Any]) == {"a": None, "b": 1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="JSON has no"):
            jsonio.digest({"a": [{"b": number}]})


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
