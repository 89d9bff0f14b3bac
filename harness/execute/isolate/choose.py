"""Choose a level of isolation, and prove that it holds before anything relies on it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from harness.errors import IsolationError
from harness.execute.isolate import requirements
from harness.execute.isolate.container import container
from harness.execute.isolate.level import Confinement, Level
from harness.execute.isolate.probe import Attempt, escapes, probe
from harness.execute.isolate.process import Process

# How each level is had; what is not here cannot be chosen.
FOUND_BY: dict[Level, Callable[[], Confinement]] = {
    Level.PROCESS: Process,
    Level.SANDBOX: requirements.sandbox,
    Level.CONTAINER: container,
}


def choose(asked: Level | Literal["auto"]) -> Confinement:
    """The confinement of a run, probed with the harness's own interpreter; once in the life of this process.

    Args:
        asked: a level, which is kept or refused; or "auto": the sandbox, or else a process of its own, whose
            description then says why. A container is asked for by name: it needs a service that runs as root,
            and an image.

    Raises:
        IsolationError: the level that was asked for does not hold here; says what to do.
    """
    return _fitting(asked, _holding)


def find(asked: Level | Literal["auto"]) -> Confinement:
    """What :func:`choose` will come to unless the level does not hold: nothing unknown may run in it yet.

    Raises:
        IsolationError: the level that was asked for cannot be had.
    """
    return _fitting(asked, _found)


def _fitting(asked: Level | Literal["auto"], had: Callable[[Level], Confinement]) -> Confinement:
    if asked != "auto":
        return had(asked)
    try:
        return had(Level.SANDBOX)
    except IsolationError as error:
        return Process(because=str(error))


def tried(level: Level) -> tuple[Confinement, tuple[Attempt, ...]]:
    """The level as it can be had here, and what came of every attempt to get out of it.

    Raises:
        IsolationError: it cannot be had.
    """
    found = _find(level)
    return found, probe(found, Path(sys.executable))


def forget() -> None:
    """Let the next choice probe again."""
    _holding.cache_clear()
    _found.cache_clear()


@functools.cache
def _found(level: Level) -> Confinement:
    return _find(level)


def _find(level: Level) -> Confinement:
    if level not in FOUND_BY:
        raise IsolationError(f"the level {level.value} cannot be had in this version")
    return FOUND_BY[level]()


@functools.cache
def _holding(level: Level) -> Confinement:
    found = _found(level)
    attempts = probe(found, Path(sys.executable))
    if got_out := escapes(attempts, level):
        how = "; ".join(f"{attempt.name}: {attempt.detail}" for attempt in got_out)
        raise IsolationError(f"{level.value} does not hold on this machine ({how}); see `harness doctor`")
    return found
