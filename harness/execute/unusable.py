"""Tools that cannot be used: found out once for each environment, not once for each model."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TypeAlias

import msgspec

from harness.cell import Cell, ConsumerRef, EnvironmentRef
from harness.consumers import CONSUMERS
from harness.verdict import Reason, Verdict

_MODELS = 2  # the code of a single model could say anything of the tool
_AGAIN = 8  # of those that are passed over, each so many-th is tried all the same

_Place: TypeAlias = tuple[ConsumerRef, "EnvironmentRef | None"]


class UnusableTools:
    """What the cells of a run said of their tools. For several threads."""

    def __init__(self) -> None:
        self._said: defaultdict[_Place, dict[str, str]] = defaultdict(dict)
        self._passed_over: Counter[_Place] = Counter()
        self._usable: set[_Place] = set()
        self._lock = threading.Lock()

    def hear(self, cell: Cell, message: str) -> None:
        """A cell got no verdict, since its tool cannot be used."""
        with self._lock:
            self._said[cell.consumer, cell.environment][cell.model.sha256] = message

    def works(self, cell: Cell) -> None:
        """The tool ran a model: whatever others said or will say, it can be used."""
        with self._lock:
            self._usable.add((cell.consumer, cell.environment))

    def verdict(self, cell: Cell) -> Verdict | None:
        """The verdict of a cell that need not be tried, since the tool failed with two other models.

        Now and then one is tried: two models may have said so on purpose.
        """
        place = cell.consumer, cell.environment
        with self._lock:
            said = self._said.get(place, {})
            if len(said) < _MODELS or place in self._usable:
                return None
            self._passed_over[place] += 1
            if self._passed_over[place] % _AGAIN == 0:
                return None
            return Verdict.because(Reason.TOOL_UNUSABLE, next(iter(said.values())))


def with_owner(verdict: Verdict, consumer: str) -> Verdict:
    """The verdict of a tool that cannot be used, with whom to ask; any other as it is."""
    if verdict.reason is not Reason.TOOL_UNUSABLE:
        return verdict
    tool = CONSUMERS[consumer]
    whom = f"{tool.TITLE} and its adapter are looked after by {tool.OWNER} ({tool.HOME})"
    return msgspec.structs.replace(verdict, message=f"{verdict.message}\n{whom}")
