"""What the runner of GitHub Actions takes for a command in what is printed."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.github.message import Annotation, AnnotationLevel
from harness.github.workflow_commands import annotate, command, stop_commands
from tests.github.rendered import HOSTILE
from tests.github.runner import Command, commands_in

ACTIONS = {"GITHUB_ACTIONS": "true"}
TEXT = st.lists(
    st.sampled_from(
        [*HOSTILE, "::error::x", "\n::set-output name=a::b", "%0A::error::", "##[error]", ",", ":", "\r"]
    )
    | st.text(max_size=4),
    max_size=5,
).map("".join)


def annotation(text: str = "text", *, path: str = "a/rdf.yaml", line: int = 3) -> Annotation:
    """A remark."""
    return Annotation(path=path, start_line=line, level=AnnotationLevel.FAILURE, title=text, message=text)


def test_the_line_of_a_remark() -> None:
    assert command(annotation("50%, really:\nyes")) == (
        "::error file=a/rdf.yaml,line=3,title=50%25%2C really%3A%0Ayes::50%25, really:%0Ayes"
    )


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (AnnotationLevel.NOTICE, "notice"),
        (AnnotationLevel.WARNING, "warning"),
        (AnnotationLevel.FAILURE, "error"),
    ],
)
def test_the_levels(level: AnnotationLevel, name: str) -> None:
    made = Annotation(path="a", start_line=1, level=level, title="t", message="m")
    assert command(made) == f"::{name} file=a,line=1,title=t::m"


@given(TEXT, TEXT)
def test_a_remark_is_one_command_with_the_texts_in_it(text: str, path: str) -> None:
    (found,) = commands_in(command(annotation(text, path=f"a{path}")))
    assert found == Command(
        "error",
        {"file": f"a{path}", "line": "3"} | ({"title": text} if text else {}),
        text,
    )


def test_what_is_printed_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    annotate([annotation("before")])
    stop_commands(ACTIONS)
    sys.stderr.write("   ::error::from a model\n")
    sys.stderr.write("a name ##[error]from a model\n")
    sys.stderr.write("::stop-commands::mine\n::mine::\n::error::from a model\n")
    out, err = capsys.readouterr()
    assert out == ""  # which another program may read
    assert [found.message for found in commands_in(err)] == ["before"]


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_nothing_is_said(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    stop_commands(environ)
    assert capsys.readouterr() == ("", "")


def test_the_word_that_ends_it_cannot_be_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(10):
        stop_commands(ACTIONS)
    lines = capsys.readouterr().err.splitlines()
    assert len(set(lines)) == 10
    assert min(map(len, lines)) >= 64
