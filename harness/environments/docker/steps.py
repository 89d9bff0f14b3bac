"""How far the build of an image has come, read from its output."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

# "Step 8/13 : RUN uv pip sync ..." of the classic builder, "#9 [build 4/5] RUN uv pip sync ..." of BuildKit.
_CLASSIC = re.compile(r"^Step (?P<number>\d+)/(?P<count>\d+) : (?P<does>.+)$")
_BUILDKIT = re.compile(r"^#\d+ \[(?:(?P<stage>\S+) +)?(?P<number>\d+)/(?P<count>\d+)\] (?P<does>.+)$")
_FAILED = re.compile(r"^ > \[(?:(?P<stage>\S+) +)?(?P<number>\d+)/(?P<count>\d+)\] (?P<does>.+):$")
_ERROR = re.compile(r"^#(?P<vertex>\d+) ERROR: ", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What the classic builder says of itself.
_NOISE = re.compile(r"^( ---> .*|Removing intermediate container \S+)$")
_OPTIONS = re.compile(r"--mount=\S+ +")
_TAKE_TIME = ("RUN", "COPY")
_LONGEST = 60
_LOOK_SECONDS = 0.3


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction of a Dockerfile.

    Attributes:
        number: from 1.
        count: how many there are, in all or in its stage.
        does: the instruction.
    """

    number: int
    count: int
    does: str

    def __str__(self) -> str:
        does = " ".join(_OPTIONS.sub("", self.does).split())
        short = does if len(does) <= _LONGEST else f"{does[: _LONGEST - 1].rstrip()}…"
        return f"step {self.number} of {self.count} ({short})"


def step_of(line: str) -> Step | None:
    """The step that begins with this line of output."""
    return _step(_CLASSIC.match(line) or _BUILDKIT.match(line))


def failed_step(output: str) -> Step | None:
    """The step of which the output says that it failed, or else the last one that was begun."""
    lines = output.splitlines()[::-1]
    named = (_step(_FAILED.match(line)) for line in lines)
    begun = (step_of(line) for line in lines)
    return next((step for step in (*named, *begun) if step), None)


def words_of_failed(output: str) -> str:
    """What the failed step has printed, without what the builder says around it."""
    output = _COLOUR.sub("", output)
    if error := _ERROR.search(output):
        said = re.findall(rf"^#{error['vertex']} \d+\.\d+ (.*)$", output, re.MULTILINE)
        return "\n".join(said)
    lines = output.splitlines()
    begun = max((number for number, line in enumerate(lines) if _CLASSIC.match(line)), default=-1)
    return "\n".join(line for line in lines[begun + 1 :] if not _NOISE.match(line))


def _step(match: re.Match[str] | None) -> Step | None:
    if match is None:
        return None
    return Step(number=int(match["number"]), count=int(match["count"]), does=match["does"])


@contextmanager
def told(log: Path, tell: Callable[[Step], None]) -> Iterator[None]:
    """Tell once of each step that takes time and begins in ``log`` while the block runs."""
    ended = threading.Event()
    start = log.stat().st_size if log.exists() else 0
    follower = threading.Thread(target=_follow, args=(log, start, tell, ended), daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()


def _follow(log: Path, start: int, tell: Callable[[Step], None], ended: threading.Event) -> None:
    seen: set[Step] = set()
    rest = b""
    last = False
    while not last:
        last = ended.wait(_LOOK_SECONDS)
        try:
            with log.open("rb") as stream:
                stream.seek(start)
                new = stream.read()
        except OSError:  # it is not there yet
            continue
        start += len(new)
        *lines, rest = (rest + new).split(b"\n")
        for step in filter(None, (step_of(line.decode("utf-8", "replace")) for line in lines)):
            if step not in seen and step.does.startswith(_TAKE_TIME):
                seen.add(step)
                tell(step)
