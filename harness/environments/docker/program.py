"""What runs in a process of its own to pull or build an image with the Docker SDK: ``python FILE JOB``.

It is started by its path and knows nothing of the harness: standard library and the SDK only. The job is a
JSON file (:class:`Pull` or :class:`Build`), the output is for people. If it is ended, the engine stops, too.

Exit codes: 0 done, 1 the engine says that it failed, 3 the engine cannot be used or is gone.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypedDict

import docker
from docker.errors import APIError, DockerException
from docker.utils import parse_repository_tag
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

ENGINE_IS_GONE = 3
_COMMAND_FAILED = re.compile(r"The command .* returned a non-zero code: (\d+)", re.DOTALL)


class Pull(TypedDict):
    """Pull the image of that name."""

    do: Literal["pull"]
    name: str


class Build(TypedDict):
    """Build an image.

    Attributes:
        context: folder with the Dockerfile.
        tag: its name, given when all of it is there.
        arguments: build arguments.
        network: of the steps: "default", "host", "none".
    """

    do: Literal["build"]
    context: str
    tag: str
    arguments: dict[str, str]
    network: str


def main(job_file: str) -> int:
    """Do the job."""
    job: Pull | Build = json.loads(Path(job_file).read_bytes())
    try:
        client = docker.DockerClient.from_env()
        return _pull(client, job) if job["do"] == "pull" else _build(client, job)
    except APIError as error:
        _say(f"error: {error.explanation or error}")
        return 1
    except (DockerException, RequestException, HTTPError, ConnectionError) as error:
        _say(f"error: {error}")
        return ENGINE_IS_GONE


def _pull(client: docker.DockerClient, job: Pull) -> int:
    repository, tag = parse_repository_tag(job["name"])
    return _show(client.api.pull(repository, tag=tag or "latest", stream=True, decode=True))


def _build(client: docker.DockerClient, job: Build) -> int:
    stream = client.api.build(
        path=job["context"],
        tag=job["tag"],
        buildargs=job["arguments"],
        network_mode=job["network"],
        rm=True,
        forcerm=True,
        decode=True,
    )
    return _show(stream, ends_with="aux")


def _show(stream: Iterable[dict[str, Any]], *, ends_with: str | None = None) -> int:
    """Print what the engine tells, but for the progress of downloads.

    Args:
        ends_with: what is told of work that is done; without it, the engine has gone.
    """
    ended = ends_with is None
    for message in stream:
        if "error" in message:
            failed = _COMMAND_FAILED.search(message["error"])
            _say(f"error: {f'the command ended with code {failed[1]}' if failed else message['error']}")
            return 1
        if "stream" in message:
            sys.stdout.write(message["stream"])
            sys.stdout.flush()
        elif "status" in message and "progress" not in message:
            _say(f"{message.get('id', '')} {message['status']}".strip())
        ended = ended or ends_with in message
    if not ended:
        _say("error: the engine has broken off")
    return 0 if ended else ENGINE_IS_GONE


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
