"""The log in GitHub Actions, read as its runner reads it."""

from __future__ import annotations

import sys

import pytest

from harness.cli.actions import plain_text


class Runner:
    """Follows the lines of a log: which commands are obeyed, and what is only shown."""

    def __init__(self) -> None:
        self.obeyed: list[str] = []
        self.shown: list[str] = []
        self._resume = ""

    def read(self, text: str) -> None:
        for line in text.splitlines():
            command = line.lstrip()
            if self._resume:
                if command == f"::{self._resume}::":
                    self._resume = ""
                else:
                    self.shown.append(line)
            elif command.startswith("::stop-commands::"):
                self._resume = command.removeprefix("::stop-commands::")
            elif command.startswith("::"):
                self.obeyed.append(command)
            else:
                self.shown.append(line)

    @property
    def listens(self) -> bool:
        return not self._resume


@pytest.fixture
def in_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


def _told(capsys: pytest.CaptureFixture[str]) -> Runner:
    runner = Runner()
    captured = capsys.readouterr()
    for text in (captured.err, captured.out):
        runner.read(text)
    return runner


def test_parts_are_folded_and_no_other_command_is_obeyed(
    in_actions: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with plain_text() as folds:
        folds.enter("environment onnx")
        sys.stderr.write("::error::from a model\n")
        folds.enter("environment onnx")
        folds.enter("cells")
        sys.stderr.write("  ::set-output name=relevant::false\n")
    runner = _told(capsys)
    assert runner.obeyed == ["::group::environment onnx", "::endgroup::", "::group::cells", "::endgroup::"]
    assert "::error::from a model" in runner.shown
    assert runner.listens


def test_after_a_failure_nothing_is_obeyed_any_more(
    in_actions: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        with plain_text() as folds:
            folds.enter("cells")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    runner = _told(capsys)
    assert runner.obeyed == ["::group::cells", "::endgroup::"]
    assert not runner.listens, "the error's own words come next"


def test_elsewhere_nothing_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    with plain_text() as folds:
        folds.enter("cells")
    assert capsys.readouterr() == ("", "")
