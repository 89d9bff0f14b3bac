"""Outputs, read back as the runner of GitHub Actions reads the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import OutputError
from harness.github.outputs import write_outputs


def read_back(text: str) -> dict[str, str]:
    """NAME<<DELIMITER, lines, DELIMITER; or NAME=VALUE, whichever sign comes first."""
    outputs: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, _, delimiter = line.partition("<<")
            outputs[name] = "\n".join(iter(lambda: next(lines), delimiter))
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_any_value_is_one_output(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    path = tmp_path_factory.mktemp("outputs") / "output"
    write_outputs(path, {"shards": value, "relevant": "true"})
    assert read_back(path.read_text("utf-8")) == {"shards": value, "relevant": "true"}


def test_a_value_cannot_bring_another_output(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("earlier=1\n")
    write_outputs(path, {"name": "x\nrelevant=false\ndigest<<EOF\n0\nEOF"})
    assert set(read_back(path.read_text())) == {"earlier", "name"}


def test_every_delimiter_is_another(tmp_path: Path) -> None:
    path = tmp_path / "output"
    write_outputs(path, {"a": "", "b": ""})
    delimiters = [line.partition("<<")[2] for line in path.read_text().splitlines() if "<<" in line]
    assert len(set(delimiters)) == 2
    assert all(len(delimiter) >= 32 for delimiter in delimiters)


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name of an output"):
        write_outputs(tmp_path / "output", {"a=b\n": "x"})


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"GITHUB_OUTPUT: .*cannot be written"):
        write_outputs(tmp_path / "none" / "output", {"a": "x"})
