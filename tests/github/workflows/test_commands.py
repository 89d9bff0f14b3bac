"""Every call of the harness in a workflow is one that its command line takes."""

from __future__ import annotations

import re
import shlex

import pytest

from harness.cli import COMMANDS, parser_for
from tests.github.workflows.sources import all_sources

CALLS = [
    pytest.param(step["run"], id=f"{source.name}: {where}")
    for source in all_sources()
    for where, step in source.steps
    if step.get("run", "").startswith("harness ")
]
_VALUES = {"SHARD": "2/3", "COUNT": "3", "DIGEST": "d" * 64, "TARGET_MINUTES": "15"}


def arguments(command: str) -> list[str]:
    """The words after ``harness``, as bash would make them, with a value for each variable."""
    chosen = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", command)
    filled = re.sub(r"\$(\w+)", lambda found: _VALUES.get(found[1], "value"), chosen)
    return shlex.split(filled)[1:]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_understood(call: str) -> None:
    words = arguments(call)
    assert parser_for(words).parse_args(words).command in COMMANDS


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_told_which_folder_has_the_models(call: str) -> None:
    """Repositories that call the workflows choose it; another one has another policy."""
    words = arguments(call)
    assert getattr(parser_for(words).parse_args(words), "collection", None) in (None, "value")


def test_another_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    words = arguments('harness github matrix "$COLLECTION" --outputs plan')
    with pytest.raises(SystemExit):
        parser_for(words).parse_args(words)
    assert "unrecognized arguments: --outputs" in capsys.readouterr().err
