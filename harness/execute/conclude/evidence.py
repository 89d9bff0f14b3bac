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


class DeviceEvent(msgspec.Struct, frozen=True, tag_field="event", tag="device"):
    """The device was tried, and these frameworks computed on it."""

    computes: tuple[str, ...]


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
    peak_device_memory_bytes: Bytes = 0


class ErrorEvent(msgspec.Struct, frozen=True, tag_field="event", tag="error"):
    """An exception, in a stage or in a task."""

    stage: Literal["import", "refused", "load", "run", "io"]
    task: str | None
    type: str
    message: str
    missing_module: str | None
    causes: tuple[str, ...]
    traceback: str
    where: str
    in_worker: bool
    tool: bool = False


# What no code of the model can have told: once it runs, there are no such errors any more.
_BEFORE_THE_MODEL = ("import", "refused")


class EndEvent(msgspec.Struct, frozen=True, tag_field="event", tag="end"):
    """The reply is complete."""


Event = StageEvent | NeedsEvent | DeviceEvent | LoadedEvent | BeginEvent | ResultEvent | ErrorEvent | EndEvent


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
    def computed(self) -> bool:
        """Whether the device that was to be tried has computed something."""
        return any(isinstance(event, DeviceEvent) for event in self.events)

    @property
    def peak_device_memory_bytes(self) -> int:
        """The most that the worker had of its GPU's memory; 0 on the CPU."""
        results = (event for event in self.events if isinstance(event, ResultEvent))
        return max((event.peak_device_memory_bytes for event in results), default=0)

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
    loading = False
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number > _MOST_EVENTS:
                return tuple(events), f"the reply has more than {_MOST_EVENTS:,} lines"
            if not line.endswith(b"\n"):
                break
            try:
                events.append(_event(line, loading=loading))
            except (ValueError, RecursionError) as error:
                return tuple(events), f"line {number} of the reply: {error}"
            event = events[-1]
            loading = loading or (isinstance(event, StageEvent) and event.stage == "load")
    return tuple(events), None


def _event(line: bytes, *, loading: bool) -> Event:
    """One line of a reply; raises ValueError if none such can come here, RecursionError if it is too deep."""
    event: Event = msgspec.json.decode(line, type=Event)  # its errors and those of UTF-8 are ValueErrors
    if loading and isinstance(event, ErrorEvent) and event.stage in _BEFORE_THE_MODEL:
        raise ValueError("too late for this error")
    return event
