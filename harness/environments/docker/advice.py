"""What the troubles of a Docker engine mean, and what to do about them."""

from __future__ import annotations

import os

DISK_FULL = "no space left on device"
_NOT_ALLOWED = "this user may not use {socket}: add them to the group 'docker', or run as root"
_NOT_STARTED = "it does not answer: start it, for example with 'systemctl start docker'"
_NOT_FOUND = "it does not answer: look at DOCKER_HOST and 'docker context ls'"
_NO_TOOLKIT = (
    "it cannot hand a GPU to a container: install nvidia-container-toolkit, run "
    "'nvidia-ctk runtime configure --runtime=docker' and restart it"
)
# In the words of the client and of the SDK, in lower case; the first that is found counts.
_MARKS = {
    "permission denied while trying to connect": _NOT_ALLOWED,
    "permissionerror": _NOT_ALLOWED,
    "capabilities: [[gpu]]": _NO_TOOLKIT,
    "nvidia-container-cli: initialization error": _NO_TOOLKIT,
    DISK_FULL: "its disk is full: make room, for example with 'docker system prune'",
    "cannot connect": _NOT_STARTED,
    "filenotfounderror": _NOT_STARTED,
    "connectionrefusederror": _NOT_STARTED,
    "read timed out": "it does not answer in time: restart it, for example with 'systemctl restart docker'",
    "error during connect": _NOT_FOUND,
    "error while fetching server api version": _NOT_FOUND,
}


def advice(words: str) -> str | None:
    """What to do about what the engine, or the way to it, has said; the end of a sentence. None: unknown."""
    lowered = words.lower()
    for mark, found in _MARKS.items():
        if mark in lowered:
            return found.format(socket=os.environ.get("DOCKER_HOST", "/var/run/docker.sock"))
    return None
