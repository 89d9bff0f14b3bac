"""The Docker engine of this machine, through its command line client."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import proc
from harness.environments.docker.advice import advice
from harness.environments.docker.client import client_variables
from harness.environments.docker.owner import LABEL, is_dead, owner
from harness.errors import IsolationError
from harness.execute.scratch import scratch_folder
from harness.limits import Limits

__all__ = ["LABEL", "Answer", "Engine", "Info", "connect", "owner"]

_SECONDS = 120.0  # for one call; the engine may be busy with many containers


class Info(msgspec.Struct, frozen=True, rename="pascal"):
    """What the engine says of itself."""

    server_version: str = ""
    os_type: str = msgspec.field(name="OSType", default="")
    security_options: tuple[str, ...] | None = None
    memory_limit: bool = False
    swap_limit: bool = False
    pids_limit: bool = False

    def has(self, option: str) -> bool:
        """Whether a security option is on: "seccomp", "userns", "rootless", ..."""
        return any(f"name={option}" == entry.split(",")[0] for entry in self.security_options or ())


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call of the client came to."""

    ok: bool
    output: str

    def error(self) -> str:
        """What went wrong and what to do, for the end of a sentence."""
        if known := advice(self.output):
            return known
        text = self.output.rpartition("}")[2] if self.output.startswith("{") else self.output
        lines = [line for line in text.splitlines() if line.strip() and "--help" not in line]
        return lines[-1] if lines else "it gave no answer in time"


class Engine:
    """An engine that can hold a worker.

    Attributes:
        info: what it says of itself.
    """

    def __init__(self, client: str, info: Info) -> None:
        self.info = info
        self._client = client

    def call(self, *arguments: str) -> Answer:
        """Run the client to its end."""
        return _call(self._client, arguments)

    def told_of(self, event: str, container: str, *, since: float) -> bool:
        """Whether the engine has reported such an event of a container since then (seconds of the epoch)."""
        window = ("--since", f"{since:.3f}", "--until", f"{time.time():.3f}")
        kind = ("--filter", f"container={container}", "--filter", f"event={event}")
        answer = self.call("events", *window, *kind)
        return answer.ok and bool(answer.output.strip())

    def remove(self, *containers: str) -> None:
        """Stop and remove containers at once; those that are gone already are no trouble."""
        if containers:
            self.call("rm", "--force", "--volumes", *containers)

    def sweep(self) -> None:
        """Remove what killed harnesses have left: containers that were made and never started, above all."""
        listed = self.call("ps", "--all", "--filter", f"label={LABEL}", "--format", _COLUMNS)
        rows = [line.split("\t") for line in listed.output.splitlines()] if listed.ok else []
        self.remove(*(row[0] for row in rows if len(row) == 2 and is_dead(row[1])))


_COLUMNS = f'{{{{.ID}}}}\t{{{{.Label "{LABEL}"}}}}'


def connect() -> Engine:
    """The engine of this machine.

    Raises:
        IsolationError: there is none that this user can use, or it cannot confine a worker; says what to do.
    """
    client = shutil.which("docker")
    if client is None:
        raise IsolationError("no container: there is no program 'docker' here: install it, e.g. docker.io")
    answer = _call(client, ("info", "--format", "{{json .}}"))
    if not answer.ok:
        raise IsolationError(f"no container: the Docker engine cannot be used: {answer.error()}")
    info = msgspec.json.decode(answer.output[answer.output.index("{") :].splitlines()[0], type=Info)
    if reason := _unfit(info):
        raise IsolationError(f"no container: the Docker engine of this machine does not fit: {reason}")
    return Engine(client, info)


def _unfit(info: Info) -> str | None:
    if info.os_type != "linux":
        return f"it runs containers of {info.os_type}, not of Linux: switch it to Linux containers"
    if not info.has("seccomp"):
        return "it does not filter system calls: start it without '--seccomp-profile unconfined'"
    if not (info.memory_limit and info.pids_limit):
        return "it cannot limit memory and processes: let it use control groups (see 'docker info')"
    if os.getuid() != 0 and (info.has("userns") or info.has("rootless")):
        return (
            "it maps user ids, so that this user could not remove what a worker writes: use an engine without"
            " 'userns-remap' that runs as root, or run the harness as root"
        )
    return None


def _call(client: str, arguments: Sequence[str]) -> Answer:
    with scratch_folder() as folder:
        log = folder / "log"
        ended = proc.run(
            [client, *arguments],
            log=log,
            env=client_variables(),
            cwd=Path("/"),
            limits=Limits(seconds=_SECONDS),
        )
        return Answer(ok=ended.ok, output=log.read_text("utf-8", errors="replace"))
