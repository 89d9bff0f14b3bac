"""The backend that makes images with the Docker engine."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness import proc
from harness.cell import Backend
from harness.environments import failure, uv_command
from harness.environments.attempt import Attempt
from harness.environments.docker import contents, context, engine, recipe, steps
from harness.environments.docker.client import client_variables
from harness.environments.docker.engine import EngineError, Image
from harness.environments.docker.order import DIGEST_LABEL, Order, prepare
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

name = Backend.DOCKER
_PROGRAM = Path(__file__).with_name("program.py")
_ENGINE_IS_GONE = 3  # its exit code


def build(spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
    """Make an image, or take the one that is there, and keep in ``prefix`` what it holds.

    See :class:`harness.environments.backend.BackendModule`.
    """
    try:
        order = prepare(spec, engine.image(spec.base_image()) or _pull(spec, attempt))
        image = engine.image(order.image)
        if image is not None and image.labels.get(DIGEST_LABEL) == order.digest:
            attempt.on_progress(f"{spec.name}: taking the image {order.image}, which is there")
        else:
            image = _make(order, attempt)
        found = contents.look_into(order.image, attempt)
        if unfit := contents.differences(found, python=spec.python, pins=order.pins):
            raise contents.UnfitError(unfit)
    except EngineError as error:
        what = f"{spec.name}: the Docker engine cannot be used"
        raise failure.from_words(what, str(error), attempt.log) from error
    except contents.UnfitError as error:
        message = f"{spec.name}: the image {order.image} does not fit: {error}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log) from error
    prefix.mkdir(parents=True)
    made = contents.Contents(
        image=order.image,
        id=image.id,
        base=order.base,
        base_id=order.base_image.id,
        found=found,
        size_bytes=image.size_bytes,
    )
    contents.write(prefix, made)


def interpreter(prefix: Path) -> Path:
    """The Python in the image."""
    made = contents.read(prefix)
    return Path(made.found.python if made else "")


def python_version(prefix: Path) -> str:
    """What that Python says; empty if nothing is known."""
    made = contents.read(prefix)
    return made.found.python_version if made else ""


def packages(prefix: Path) -> dict[str, str]:
    """What that Python finds, name to version."""
    made = contents.read(prefix)
    return dict(sorted(made.found.packages.items(), key=lambda pair: pair[0].lower())) if made else {}


def image(prefix: Path) -> str | None:
    """The name of the image."""
    made = contents.read(prefix)
    return made.image if made else None


def _pull(spec: EnvironmentSpec, attempt: Attempt) -> Image:
    base = spec.base_image()
    attempt.on_progress(f"{spec.name}: pulling the base image {base}")
    ended = _run({"do": "pull", "name": base}, attempt)
    found = engine.image(base) if ended.ok else None
    if found is None:
        advice = f"pull it where a registry is in reach, or name one that is here with {recipe.BASE_VARIABLE}"
        what = f"{spec.name}: the base image {base} is not on this machine and cannot be pulled; {advice}"
        raise failure.from_process(what, ended, attempt.log)
    return found


def _make(order: Order, attempt: Attempt) -> Image:
    """Build the image, which bears its name only if all of it is there."""
    spec = order.spec
    attempt.on_progress(f"{spec.name}: building the image {order.image} from {order.base}")
    with tempfile.TemporaryDirectory(prefix="harness-docker-") as scratch:
        folder = Path(scratch)
        context.lay_out(folder, dockerfile=order.dockerfile, lock=spec.lock, settings=order.settings)
        job = {
            "do": "build",
            "context": scratch,
            "tag": order.image,
            "arguments": {"BASE_IMAGE": order.base, "TORCH_BACKEND": order.torch_backend},
            "labels": order.labels,
            "network": order.settings.network,
        }
        with steps.told(attempt.log, lambda step: attempt.on_progress(f"{spec.name}: {step}")):
            ended = _run(job, attempt)
    if not ended.ok:
        raise _failed(order, ended, attempt)
    made = engine.image(order.image)
    if made is None:
        raise EngineError(f"the image {order.image} was removed as soon as it was built")
    if made.layers[: len(order.base_image.layers)] != order.base_image.layers:
        raise contents.UnfitError(f"{order.base} became another image while it was built; build it again")
    return made


def _failed(order: Order, ended: proc.Finished, attempt: Attempt) -> EnvironmentBuildError:
    output = proc.tail(attempt.log, lines=10_000, limit=LOG_BYTES)
    step = steps.last_step(output)
    where = f" at {step}" if step else ""
    what = f"{order.spec.name}: building the image failed{where}"
    try:
        engine.require()
    except EngineError as error:
        return failure.from_words(f"{what}, since the Docker engine is gone", str(error), attempt.log)
    return failure.from_process(what, ended, attempt.log)


def _run(job: Mapping[str, object], attempt: Attempt) -> proc.Finished:
    """Let the SDK work in a process that can be ended at any time."""
    with tempfile.TemporaryDirectory(prefix="harness-docker-job-") as scratch:
        asked = Path(scratch) / "job.json"
        asked.write_bytes(msgspec.json.encode(job))
        return proc.run(
            [sys.executable, "-I", str(_PROGRAM), str(asked)],
            log=attempt.log,
            env=client_variables(),
            cwd=Path(scratch),
            limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
            cancel=attempt.cancel,
        )
