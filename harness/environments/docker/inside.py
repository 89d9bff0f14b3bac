"""Run something in an image, in a container as hard as that of a worker."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness import proc
from harness.environments.attempt import Attempt
from harness.environments.docker import engine
from harness.environments.docker.client import client_variables, find_client
from harness.environments.docker.engine import EngineError
from harness.environments.docker.hardening import confining, worker_user
from harness.environments.docker.owner import LABEL, owner
from harness.limits import DEFAULTS, LOG_BYTES, Limits, layered
from harness.proc import Finished

SHOWN = "/run/harness/shown"
_NOT_RUN = 125  # the client's exit code where there was no container
_ENDED_FROM_OUTSIDE = frozenset({128 + signal.SIGKILL, 128 + signal.SIGTERM})


def run(
    image: str,
    argv: Sequence[str],
    attempt: Attempt,
    *,
    env: Mapping[str, str],
    seconds: float,
    shown: Path | None = None,
    log: Path | None = None,
) -> Finished:
    """Run a program of the image to its end; nothing of it is left.

    Args:
        env: its variables, beside those of the image.
        shown: a file that everybody can read, which the program finds at ``SHOWN``.
        log: of its output, if not that of the attempt.

    Raises:
        EngineError: there is no container.
        OSError: the client cannot be started.
        Interrupted: the attempt was cancelled.
    """
    client = find_client()
    if client is None:
        raise EngineError("there is no program 'docker' here: install it, e.g. docker.io")
    limits = Limits(seconds=seconds, log_bytes=LOG_BYTES)
    options = confining(layered(DEFAULTS, limits), user=worker_user(), swap_limit=engine.limits_swap())
    options += ["--label", f"{LABEL}={owner()}", "--entrypoint", argv[0]]
    options += [f"--env={variable}={value}" for variable, value in env.items()]
    if shown is not None:
        options += ["--mount", f"type=bind,source={shown},target={SHOWN},readonly"]
    arguments = [*options, image, *argv[1:]]
    log = log or attempt.log
    ended = _run(client, arguments, attempt, limits, log)
    if ended.exit_code in _ENDED_FROM_OUTSIDE and not ended.timed_out:
        # By an engine that stops, perhaps, which may still answer for a while. Then there is no second time.
        ended = _run(client, arguments, attempt, limits, log)
    return ended


def _run(client: str, arguments: Sequence[str], attempt: Attempt, limits: Limits, log: Path) -> Finished:
    name = f"{LABEL}-{secrets.token_hex(8)}"
    ended: Finished | None = None
    try:
        ended = proc.run(
            [client, "run", "--rm", "--name", name, *arguments],
            log=log,
            env=client_variables(),
            cwd=attempt.cwd,
            limits=limits,
            cancel=attempt.cancel,
        )
    finally:
        if ended is None or not ended.ok:  # the client may have been ended, and not the container
            with suppress(EngineError):
                engine.remove_container(name)
    if ended.exit_code == _NOT_RUN:
        engine.require()
        raise EngineError(proc.tail(log, lines=3) or "no container could be started")
    return ended
