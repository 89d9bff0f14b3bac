"""What the Docker engine knows of images, through the SDK."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from harness.environments.docker.advice import advice
from harness.environments.docker.owner import LABEL, is_dead

if TYPE_CHECKING:
    from docker import DockerClient

_SOCKET = "/var/run/docker.sock"
_SECONDS = 60  # for one answer


class EngineError(Exception):
    """The engine cannot be used; its text ends a sentence and says what to do."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One image of the engine.

    Attributes:
        id: digest of its configuration, "sha256:...".
        labels: what it says of itself.
        layers: digests of its file systems, the lowest first.
        size_bytes: of all of them.
    """

    id: str
    labels: dict[str, str]
    layers: tuple[str, ...]
    size_bytes: int


def image(name: str) -> Image | None:
    """The image of that name; None if the engine has none. Raises EngineError."""
    from docker.errors import ImageNotFound  # noqa: PLC0415  see _client

    with _client() as client:
        try:
            found = client.images.get(name).attrs
        except ImageNotFound:
            return None
    return Image(
        id=found["Id"],
        labels=(found.get("Config") or {}).get("Labels") or {},
        layers=tuple(found["RootFS"].get("Layers") or ()),
        size_bytes=found["Size"],
    )


def remove_image(name: str, *, parts: str) -> None:
    """Remove an image that nothing runs in, and all without a name that bear the label ``parts``.

    Raises EngineError.
    """
    from docker.errors import ImageNotFound  # noqa: PLC0415

    with _client() as client:
        with suppress(ImageNotFound):
            client.images.remove(name)
        client.images.prune({"dangling": True, "label": parts})


def sweep() -> None:
    """Remove the containers of harnesses that were killed. Raises EngineError."""
    from docker.errors import NotFound  # noqa: PLC0415

    with _client() as client:
        for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
            if is_dead(container.labels[LABEL]):
                with suppress(NotFound):
                    container.remove(force=True, v=True)


def remove_container(name: str) -> None:
    """End and remove a container; there may be none. Raises EngineError."""
    from docker.errors import NotFound  # noqa: PLC0415

    with _client() as client, suppress(NotFound):
        client.containers.get(name).remove(force=True, v=True)


def limits_swap() -> bool:
    """Whether it can limit swap. Raises EngineError."""
    with _client() as client:
        return bool(client.info().get("SwapLimit"))


def require() -> None:
    """Raise EngineError unless there is an engine that answers."""
    with _client():
        pass


@contextmanager
def _client() -> Iterator[DockerClient]:
    """The engine that the docker program would use. Raises EngineError for whatever goes wrong with it."""
    # The SDK takes a third of a second to import, which only this back-end is to pay.
    import docker  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        _knock(kwargs_from_env() or docker.ContextAPI.kwargs_from_context())
        with closing(docker.DockerClient.from_env(timeout=_SECONDS)) as client:
            yield client
    except (docker.errors.DockerException, RequestException, OSError) as error:
        raise EngineError(advice(repr(error)) or str(error)) from error


def _knock(found: Mapping[str, object]) -> None:
    """Raise OSError unless somebody listens at the engine's local socket, if it has one.

    The SDK itself leaves sockets open that nobody listens at.
    """
    kind, _, path = str(found.get("base_url") or f"unix://{_SOCKET}").partition("://")
    if kind in {"unix", "http+unix"}:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)
