"""The log of a job of GitHub Actions: what is printed is text, and long parts of it are folded."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

from harness.github.workflow_commands import in_actions


@contextmanager
def one_stream() -> Iterator[None]:
    """In GitHub Actions, print all to standard error: of two streams its runner may read one late."""
    if not in_actions(os.environ):
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def plain_text() -> Iterator[Folds]:
    """Let GitHub Actions take nothing that is printed for a command: models choose their names and words.

    Yields what folds parts of the log. Elsewhere than in Actions, nothing is written.
    """
    folds = Folds(shown=in_actions(os.environ))
    folds.begin()
    try:
        yield folds
    except BaseException:
        folds.enter("")  # what is printed next says what was wrong, in words that a model may have chosen
        raise
    folds.end()


class Folds:
    """Parts of standard error that are shown closed. Between its own lines no commands are read.

    Args:
        shown: whether anything is written.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._title = ""
        self._resume = ""

    def begin(self) -> None:
        """Stop commands. Both streams are read side by side: whichever is first says so."""
        self._resume = _word()
        for stream in (sys.stderr, sys.stdout):
            self._write(stream, f"::stop-commands::{self._resume}")

    def enter(self, title: str) -> None:
        """Begin a part, unless it is open already, and end the one before. Without a title, only end it."""
        if title == self._title:
            return
        before, self._resume = self._resume, _word()
        commands = ["::endgroup::"] * bool(self._title) + [f"::group::{title}"] * bool(title)
        self._write(sys.stderr, f"::{before}::", *commands, f"::stop-commands::{self._resume}")
        self._title = title

    def end(self) -> None:
        """End the part that is open, and let commands be read again, after all that was printed."""
        self.enter("")
        self._write(sys.stdout, f"::{self._resume}::")

    def _write(self, stream: TextIO, *lines: str) -> None:
        if self._shown:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()


def _word() -> str:
    """What nobody can guess who wants commands to be read."""
    return secrets.token_hex(16)
