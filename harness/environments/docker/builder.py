"""The command that builds an image: with BuildKit if the client has it, else with the SDK.

What the user has configured reaches the steps of a build, and must not stay in the image. BuildKit shows it
to them without keeping it. The SDK knows the classic builder only, which copies it into a stage that is not
the last one: that stage stays on this machine, as the cache of the next build.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.environments.docker import client
from harness.environments.docker.context import lay_out
from harness.environments.docker.order import Order

ENGINE_IS_GONE = 3  # exit code of the program
_PROGRAM = Path(__file__).with_name("program.py")
_INSIDE = "/build"
_CACHE = "/var/cache/uv"
_MOUNTED = "mounted"  # a name that the Dockerfile does not copy
_RUN = re.compile(r"^[ \t]*RUN[ \t]+", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(r"^[ \t]*FROM[ \t]+", re.MULTILINE | re.IGNORECASE)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A process that does the work of the engine for as long as it lives.

    Attributes:
        argv: its command line.
        env: all its variables.
    """

    argv: tuple[str, ...]
    env: dict[str, str]


def pull(image: str, scratch: Path) -> Command:
    """Pull an image."""
    return _with_sdk({"do": "pull", "name": image}, scratch)


def build(order: Order, scratch: Path) -> Command:
    """Build an image, which bears its name once all of it is there.

    Args:
        scratch: an empty folder that nobody else can read.

    Raises:
        OSError: the scratch folder cannot be written.
    """
    program = client.find_buildkit()
    return _with_buildkit(program, order, scratch) if program else _with_classic(order, scratch)


def _with_classic(order: Order, scratch: Path) -> Command:
    context = scratch / "context"
    lay_out(context, order, settings=context / "settings", secrets=context / "settings")
    job = {
        "do": "build",
        "context": str(context),
        "tag": order.image,
        "arguments": order.arguments,
        "network": order.settings.network,
    }
    return _with_sdk(job, scratch)


def _with_sdk(job: Mapping[str, object], scratch: Path) -> Command:
    asked = scratch / "job.json"
    asked.write_bytes(msgspec.json.encode(job))
    return Command(argv=(sys.executable, "-I", str(_PROGRAM), str(asked)), env=client.client_variables())


def _with_buildkit(program: str, order: Order, scratch: Path) -> Command:
    context, secrets = scratch / "context", scratch / "secrets"
    shown = context / _MOUNTED
    context.mkdir()
    lay_out(context, order, settings=shown, secrets=secrets)
    with (secrets / "variables").open("a", encoding="utf-8") as stream:
        stream.write(f"export UV_CACHE_DIR={_CACHE} UV_NO_CACHE=0\n")
    mounts = [f"type=bind,source={_MOUNTED}/{path.name},target={_INSIDE}/{path.name}" for path in _in(shown)]
    mounts += [f"type=secret,id={path.name},target={_INSIDE}/{path.name}" for path in _in(secrets)]
    mounts += [f"type=cache,target={_CACHE}"]
    (context / "Dockerfile").write_text(with_mounts(order.labelled, mounts), "utf-8")
    options = ["--progress", "plain", "--network", order.settings.network, "--tag", order.image]
    options += [f"--build-arg={name}={value}" for name, value in order.arguments.items()]
    options += [f"--secret=id={path.name},src={path}" for path in _in(secrets)]
    return Command(
        argv=(program, "build", *options, str(context)),
        env={**client.client_variables(), "DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": client.builder()},
    )


def with_mounts(dockerfile: str, mounts: Sequence[str]) -> str:
    """The text with mounts for each command of all stages but the last one."""
    options = "".join(f"--mount={mount} " for mount in mounts)
    last = max((match.start() for match in _FROM.finditer(dockerfile)), default=0)
    return _RUN.sub(lambda match: match[0] + options, dockerfile[:last]) + dockerfile[last:]


def _in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())
