"""The backend that makes images with the Docker engine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness import network, proc
from harness.cell import Backend
from harness.environments import failure, npm_lock, uv_command
from harness.environments.attempt import Attempt
from harness.environments.docker import builder, contents, engine, steps
from harness.environments.docker.builder import Command
from harness.environments.docker.contents import UnfitError
from harness.environments.docker.dockerfile import BASE_VARIABLE, render
from harness.environments.docker.engine import EngineError, Image
from harness.environments.docker.order import DIGEST_LABEL, Order, prepare
from harness.environments.failure import EnvironmentBuildError
from harness.environments.recipe import Recipe
from harness.environments.spec import EnvironmentSpec
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

name = Backend.DOCKER


def build(spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
    """Make an image, or take the one that is there, and keep in ``prefix`` what it holds.

    See :class:`harness.environments.backend.BackendModule`.
    """
    if npm_lock.files(spec.folder):
        message = (
            f"{spec.name}: npm packages are installed by the back-ends venv and conda alone; take one of them"
        )
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
    try:
        engine.sweep()
        order = prepare(spec, engine.image(spec.base_image()) or _pull(spec, attempt))
        image = engine.image(order.image)
        if image is not None and image.labels.get(DIGEST_LABEL) == order.digest:
            attempt.on_progress(f"{spec.name}: taking the image {order.image}, which is there")
        else:
            image = _make(order, attempt)
        found = contents.look_into(order.image, attempt)
        if unfit := contents.differences(found, python=spec.python, pins=order.pins):
            raise UnfitError(unfit)
    except EngineError as error:
        what = f"{spec.name}: the Docker engine cannot be used"
        raise failure.from_words(what, str(error), attempt.log) from error
    except UnfitError as error:
        message = f"{spec.name}: the image {order.image} does not fit: {error}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log) from error
    prefix.mkdir(parents=True)
    made = contents.Contents(
        image=order.image,
        id=image.id,
        base_id=order.base_image.id,
        found=found,
        size_bytes=image.size_bytes,
        own_bytes=image.size_bytes - order.base_image.size_bytes,
    )
    contents.write(prefix, made)


def seal(spec: EnvironmentSpec, prefix: Path) -> None:
    """Do nothing: image and recipe are stored already; see :class:`backend.BackendModule`."""


def files_for(recipe: Recipe) -> dict[str, str]:
    """The Dockerfile of an environment that has none; see :class:`backend.BackendModule`."""
    text = render(
        "replayed", python=recipe.python, torch_backend=recipe.torch_backend, variables=recipe.variables
    )
    return {"Dockerfile": text}


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
    if network.offline():
        message = (
            f"{spec.name}: the base image {base} is not on this machine, and downloads are switched off; "
            "do it once without --offline (HARNESS_OFFLINE)"
        )
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
    attempt.on_progress(f"{spec.name}: pulling the base image {base}")
    with tempfile.TemporaryDirectory(prefix="harness-docker-") as scratch:
        ended = _run(builder.pull(base, Path(scratch)), attempt)
    found = engine.image(base)  # raises if there is no engine any more
    if found is None:
        advice = f"pull it where a registry is in reach, or name one that is here with {BASE_VARIABLE}"
        what = f"{spec.name}: the base image {base} is not on this machine and cannot be pulled; {advice}"
        raise failure.from_process(what, ended, attempt.log)
    return found


def _make(order: Order, attempt: Attempt) -> Image:
    """Build the image, which bears its name only if all of it is there."""
    name = order.spec.name
    attempt.on_progress(f"{name}: building the image {order.image} from {order.base}")
    with tempfile.TemporaryDirectory(prefix="harness-docker-") as scratch:
        command = builder.build(order, Path(scratch))
        with steps.told(attempt.log, lambda step: attempt.on_progress(f"{name}: {step}")):
            ended = _run(command, attempt)
    if not ended.ok:
        raise _failed(order, ended, attempt)
    made = engine.image(order.image)
    if made is None:
        raise EngineError(f"the image {order.image} was removed as soon as it was built")
    if made.layers[: len(order.base_image.layers)] != order.base_image.layers:
        raise UnfitError(f"{order.base} became another image while it was built; build it again")
    return made


def _failed(order: Order, ended: proc.Finished, attempt: Attempt) -> EnvironmentBuildError:
    output = proc.tail(attempt.log, lines=10_000, limit=LOG_BYTES)
    step = steps.failed_step(output)
    what = f"{order.spec.name}: building the image failed" + (f" at {step}" if step else "")
    try:
        engine.require()
    except EngineError as error:
        return failure.from_words(f"{what}, since the Docker engine is gone", str(error), attempt.log)
    return failure.from_process(what, ended, attempt.log, output=steps.words_of_failed(output))


def _run(command: Command, attempt: Attempt) -> proc.Finished:
    return proc.run(
        command.argv,
        log=attempt.log,
        env=command.env,
        cwd=attempt.cwd,
        limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
        cancel=attempt.cancel,
    )
