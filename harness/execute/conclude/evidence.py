"""What is known of an attempt before anything is concluded from it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from harness.proc import Finished

_MOST_BYTES = 8 * 1024**2
_MOST_EVENTS = 10_000
# The model's code can write a reply, too: no more than a record can hold.
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e7)]
Bytes = Annotated[int, msgspec.Meta(ge=0, lt=2**60)]


class StageEvent(msgspec.Struct, frozen=True, tag_field="event", tag="stage"):
    """The worker began a stage."""

    stage: Literal["import", "load"]
    seconds: Seconds


class NeedsEvent(msgspec.Struct, frozen=True, tag_field="event", tag="needs"):
    """The weights import what is no part of weights."""

    names: tuple[str, ...]


class LoadedEvent(msgspec.Struct, frozen=True, tag_field="event", tag="loaded"):
    """The weights were loaded, in so many seconds."""

    seconds: Seconds


class BeginEvent(msgspec.Struct, frozen=True, tag_field="event", tag="begin"):
    """The worker began a task."""

    task: str


class ProducedOutput(msgspec.Struct, frozen=True):
    """An array that the worker wrote.

    Attributes:
        file: its name in the folder of its task's outputs.
        expected: the attachment that it is compared with, as the description names it; empty for the
            described outputs, in their order.
        labels: whether both number objects, so that any renumbering is the same answer; only with a file.
    """

    name: str
    file: str
    expected: str = ""
    labels: bool = False


class ResultEvent(msgspec.Struct, frozen=True, tag_field="event", tag="result"):
    """A task produced arrays."""

    task: str
    seconds: Seconds
    outputs: tuple[ProducedOutput, ...]
    peak_memory_bytes: Bytes


class ErrorEvent(msgspec.Struct, frozen=True, tag_field="event", tag="error"):
    """An exception, in a stage or in a task."""

    stage: Literal["import", "load", "run", "io"]
    task: str | None
    type: str
    message: str
    missing_module: str | None
    causes: tuple[str, ...]
    traceback: str
    where: str
    in_worker: bool
    tool: bool = False


class EndEvent(msgspec.Struct, frozen=True, tag_field="event", tag="end"):
    """The reply is complete."""


Event = StageEvent | NeedsEvent | LoadedEvent | BeginEvent | ResultEvent | ErrorEvent | EndEvent


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: how the process ended, what it replied, and the end of its log.

    ``malformed`` says what is wrong with a reply that does not follow the protocol; None if nothing is.
    """

    finished: Finished
    events: tuple[Event, ...]
    malformed: str | None
    log_tail: str

    def result(self, task: str) -> ResultEvent | None:
        """What a task produced, None if it did not."""
        return next((e for e in self.events if isinstance(e, ResultEvent) and e.task == task), None)

    def error(self, task: str | None = None) -> ErrorEvent | None:
        """The error of a task; of importing or loading for None."""
        return next((e for e in self.events if isinstance(e, ErrorEvent) and e.task == task), None)

    def began(self, task: str) -> bool:
        """Whether the worker came as far as this task."""
        return any(isinstance(event, BeginEvent) and event.task == task for event in self.events)

    @property
    def needs(self) -> tuple[str, ...]:
        """What the weights import that is no part of weights, as the framework itself tells."""
        return next((event.names for event in self.events if isinstance(event, NeedsEvent)), ())

    @property
    def tracebacks(self) -> str:
        """Every traceback that the worker told, one after the other."""
        return "\n".join(event.traceback for event in self.events if isinstance(event, ErrorEvent))

    @property
    def load_seconds(self) -> float | None:
        """Time to load the weights, None if they were not loaded."""
        return next((event.seconds for event in self.events if isinstance(event, LoadedEvent)), None)

    @property
    def stage(self) -> str:
        """The last stage that was entered: "start", "import", "load" or "run"."""
        stage = "start"
        for event in self.events:
            if isinstance(event, StageEvent):
                stage = event.stage
            elif isinstance(event, BeginEvent):
                stage = "run"
        return stage


def read_reply(path: Path) -> tuple[tuple[Event, ...], str | None]:
    """The events of a reply and what is malformed in it. A last line that was cut short is no fault.

    The model's code can reach the file: it may be a pipe that never ends by now, or gigabytes.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return (), None
    if not stat.S_ISREG(found.st_mode):
        return (), "the reply is no regular file"
    if found.st_size > _MOST_BYTES:
        return (), f"the reply is {found.st_size:,} bytes; at most {_MOST_BYTES:,} are read"
    events: list[Event] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number > _MOST_EVENTS:
                return tuple(events), f"the reply has more than {_MOST_EVENTS:,} lines"
            if not line.endswith(b"\n"):
                break
            try:
                events.append(msgspec.json.decode(line, type=Event))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                return tuple(events), f"line {number} of the reply: {error}"
    return tuple(events), None
